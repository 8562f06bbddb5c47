"""Every query about recordings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session, selectinload

from backend.tables import Recording, Screening, Status

_UNFINISHED = (Status.QUEUED, Status.RUNNING)


def add(session: Session, recording: Recording) -> None:
    """Add a new row, now: a constraint that does not hold is an error here."""
    session.add(recording)
    session.flush()


def get(session: Session, recording_id: UUID) -> Recording | None:
    """The recording with this id."""
    return session.get(Recording, recording_id)


def get_with_screenings(session: Session, recording_id: UUID) -> Recording | None:
    """The recording with its screenings loaded."""
    return session.get(Recording, recording_id, options=[selectinload(Recording.screenings)])


def remove(session: Session, recording_id: UUID) -> bool:
    """Delete the row and, by cascade, its screenings; say whether there was one."""
    gone = session.execute(
        delete(Recording).where(Recording.id == recording_id).returning(Recording.id)
    )
    return gone.first() is not None


def expired(
    session: Session, now: datetime, but: Collection[UUID] = (), limit: int = 100
) -> Sequence[Recording]:
    """Recordings whose pixels are past their time, oldest first, screenings loaded; some left out.

    One that is still to be screened keeps its pixels until the screening has ended.
    """
    unfinished = exists().where(
        Screening.recording_id == Recording.id, Screening.status.in_(_UNFINISHED)
    )
    return session.scalars(
        select(Recording)
        .where(Recording.expires_at <= now, Recording.pixels_deleted_at.is_(None), ~unfinished)
        .where(Recording.id.not_in(but))
        .order_by(Recording.expires_at)
        .limit(limit)
        .options(selectinload(Recording.screenings))
    ).all()


def mark_pixels_deleted(session: Session, recording_id: UUID, now: datetime) -> bool:
    """Note that the bytes are gone; the numbers stay. False where the row is gone too."""
    marked = session.execute(
        update(Recording)
        .where(Recording.id == recording_id)
        .values(pixels_deleted_at=now)
        .returning(Recording.id)
    )
    return marked.first() is not None


def known_keys(session: Session, keys: Collection[str]) -> set[str]:
    """Those storage keys, of recordings or previews, that a row with pixels answers for."""
    found: set[str] = set()
    for column in (Recording.storage_key, Recording.preview_key):
        query = select(column).where(column.in_(keys), Recording.pixels_deleted_at.is_(None))
        found.update(session.scalars(query))
    return found
