"""SQLAlchemy classes, a file per feature; importing this package knows them all."""

from backend.core.audit import AuditEvent
from backend.tables.accounts import ApiToken, PasswordReset, SignIn, User
from backend.tables.checks import Check
from backend.tables.contributions import (
    Contribution,
    Fingerprint,
    NearCopy,
    Submission,
    Upload,
    UploadPiece,
)
from backend.tables.dicom import Delivery, DicomInstance, DicomService
from backend.tables.installation import Installation
from backend.tables.recordings import Recording
from backend.tables.releases import ArchivePart, FoldAssignment, LabelReport, Release, ReleaseItem
from backend.tables.reviews import Review, ReviewDay, ReviewPair, ReviewTime
from backend.tables.screenings import Screening, Status
from backend.tables.trainings import Activation, Artifact, Training, TrainingFold
from backend.tables.workers import Duty, Postponement, Worker, WorkerKind

__all__ = [
    "Activation",
    "ApiToken",
    "ArchivePart",
    "Artifact",
    "AuditEvent",
    "Check",
    "Contribution",
    "Delivery",
    "DicomInstance",
    "DicomService",
    "Duty",
    "Fingerprint",
    "FoldAssignment",
    "Installation",
    "LabelReport",
    "NearCopy",
    "PasswordReset",
    "Postponement",
    "Recording",
    "Release",
    "ReleaseItem",
    "Review",
    "ReviewDay",
    "ReviewPair",
    "ReviewTime",
    "Screening",
    "SignIn",
    "Status",
    "Submission",
    "Training",
    "TrainingFold",
    "Upload",
    "UploadPiece",
    "User",
    "Worker",
    "WorkerKind",
]
