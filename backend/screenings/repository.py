"""Every query about screenings: whose turn it is, and how many wait."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from backend.tables import Recording, Screening, Status
from models.contract import Prediction

_RECENT = 30
_QUEUE_LOCK = 0x7175657565  # "queue": a number of ours among PostgreSQL's advisory locks


@dataclass(frozen=True, slots=True)
class Answered:
    """A screening that ended well: its frames, and when it was queued, claimed and answered."""

    frames: int
    queued_at: datetime
    claimed_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """A screening under way: its frames, those done, and when it was claimed."""

    frames: int
    done: int
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A screening that waits: its id, its frames and its client."""

    id: UUID
    frames: int
    client: str


@dataclass(frozen=True, slots=True)
class RecentUploads:
    """What a client asked for lately: how many screenings, their frames, the first one's time."""

    client: str
    screenings: int
    frames: int
    first_at: datetime


def add(session: Session, screening: Screening) -> None:
    """Add a row and flush it, so that a violated constraint raises here."""
    session.add(screening)
    session.flush()


def get(session: Session, screening_id: UUID) -> Screening | None:
    """The screening with this id, its recording loaded."""
    return session.get(Screening, screening_id, options=[joinedload(Screening.recording)])


def remove(session: Session, screening_id: UUID) -> bool:
    """Delete the row; a worker at it finds out by its next call. False: there was none."""
    deleted = session.execute(
        delete(Screening).where(Screening.id == screening_id).returning(Screening.id)
    )
    return deleted.first() is not None


def set_answered_anyway(
    session: Session, screening: Screening, user_id: UUID, now: datetime
) -> bool:
    """Note who asked for an answer anyway, and read the row again. False: somebody had before."""
    noted = session.execute(
        update(Screening)
        .where(Screening.id == screening.id, Screening.answered_anyway_at.is_(None))
        .values(answered_anyway_at=now, answered_anyway_by=user_id)
        .returning(Screening.id)
        .execution_options(synchronize_session=False)
    )
    is_first = noted.first() is not None
    session.refresh(screening, ["answered_anyway_at", "answered_anyway_by"])
    return is_first


# Order of the queue: first come, first served within a client, and clients take turns.


def turns() -> Select[UUID, int, str]:
    """Id, frames and client of all that waits, in the order in which they are leased.

    The first screening of every client comes before the second of any. Among the firsts, the
    client served longest ago goes first: by waiting time alone, one client with 200 screenings
    would be served before every newcomer, since its next one is always the oldest.
    """
    waiting = (
        select(
            Screening.id,
            Screening.client,
            Screening.queued_at,
            func.row_number()
            .over(partition_by=Screening.client, order_by=(Screening.queued_at, Screening.id))
            .label("round"),
        )
        .where(Screening.status == Status.QUEUED)
        .subquery()
    )
    earlier = aliased(Screening)
    served_at = (
        select(func.max(earlier.claimed_at))
        .where(earlier.client == waiting.c.client)
        .scalar_subquery()
    )
    return (
        select(Screening.id, Screening.total, Screening.client)
        .join(waiting, waiting.c.id == Screening.id)
        .where(Screening.status == Status.QUEUED)
        .order_by(waiting.c.round, served_at.nulls_first(), waiting.c.queued_at, waiting.c.id)
    )


def answer(prediction: Prediction) -> dict[str, Any]:
    """Columns of a screening that is answered."""
    frames = len(prediction.frames)
    return {
        "result": prediction,
        "model_version": prediction.model_version,
        "done": frames,
        "total": frames,
    }


def known_ids(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that belong to a screening whose pixels are not deleted."""
    return set(
        session.scalars(
            select(Screening.id)
            .join(Screening.recording)
            .where(Screening.id.in_(ids), Recording.pixels_deleted_at.is_(None))
        )
    )


# For the API.


def unfinished_counts(session: Session) -> tuple[int, int]:
    """How many screenings wait, and how many run."""
    rows = session.execute(
        select(Screening.status, func.count())
        .where(Screening.status.in_((Status.QUEUED, Status.RUNNING)))
        .group_by(Screening.status)
    )
    counted = dict(rows.all())
    return counted.get(Status.QUEUED, 0), counted.get(Status.RUNNING, 0)


def lock_queue(session: Session) -> None:
    """Serialize counting and adding until this transaction ends; SQLite does so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_QUEUE_LOCK)))


def waiting_counts(session: Session, client: str) -> tuple[int, int]:
    """How many screenings wait, and how many of them are this client's."""
    own = func.count().filter(Screening.client == client)
    row = session.execute(select(func.count(), own).where(Screening.status == Status.QUEUED)).one()
    return row[0], row[1]


def waiting_in_turn(session: Session) -> list[Waiting]:
    """All waiting screenings, in the order in which they will be claimed if nothing is added."""
    return [Waiting(*row) for row in session.execute(turns())]


def recent_uploads(session: Session, since: datetime) -> list[RecentUploads]:
    """What each client has asked for since then, however it fared."""
    rows = session.execute(
        select(
            Screening.client,
            func.count(),
            func.sum(Screening.total),
            func.min(Screening.queued_at),
        )
        # Every status, named for the sake of the index.
        .where(Screening.status.in_(list(Status)), Screening.queued_at >= since)
        .group_by(Screening.client)
    )
    return [RecentUploads(*row) for row in rows]


def running(session: Session) -> list[Running]:
    """All running screenings."""
    rows = session.execute(
        select(Screening.total, Screening.done, Screening.claimed_at).where(
            Screening.status == Status.RUNNING
        )
    )
    return [Running(total, done, at) for total, done, at in rows if at is not None]


def recently_answered(session: Session) -> list[Answered]:
    """The latest screenings that succeeded, newest first."""
    rows = session.execute(
        select(Screening.total, Screening.queued_at, Screening.claimed_at, Screening.finished_at)
        .where(Screening.status == Status.DONE)
        .order_by(Screening.finished_at.desc())
        .limit(_RECENT)
    )
    return [
        Answered(total, queued_at, claimed_at, finished_at)
        for total, queued_at, claimed_at, finished_at in rows
        if claimed_at is not None and finished_at is not None
    ]


def versions(session: Session, ids: Collection[UUID]) -> dict[UUID, tuple[str, int, int, int]]:
    """For each id the columns that show a change: status, attempt, done, total."""
    rows: Sequence[Any] = session.execute(
        select(
            Screening.id, Screening.status, Screening.attempt, Screening.done, Screening.total
        ).where(Screening.id.in_(ids))
    ).all()
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def others_use(session: Session, recording_id: UUID, except_for: UUID) -> bool:
    """Whether a screening other than `except_for` belongs to this recording."""
    query = select(Screening.id).where(
        Screening.recording_id == recording_id, Screening.id != except_for
    )
    return session.scalars(query.limit(1)).first() is not None
