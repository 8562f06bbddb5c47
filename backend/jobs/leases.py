"""The state machine of every job queue: enqueue, lease, renew, complete, fail, requeue.

Each kind of job has its rows in a table of its own. A lease is a row together with the number of
an attempt. The number only grows, and every update by a worker names its own, so that a worker
that lost its lease cannot overwrite what its successor wrote. A worker that disappears is counted
(`lost`). Unavailable storage or an unavailable database is not: the job waits, and fails after
`MOST_AWAY`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.interfaces import ORMOption

from backend.core.db import Base
from backend.jobs.celery import after_commit
from backend.tables.vocabulary import JobState

MOST_AWAY = timedelta(hours=24)
"""A job fails once its storage or database has been unavailable for this long."""

SHORTEST_AWAY = timedelta(seconds=2)
LONGEST_AWAY = timedelta(minutes=5)
"""Bounds of the delay before a job is tried again that found something unavailable."""

MOST_NOTIFIED = 20
"""Limit of messages sent again at a time: a long queue does not need one for each row."""

Row = TypeVar("Row", bound=Base)
Columns = Mapping[str, Any]
"""Values by the names that the table has for its columns."""


class LeaseLostError(Exception):
    """The row was deleted, cancelled, completed or leased again; nothing was written."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: a sentence for people, and a code where its table has one."""

    message: str
    code: str = ""


def _no_columns(_now: datetime) -> Columns:
    return {}


@dataclass(frozen=True, eq=False)
class JobKind(Generic[Row]):
    """Where one kind of job keeps its lease.

    Args:
        name: for log lines, such as `screening`.
        task: the Celery task that runs it.
        table: its rows.
        key: the primary key's columns.
        order: which of the waiting rows is leased first.
        lost: why it fails after too many lost workers; `{lost}` in it is how many.
        away: why it fails after something it needs was unavailable for `MOST_AWAY`.
        wanted: rows whose result is still needed.
        announced: waiting rows for which a message may be sent again; the others get theirs
            when a job that they depend on ends.
        prefix: what the names of its lease's columns begin with.
        error: the column of its sentence for people, where that has another name.
        leased: further columns to write when a row is leased, by the time.
        queued_again: the same when it returns to the queue.
        released: the same when a worker released it, in addition to `queued_again`.
        ended: the same when it is done or has failed.
    """

    name: str
    task: str
    table: type[Row]
    key: tuple[InstrumentedAttribute[Any], ...]
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]]
    lost: Failure
    away: Failure
    wanted: ColumnElement[bool] = field(default_factory=true)
    announced: ColumnElement[bool] = field(default_factory=true)
    prefix: str = ""
    error: str = ""
    leased: Callable[[datetime], Columns] = _no_columns
    queued_again: Callable[[datetime], Columns] = _no_columns
    released: Callable[[datetime], Columns] = _no_columns
    ended: Callable[[datetime], Columns] = _no_columns

    def column(self, name: str) -> InstrumentedAttribute[Any]:
        """The lease's column of that name: state, attempt, lost, due_at, away_since …"""
        found: InstrumentedAttribute[Any] = getattr(self.table, self.prefix + name)
        return found

    def value(self, row: Row, name: str) -> Any:
        """The row's value of that column."""
        return getattr(row, self.prefix + name)

    def values(self, **columns: Any) -> dict[str, Any]:
        """Values for these columns, under the names that the table has for them."""
        return {self.prefix + name: value for name, value in columns.items()}

    def is_due(self, now: datetime) -> ColumnElement[bool]:
        """Rows that may be leased at this moment."""
        due_at = self.column("due_at")
        queued = self.column("state") == JobState.QUEUED
        return and_(queued, self.wanted, or_(due_at.is_(None), due_at <= now))

    def has_key(self, key: Any) -> ColumnElement[bool]:
        """The row with this key, a tuple where it has several columns."""
        parts = key if len(self.key) > 1 else (key,)
        return and_(*(column == part for column, part in zip(self.key, parts, strict=True)))

    def text(self, key: Any) -> str:
        """The key as an argument of messages."""
        return "/".join(map(str, key)) if len(self.key) > 1 else str(key)

    def error_columns(self, failure: Failure | None) -> dict[str, Any]:
        """Columns that say why it failed, or that it did not."""
        message = failure and failure.message[:500]
        if hasattr(self.table, "error_code"):
            return {"error_code": failure and failure.code, "error_message": message}
        return {self.error or f"{self.prefix}error": message}

    def failed(self, failure: Failure, now: datetime) -> dict[str, Any]:
        """Columns of a row that failed."""
        state = self.values(state=JobState.FAILED)
        return {**self.ended(now), **state, **self.error_columns(failure)}


@dataclass(frozen=True, slots=True)
class Lease(Generic[Row]):
    """One attempt at one row, as it was when it was leased."""

    kind: JobKind[Row]
    key: Any
    attempt: int
    row: Row

    @property
    def away_since(self) -> datetime | None:
        """When something that the job needs was first found away."""
        since: datetime | None = self.kind.value(self.row, "away_since")
        return since


@dataclass(frozen=True, slots=True)
class RequeueResult:
    """What `requeue_expired` found: keys to send messages for, and keys that were given up."""

    notify: tuple[Any, ...]
    given_up: tuple[Any, ...]


def enqueue(session: Session, kind: JobKind[Row], row: Row, now: datetime) -> None:
    """Queue a row, again if it was queued, running or done, and send a message after the commit.

    A worker that is running it loses its lease.
    """
    attempt = kind.value(row, "attempt")
    values = kind.values(
        state=JobState.QUEUED,
        attempt=0 if attempt is None else attempt + 1,
        lost=0,
        notified_at=now,
        due_at=None,
        away_since=None,
    )
    for name, value in (values | kind.error_columns(None)).items():
        setattr(row, name, value)
    session.flush()
    key = _key(kind, [getattr(row, column.key) for column in kind.key])
    after_commit(session, kind.task, kind.text(key))


def is_waiting(session: Session, kind: JobKind[Row], now: datetime) -> Any | None:
    """The key of a row that may be leased now; None where there is none."""
    found = session.execute(select(*kind.key).where(kind.is_due(now)).limit(1)).first()
    return None if found is None else _key(kind, found)


def lease(
    session: Session,
    kind: JobKind[Row],
    now: datetime,
    *,
    turns: Select[*tuple[Any, ...]] | None = None,
    load: Sequence[ORMOption] = (),
) -> Lease[Row] | None:
    """Lease the first row in the queue: running, one attempt more, a heartbeat now.

    Two callers never get the same: PostgreSQL leaves out a row that another transaction has
    locked, and on SQLite a writing transaction is alone.

    Args:
        session, kind, now: as above.
        turns: the kind's keys in the order in which they are served, where that takes more than
            its `order`.
        load: relationships that come along.

    Returns:
        None where nothing may be leased.
    """
    if turns is None:
        turns = select(*kind.key).order_by(*kind.order)
    first = session.execute(
        turns.where(kind.is_due(now)).limit(1).with_for_update(of=kind.table, skip_locked=True)
    ).first()
    return None if first is None else _lease(session, kind, _key(kind, first), now, load)


def lease_this(
    session: Session, kind: JobKind[Row], key: Any, now: datetime, load: Sequence[ORMOption] = ()
) -> Lease[Row] | None:
    """As `lease`, but the row with this key; None where it is not queued."""
    return _lease(session, kind, key, now, load)


def _lease(
    session: Session, kind: JobKind[Row], key: Any, now: datetime, load: Sequence[ORMOption]
) -> Lease[Row] | None:
    leased = _update_all(
        session,
        kind,
        and_(kind.has_key(key), kind.column("state") == JobState.QUEUED),
        {
            **kind.leased(now),
            **kind.values(
                state=JobState.RUNNING,
                attempt=kind.column("attempt") + 1,
                heartbeat_at=now,
                due_at=None,
            ),
        },
    )
    if not leased:
        return None
    row = session.get_one(kind.table, key, options=load, populate_existing=True)
    return Lease(kind, key, kind.value(row, "attempt"), row)


def renew(session: Session, lease: Lease[Row], now: datetime) -> None:
    """Write a heartbeat: the worker is alive.

    Raises:
        LeaseLostError
    """
    progress(session, lease, now)


def progress(session: Session, lease: Lease[Row], now: datetime, **columns: Any) -> None:
    """Write how far the job has come, which is a heartbeat too.

    Raises:
        LeaseLostError
    """
    _update_if_leased(session, lease, columns | lease.kind.values(heartbeat_at=now))


def complete(session: Session, lease: Lease[Row], now: datetime, **columns: Any) -> None:
    """Write the result of the job.

    Raises:
        LeaseLostError
    """
    kind = lease.kind
    done = kind.values(state=JobState.DONE, heartbeat_at=now) | kind.error_columns(None)
    _update_if_leased(session, lease, {**kind.ended(now), **done, **columns})


def fail(session: Session, lease: Lease[Row], failure: Failure, now: datetime) -> None:
    """Write why the job failed.

    Raises:
        LeaseLostError
    """
    failed = lease.kind.failed(failure, now) | lease.kind.values(heartbeat_at=now)
    _update_if_leased(session, lease, failed)


def release_lease(
    session: Session,
    lease: Lease[Row],
    now: datetime,
    *,
    is_away: bool = False,
    due_at: datetime | None = None,
) -> None:
    """Return the row to the queue without a failure; the next attempt has a new number.

    Args:
        session, lease, now: as above.
        is_away: something that it needs is unavailable, from now on unless it already was.
        due_at: when it may be leased again; None for now.

    Raises:
        LeaseLostError
    """
    kind = lease.kind
    released = kind.values(
        state=JobState.QUEUED,
        heartbeat_at=None,
        notified_at=now,
        due_at=due_at,
        away_since=func.coalesce(kind.column("away_since"), now) if is_away else None,
    )
    again = {**kind.queued_again(now), **kind.released(now)}
    _update_if_leased(session, lease, {**again, **released})


def next_try(away_since: datetime | None, now: datetime) -> datetime:
    """When to try again: after about as long as something has been unavailable, within bounds."""
    waited = now - (away_since or now)
    distance = min(max(waited, SHORTEST_AWAY), LONGEST_AWAY)
    return now + distance * random.uniform(0.75, 1.25)


def requeue_expired(
    session: Session,
    kind: JobKind[Row],
    now: datetime,
    stale_after: timedelta,
    max_lost: int,
    *,
    notify_after: timedelta | None = None,
    notify_at_most: int = MOST_NOTIFIED,
) -> RequeueResult:
    """Requeue jobs that lost their worker, fail those without hope, choose messages to repeat.

    Needed and never queued: queued.
    Running without heartbeat for `stale_after`: queued at its old place, or failed where
    `max_lost` workers vanished with it. Queued, with something unavailable for `MOST_AWAY`: failed.
    Queued, without a message for `notify_after` (or else `stale_after`) or since it became due:
    chosen for another message, in the order of the queue, at most `notify_at_most` of them.
    """
    cutoff = now - stale_after
    beat, count = kind.column("heartbeat_at"), kind.column("lost")
    state, since = kind.column("state"), kind.column("away_since")
    silent = and_(state == JobState.RUNNING, or_(beat.is_(None), beat < cutoff), kind.wanted)
    lost = Failure(kind.lost.message.format(lost=max_lost), kind.lost.code)
    given_up = _update_all(
        session,
        kind,
        and_(silent, count >= max_lost - 1),
        kind.failed(lost, now) | kind.values(lost=count + 1),
    )
    given_up += _update_all(
        session,
        kind,
        and_(state == JobState.QUEUED, since < now - MOST_AWAY, kind.wanted),
        kind.failed(kind.away, now),
    )
    back: tuple[Any, ...] = ()
    if state.property.columns[0].nullable:  # else every row would be looked at for nothing
        back = _update_all(
            session,
            kind,
            and_(state.is_(None), kind.wanted),
            kind.values(state=JobState.QUEUED.value, notified_at=now, lost=0),
        )
    back += _update_all(
        session,
        kind,
        silent,
        {
            **kind.queued_again(now),
            **kind.values(
                state=JobState.QUEUED,
                lost=count + 1,
                heartbeat_at=None,
                notified_at=now,
                due_at=None,
            ),
        },
    )
    overdue = _overdue(session, kind, now, now - (notify_after or stale_after), notify_at_most)
    return RequeueResult(notify=(*back, *overdue), given_up=given_up)


def _overdue(
    session: Session, kind: JobKind[Row], now: datetime, cutoff: datetime, at_most: int
) -> tuple[Any, ...]:
    """Keys of rows for which a message is sent again; noted as sent now."""
    notified_at = kind.column("notified_at")
    waiting = session.execute(
        select(*kind.key)
        .where(
            kind.is_due(now),
            kind.announced,
            or_(
                notified_at.is_(None),
                notified_at < cutoff,
                notified_at < kind.column("due_at"),
            ),
        )
        .order_by(*kind.order)
        .limit(at_most)
    ).all()
    keys = tuple(_key(kind, row) for row in waiting)
    if keys:
        some = or_(*(kind.has_key(key) for key in keys))
        _update_all(session, kind, some, kind.values(notified_at=now))
    return keys


def _update_if_leased(session: Session, lease: Lease[Row], values: Columns) -> None:
    kind = lease.kind
    where = and_(
        kind.has_key(lease.key),
        kind.column("state") == JobState.RUNNING,
        kind.column("attempt") == lease.attempt,
        kind.wanted,
    )
    if not _update_all(session, kind, where, values):
        raise LeaseLostError(kind.name, lease.key, lease.attempt)


def _update_all(
    session: Session, kind: JobKind[Row], where: ColumnElement[bool], values: Columns
) -> tuple[Any, ...]:
    changed = session.execute(
        update(kind.table)
        .where(where)
        .values(dict(values))
        .returning(*kind.key)
        .execution_options(synchronize_session=False)
    )
    return tuple(_key(kind, row) for row in changed)


def _key(kind: JobKind[Row], row: Sequence[Any]) -> Any:
    return row[0] if len(kind.key) == 1 else tuple(row[: len(kind.key)])
