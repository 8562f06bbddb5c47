"""SQLAlchemy classes, a file per feature; importing this package knows them all."""

from backend.core.audit import AuditEvent
from backend.tables.accounts import ApiToken, PasswordReset, SignIn, User
from backend.tables.checks import Check
from backend.tables.contributions import Contribution, Submission, Upload, UploadPiece
from backend.tables.installation import Installation
from backend.tables.recordings import Recording
from backend.tables.releases import FoldAssignment, LabelReport, Release, ReleaseItem
from backend.tables.reviews import Review
from backend.tables.screenings import Screening, Status
from backend.tables.trainings import Activation, Artifact, Training, TrainingFold
from backend.tables.workers import Duty, Postponement, Worker, WorkerKind

__all__ = [
    "Activation",
    "ApiToken",
    "Artifact",
    "AuditEvent",
    "Check",
    "Contribution",
    "Duty",
    "FoldAssignment",
    "Installation",
    "LabelReport",
    "PasswordReset",
    "Postponement",
    "Recording",
    "Release",
    "ReleaseItem",
    "Review",
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
