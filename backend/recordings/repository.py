"""Queries on recordings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session, selectinload

from backend.tables import Delivery, DicomInstance, Recording, Screening, Status
from backend.tables.vocabulary import JobState

_UNFINISHED = (Status.QUEUED, Status.RUNNING)


def add(session: Session, recording: Recording) -> None:
    """Add a row and flush it, so that a violated constraint raises here."""
    session.add(recording)
    session.flush()


def get(session: Session, recording_id: UUID) -> Recording | None:
    """The recording with this id."""
    return session.get(Recording, recording_id)


def get_with_screenings(session: Session, recording_id: UUID) -> Recording | None:
    """The recording with its screenings loaded."""
    return session.get(Recording, recording_id, options=[selectinload(Recording.screenings)])


def remove(session: Session, recording_id: UUID) -> bool:
    """Delete the row and, by cascade, its screenings. False: there was none."""
    deleted = session.execute(
        delete(Recording).where(Recording.id == recording_id).returning(Recording.id)
    )
    return deleted.first() is not None


def expired(
    session: Session, now: datetime, exclude: Collection[UUID] = (), limit: int = 100
) -> Sequence[Recording]:
    """Recordings whose retention time is over, oldest first, with their screenings loaded.

    A recording keeps its pixels until its screenings have ended, and what a peer is to have of
    them, which names its patient, is delivered or has failed.
    """
    unfinished = exists().where(
        Screening.recording_id == Recording.id, Screening.status.in_(_UNFINISHED)
    )
    undelivered = exists().where(
        Screening.recording_id == Recording.id,
        Delivery.screening_id == Screening.id,
        Delivery.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )
    found = session.scalars(
        select(Recording.id)
        .where(
            Recording.expires_at <= now,
            Recording.pixels_deleted_at.is_(None),
            ~unfinished,
            ~undelivered,
        )
        .order_by(Recording.expires_at)
        .limit(limit + len(exclude))
    )
    chosen = [recording_id for recording_id in found if recording_id not in exclude][:limit]
    query = select(Recording).where(Recording.id.in_(chosen))
    rows = session.scalars(query.options(selectinload(Recording.screenings)))
    by_id = {recording.id: recording for recording in rows}
    return [by_id[recording_id] for recording_id in chosen]


def mark_pixels_deleted(session: Session, recording_id: UUID, now: datetime) -> bool:
    """Record that the bytes are deleted. False: the row is deleted too.

    By what name it came from a DICOM machine is forgotten with them.
    """
    session.execute(delete(DicomInstance).where(DicomInstance.recording_id == recording_id))
    marked = session.execute(
        update(Recording)
        .where(Recording.id == recording_id)
        .values(pixels_deleted_at=now)
        .returning(Recording.id)
    )
    return marked.first() is not None


def known_keys(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the storage keys, of recordings or previews, that belong to a row with pixels."""
    known: set[str] = set()
    for column in (Recording.storage_key, Recording.preview_key):
        query = select(column).where(column.in_(keys), Recording.pixels_deleted_at.is_(None))
        known.update(session.scalars(query))
    return known
