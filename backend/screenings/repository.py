"""Every query about screenings: whose turn it is, the fenced outcome, and what upkeep asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from backend.screenings.forecast import Answered, Came, Running, Waiting
from backend.tables import Recording, Screening, Status

_RECENT = 30
_MOST_CAME = 300
_QUEUE_LOCK = 0x7175657565  # "queue": a number of ours among PostgreSQL's advisory locks


@dataclass(frozen=True, slots=True)
class PutBack:
    """What `put_back` found: ids to nudge again, and ids that were given up."""

    nudge: tuple[UUID, ...]
    given_up: tuple[UUID, ...]


def add(session: Session, screening: Screening) -> None:
    """Add a new row, now: a constraint that does not hold is an error here."""
    session.add(screening)
    session.flush()


def get(session: Session, screening_id: UUID) -> Screening | None:
    """The screening with this id, its recording loaded."""
    return session.get(Screening, screening_id, options=[joinedload(Screening.recording)])


def remove(session: Session, screening_id: UUID) -> bool:
    """Delete the row (a worker that runs it finds out by its next call); was there one?"""
    gone = session.execute(
        delete(Screening).where(Screening.id == screening_id).returning(Screening.id)
    )
    return gone.first() is not None


# Whose turn it is: first come within a client, and the clients in turns.


def _in_turn() -> Select[UUID, int, str, datetime | None]:
    """Id, frames, client and when that was last served, in the order of the claims to come.

    The first of each client stand before the second of each. Among them, the client served
    longest ago is first: counted among those that wait alone, somebody's two hundred would all
    be firsts, one after the other, and older than anything that comes.
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
        .where(Screening.status == Status.QUEUED.value)
        .subquery()
    )
    served_at = _served_at(waiting.c.client)
    return (
        select(Screening.id, Screening.total, Screening.client, served_at.label("served_at"))
        .join(waiting, waiting.c.id == Screening.id)
        .where(Screening.status == Status.QUEUED.value)
        .order_by(waiting.c.round, served_at.nulls_first(), waiting.c.queued_at, waiting.c.id)
    )


def _served_at(
    client: ColumnElement[str] | InstrumentedAttribute[str],
) -> ScalarSelect[datetime | None]:
    """When that client was last served; null for never."""
    earlier = aliased(Screening)
    return select(func.max(earlier.claimed_at)).where(earlier.client == client).scalar_subquery()


def claim_next(session: Session, now: datetime) -> Screening | None:
    """Take the waiting screening whose turn it is, as `claim` does; None where none waits.

    Two callers never get the same: PostgreSQL leaves out a row that another transaction has
    locked, and on SQLite a writing transaction is alone.
    """
    query = _in_turn().limit(1).with_for_update(of=Screening, skip_locked=True)
    first = session.execute(query).first()
    return None if first is None else claim(session, first.id, now)


# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def claim(session: Session, screening_id: UUID, now: datetime) -> Screening | None:
    """Take a queued screening: running, one attempt more, heartbeat now.

    Returns the row with its recording, whose `attempt` fences every later call; None where it
    is not queued (somebody has it, it is finished, or it was deleted).
    """
    claimed = session.execute(
        update(Screening)
        .where(Screening.id == screening_id, Screening.status == Status.QUEUED.value)
        .values(
            status=Status.RUNNING.value,
            attempt=Screening.attempt + 1,
            done=0,
            claimed_at=now,
            heartbeat_at=now,
            started_at=func.coalesce(Screening.started_at, now),
        )
        .returning(Screening.id)
        .execution_options(synchronize_session=False)
    )
    if claimed.first() is None:
        return None
    return session.get(
        Screening,
        screening_id,
        options=[joinedload(Screening.recording)],
        populate_existing=True,
    )


def heartbeat(session: Session, screening_id: UUID, attempt: int, now: datetime) -> bool:
    """Say that this attempt is alive. False: it is not ours any more, stop working on it."""
    return _while_ours(session, screening_id, attempt, heartbeat_at=now)


def progress(
    session: Session, screening_id: UUID, attempt: int, done: int, total: int, now: datetime
) -> bool:
    """Note `done` of `total` frames, and a heartbeat. False: it is not ours any more."""
    return _while_ours(session, screening_id, attempt, done=done, total=total, heartbeat_at=now)


def finish(
    session: Session, screening_id: UUID, attempt: int, result: dict[str, Any], now: datetime
) -> bool:
    """Write the answer (`Prediction.to_dict()`). False: it is not ours, nothing was written."""
    return _while_ours(
        session,
        screening_id,
        attempt,
        status=Status.DONE.value,
        result=result,
        model_version=result["model_version"],
        done=len(result["frames"]),
        total=len(result["frames"]),
        finished_at=now,
        heartbeat_at=now,
        error_code=None,
        error_message=None,
    )


def fail(
    session: Session, screening_id: UUID, attempt: int, code: str, message: str, now: datetime
) -> bool:
    """Write why there is no answer, in a sentence for people. False: it is not ours."""
    return _while_ours(
        session,
        screening_id,
        attempt,
        status=Status.FAILED.value,
        error_code=code,
        error_message=message[:500],
        finished_at=now,
        heartbeat_at=now,
    )


def release(session: Session, screening_id: UUID, attempt: int, now: datetime) -> bool:
    """Give a claimed screening back unharmed, as a worker does that is told to stop."""
    return _while_ours(
        session,
        screening_id,
        attempt,
        status=Status.QUEUED.value,
        attempt=Screening.attempt - 1,
        done=0,
        claimed_at=None,
        heartbeat_at=None,
        nudged_at=now,
    )


def _while_ours(session: Session, screening_id: UUID, mine: int, /, **values: Any) -> bool:
    changed = session.execute(
        update(Screening)
        .where(
            Screening.id == screening_id,
            Screening.status == Status.RUNNING.value,
            Screening.attempt == mine,
        )
        .values(**values)
        .returning(Screening.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


# Upkeep's side.


def put_back(
    session: Session,
    now: datetime,
    stale_after: timedelta,
    max_attempts: int,
    nudge_at_most: int = 20,
) -> PutBack:
    """Put lost screenings back and choose those that the queue is told of again.

    Running without heartbeat for `stale_after`: back to queued at its old place, or failed with
    `worker_lost` after `max_attempts`. Queued and not nudged for as long: nudged again, oldest
    first, and a few at a time, since a queue that is merely long needs no second message for
    each row.
    """
    cutoff = now - stale_after
    silent = and_(
        Screening.status == Status.RUNNING.value,
        or_(Screening.heartbeat_at.is_(None), Screening.heartbeat_at < cutoff),
    )
    given_up = _update_all(
        session,
        and_(silent, Screening.attempt >= max_attempts),
        status=Status.FAILED.value,
        error_code="worker_lost",
        error_message=(
            f"The screening was interrupted {max_attempts} times. Please upload it again; "
            "if this happens again, the recording may be damaged."
        ),
        finished_at=now,
    )
    lost = _update_all(
        session,
        silent,
        status=Status.QUEUED.value,
        done=0,
        claimed_at=None,  # its client was not served by a claim that came to nothing
        heartbeat_at=None,
        nudged_at=now,
    )
    waiting = session.scalars(
        select(Screening.id)
        .where(Screening.status == Status.QUEUED.value, Screening.nudged_at < cutoff)
        .order_by(Screening.queued_at)
        .limit(nudge_at_most)
    ).all()
    if waiting:
        _update_all(session, Screening.id.in_(waiting), nudged_at=now)
    return PutBack(nudge=(*lost, *waiting), given_up=given_up)


def _update_all(session: Session, where: ColumnElement[bool], **values: Any) -> tuple[UUID, ...]:
    changed = session.scalars(
        update(Screening)
        .where(where)
        .values(**values)
        .returning(Screening.id)
        .execution_options(synchronize_session=False)
    )
    return tuple(changed)


def known_ids(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Those ids whose frames belong to somebody: the row is there, and so are its pixels."""
    return set(
        session.scalars(
            select(Screening.id)
            .join(Screening.recording)
            .where(Screening.id.in_(ids), Recording.pixels_deleted_at.is_(None))
        )
    )


# The web application's side.


def counts(session: Session) -> dict[Status, int]:
    """How many screenings there are in each status."""
    rows = session.execute(select(Screening.status, func.count()).group_by(Screening.status))
    found = {Status(status): number for status, number in rows}
    return {status: found.get(status, 0) for status in Status}


def hold_queue(session: Session) -> None:
    """Let nobody else count and add until this transaction ends. SQLite's are alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_QUEUE_LOCK)))


def waiting_counts(session: Session, client: str) -> tuple[int, int]:
    """How many screenings wait, and how many of them this client's."""
    mine = func.count().filter(Screening.client == client)
    row = session.execute(
        select(func.count(), mine).where(Screening.status == Status.QUEUED.value)
    ).one()
    return row[0], row[1]


def waiting_in_turn(session: Session) -> list[Waiting]:
    """All that waits, in the order in which it will be claimed if nobody else comes."""
    return [
        Waiting(id_, frames, client, served_at)
        for id_, frames, client, served_at in session.execute(_in_turn())
    ]


def recently_came(session: Session, since: datetime) -> list[Came]:
    """The last screenings asked for since then, however they fared, the oldest first."""
    earlier = aliased(Screening)
    served_before = (
        select(earlier.id)
        .where(earlier.client == Screening.client, earlier.claimed_at < Screening.queued_at)
        .exists()
    )
    rows = session.execute(
        select(
            Screening.queued_at,
            Screening.total,
            Screening.client,
            _served_at(Screening.client),
            ~served_before,
        )
        # Every status, named for the sake of the index.
        .where(Screening.status.in_(list(Status)), Screening.queued_at >= since)
        .order_by(Screening.queued_at.desc())
        .limit(_MOST_CAME)
    )
    return [Came(*row) for row in rows][::-1]


def running(session: Session) -> list[Running]:
    """All that runs."""
    rows = session.execute(
        select(Screening.total, Screening.done, Screening.claimed_at).where(
            Screening.status == Status.RUNNING.value
        )
    )
    return [Running(total, done, at) for total, done, at in rows if at is not None]


def recently_answered(session: Session) -> list[Answered]:
    """The last screenings that ended well, the newest first."""
    rows = session.execute(
        select(Screening.total, Screening.queued_at, Screening.claimed_at, Screening.finished_at)
        .where(Screening.status == Status.DONE.value)
        .order_by(Screening.finished_at.desc())
        .limit(_RECENT)
    )
    return [
        Answered(total, queued_at, claimed_at, finished_at)
        for total, queued_at, claimed_at, finished_at in rows
        if claimed_at is not None and finished_at is not None
    ]


def versions(session: Session, ids: Collection[UUID]) -> dict[UUID, tuple[str, int, int, int]]:
    """What tells whether a row has changed: status, attempt, done, total, for each id."""
    rows: Sequence[Any] = session.execute(
        select(
            Screening.id, Screening.status, Screening.attempt, Screening.done, Screening.total
        ).where(Screening.id.in_(ids))
    ).all()
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def others_use(session: Session, recording_id: UUID, but: UUID) -> bool:
    """Whether a screening other than `but` belongs to this recording."""
    query = select(Screening.id).where(Screening.recording_id == recording_id, Screening.id != but)
    return session.scalars(query.limit(1)).first() is not None
