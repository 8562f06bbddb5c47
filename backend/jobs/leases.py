"""What the queues share: who holds a row, for how long, and what happens when nobody does.

Each kind of job is a row that waits in its own table. A lease is a row and the number of an
attempt: attempts only grow, and every update by a holder names its own, so that what an earlier
holder writes never lands. A lost worker is counted (`lost`); what the job needs being away
(storage, database) costs nothing but time, and is given up after `MOST_AWAY`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.core.db import Base
from backend.tables.vocabulary import JobState

MOST_AWAY = timedelta(hours=24)
"""A job whose storage or database is away for so long fails, for people to see."""

SHORTEST_AWAY = timedelta(seconds=2)
LONGEST_AWAY = timedelta(minutes=5)
"""Between two attempts at a job that found something away, while this worker does not."""


@dataclass(frozen=True, eq=False)
class JobKind:
    """Where one kind of job keeps its lease.

    Args:
        name: for log lines, such as `screening`.
        task: whose message rings for it.
        table: its rows.
        key: the primary key's columns.
        order: whose turn is first among those that wait.
        wanted: rows whose work anybody still wants.
        prefix: what its columns' names begin with.
        names: those of its columns that are named otherwise than here.
        queued_again: further columns, as they are where a lease came to nothing.
    """

    name: str
    task: str
    table: type[Base]
    key: tuple[InstrumentedAttribute[Any], ...]
    order: Sequence[InstrumentedAttribute[Any]]
    wanted: ColumnElement[bool] = field(default_factory=true)
    prefix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    queued_again: Mapping[str, Any] = field(default_factory=dict)

    def name_of(self, name: str) -> str:
        """The name in the table of state, attempt, lost, due_at, away_since, heartbeat_at …"""
        return self.names.get(name, f"{self.prefix}{name}")

    def column(self, name: str) -> InstrumentedAttribute[Any]:
        """The column of that name."""
        found: InstrumentedAttribute[Any] = getattr(self.table, self.name_of(name))
        return found

    def value(self, row: Base, name: str) -> Any:
        """The row's value of that column."""
        return getattr(row, self.name_of(name))

    def values(self, **columns: Any) -> dict[str, Any]:
        """Values for these columns, under the names that the table has for them."""
        return {self.name_of(name): value for name, value in columns.items()}

    def is_due(self, now: datetime) -> ColumnElement[bool]:
        """Rows that may be leased at this moment."""
        due_at = self.column("due_at")
        queued = self.column("state") == JobState.QUEUED.value
        return and_(queued, self.wanted, or_(due_at.is_(None), due_at <= now))

    def has_key(self, key: Any) -> ColumnElement[bool]:
        """The row with this key, a tuple where it has several columns."""
        parts = key if len(self.key) > 1 else (key,)
        return and_(*(column == part for column, part in zip(self.key, parts, strict=True)))


@dataclass(frozen=True, slots=True)
class RequeueResult:
    """What `requeue_expired` found: keys to ring for, and keys that were given up."""

    notify: tuple[Any, ...]
    given_up: tuple[Any, ...]


def waits(session: Session, kind: JobKind, now: datetime) -> Any | None:
    """The key of a row that may be leased now; None where there is none."""
    found = session.execute(select(*kind.key).where(kind.is_due(now)).limit(1)).first()
    return None if found is None else _key(kind, found)


def lease_values(kind: JobKind, now: datetime) -> dict[str, Any]:
    """What a row that is leased carries: one attempt more, and a heartbeat."""
    return kind.values(
        state=JobState.RUNNING.value,
        attempt=kind.column("attempt") + 1,
        heartbeat_at=now,
        due_at=None,
    )


def update_if_leased(
    session: Session, kind: JobKind, key: Any, attempt: int, values: Mapping[str, Any]
) -> bool:
    """Write to a leased row. False: it is not this attempt's any more, nothing was written."""
    changed = session.execute(
        update(kind.table)
        .where(
            kind.has_key(key),
            kind.column("state") == JobState.RUNNING.value,
            kind.column("attempt") == attempt,
            kind.wanted,
        )
        .values(dict(values))
        .returning(*kind.key)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def release_lease(
    session: Session,
    kind: JobKind,
    key: Any,
    attempt: int,
    now: datetime,
    *,
    is_away: bool = False,
    due_at: datetime | None = None,
    **more: Any,
) -> bool:
    """Queue a leased row again unharmed; the attempt's number stays spent.

    Args:
        session, kind, key, attempt, now: whose lease.
        is_away: something that it needs is away, since now unless it was before.
        due_at: when it may be leased again; None for now.
        more: further columns of the table.

    Returns:
        False where it is not this attempt's any more.
    """
    since = func.coalesce(kind.column("away_since"), now) if is_away else None
    released = kind.values(
        state=JobState.QUEUED.value,
        heartbeat_at=None,
        notified_at=now,
        due_at=due_at,
        away_since=since,
    )
    return update_if_leased(session, kind, key, attempt, released | dict(kind.queued_again) | more)


def next_try(away_since: datetime | None, now: datetime) -> datetime:
    """When to try again what has found something away since then: after as long again, roughly."""
    waited = now - (away_since or now)
    distance = min(max(waited, SHORTEST_AWAY), LONGEST_AWAY)
    return now + distance * random.uniform(0.75, 1.25)


def requeue_expired(
    session: Session,
    kind: JobKind,
    now: datetime,
    stale_after: timedelta,
    max_lost: int,
    *,
    lost: Mapping[str, Any],
    away: Mapping[str, Any],
    notify_at_most: int = 20,
) -> RequeueResult:
    """Queue again what lost its worker, give up what cannot be done, choose what is rung for.

    Running without heartbeat for `stale_after`: queued at its old place, or failed where
    `max_lost` workers vanished with it. Queued, and what it needs away for `MOST_AWAY`: failed.
    Queued and not rung for since `stale_after`, or since it became due: rung for, the first in
    turn first, and a few at a time, since a queue that is merely long needs no second message
    for each row.

    Args:
        session, kind, now, stale_after, max_lost, notify_at_most: as above.
        lost: columns of what lost too many workers, such as the sentence for people.
        away: the same of what waited too long.
    """
    cutoff = now - stale_after
    beat, count = kind.column("heartbeat_at"), kind.column("lost")
    state, since = kind.column("state"), kind.column("away_since")
    silent = and_(state == JobState.RUNNING.value, or_(beat.is_(None), beat < cutoff), kind.wanted)
    failed = kind.values(state=JobState.FAILED.value)
    given_up = _update_all(
        session,
        kind,
        and_(silent, count >= max_lost - 1),
        failed | kind.values(lost=count + 1) | dict(lost),
    )
    given_up += _update_all(
        session,
        kind,
        and_(state == JobState.QUEUED.value, since < now - MOST_AWAY, kind.wanted),
        failed | dict(away),
    )
    back = _update_all(
        session,
        kind,
        silent,
        kind.values(
            state=JobState.QUEUED.value,
            lost=count + 1,
            heartbeat_at=None,
            notified_at=now,
            due_at=None,
        )
        | dict(kind.queued_again),
    )
    return RequeueResult(
        notify=(*back, *_overdue(session, kind, now, cutoff, notify_at_most)), given_up=given_up
    )


def _overdue(
    session: Session, kind: JobKind, now: datetime, cutoff: datetime, at_most: int
) -> tuple[Any, ...]:
    """Rows that are rung for again, now."""
    told = kind.column("notified_at")
    waiting = session.execute(
        select(*kind.key)
        .where(kind.is_due(now), or_(told.is_(None), told < cutoff, told < kind.column("due_at")))
        .order_by(*kind.order)
        .limit(at_most)
    ).all()
    keys = tuple(_key(kind, row) for row in waiting)
    if keys:
        some = or_(*(kind.has_key(key) for key in keys))
        _update_all(session, kind, some, kind.values(notified_at=now))
    return keys


def _update_all(
    session: Session, kind: JobKind, where: ColumnElement[bool], values: Mapping[str, Any]
) -> tuple[Any, ...]:
    changed = session.execute(
        update(kind.table)
        .where(where)
        .values(dict(values))
        .returning(*kind.key)
        .execution_options(synchronize_session=False)
    )
    return tuple(_key(kind, row) for row in changed)


def _key(kind: JobKind, row: Any) -> Any:
    return row[0] if len(kind.key) == 1 else tuple(row)
