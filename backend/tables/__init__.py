"""SQLAlchemy classes, a file per feature; importing this package knows them all."""

from backend.tables.recordings import Recording
from backend.tables.screenings import Screening, Status
from backend.tables.workers import Worker

__all__ = ["Recording", "Screening", "Status", "Worker"]
