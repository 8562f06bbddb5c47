"""Every query about the worker's two tasks on contributions: preparation and ingest.

Both go the same way, in columns of their own: queued → running → done or failed. The row is the
truth and the message a nudge. An outcome is taken only from the claim that is still the newest,
and only while the contribution is in a state in which anybody wants it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.jobs import INGEST, PREPARE, after_commit
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState, JobState


@dataclass(frozen=True, eq=False)
class Lane:
    """One of the two tasks: its columns (`prefix`_state …), and the rows that want it."""

    task: str
    prefix: str
    wanted: ColumnElement[bool]
    order: InstrumentedAttribute[datetime | None]

    def column(self, name: str) -> InstrumentedAttribute[Any]:
        """The lane's column `name`: state, attempt, lost, queued_at, heartbeat_at or error."""
        found: InstrumentedAttribute[Any] = getattr(Contribution, f"{self.prefix}_{name}")
        return found

    def attempt_of(self, row: Contribution) -> int:
        """The number of the row's newest claim."""
        attempt: int = getattr(row, f"{self.prefix}_attempt")
        return attempt

    def values(self, **columns: Any) -> dict[str, Any]:
        """Values for the lane's columns, under their full names."""
        return {f"{self.prefix}_{name}": value for name, value in columns.items()}


PREPARATION = Lane(
    task=PREPARE,
    prefix="prep",
    wanted=Contribution.state == ContributionState.PENDING.value,
    order=Contribution.submitted_at,
)
"""Frames for the reviewers' player, the contact sheet and the model's answer: all that waits."""

INGESTION = Lane(
    task=INGEST,
    prefix="ingest",
    # A review that was opened again leaves the last decision standing until there is another.
    wanted=and_(
        Contribution.final_label.is_not(None),
        Contribution.state.not_in(
            (ContributionState.WITHDRAWN.value, ContributionState.REJECTED.value)
        ),
    ),
    order=Contribution.decided_at,
)
"""Pixels for the dataset, of what was approved."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """What `put_back` found: ids to nudge again, and ids that were given up."""

    nudge: tuple[UUID, ...]
    given_up: tuple[UUID, ...]


# The web application's side.


def ask(session: Session, lane: Lane, contribution: Contribution, now: datetime) -> None:
    """Queue the work, anew where it was queued, running or done, and tell the queue of it."""
    values = lane.values(
        state=JobState.QUEUED.value,
        attempt=lane.attempt_of(contribution) + 1,  # whoever is at work on it has lost it
        lost=0,
        queued_at=now,
        error=None,
    )
    for name, value in values.items():
        setattr(contribution, name, value)
    after_commit(session, lane.task, contribution.id)


# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def claim_next(session: Session, lane: Lane, now: datetime) -> Contribution | None:
    """Take the row that has waited longest: running, one attempt more, heartbeat now.

    Two callers never get the same: PostgreSQL leaves out a row that another transaction has
    locked, and on SQLite a writing transaction is alone. `lane`'s attempt fences every later
    call.
    """
    queued = lane.column("state") == JobState.QUEUED.value
    first = session.scalars(
        select(Contribution.id)
        .where(queued, lane.wanted)
        .order_by(lane.order, Contribution.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if first is None:
        return None
    session.execute(
        update(Contribution)
        .where(Contribution.id == first)
        .values(
            lane.values(
                state=JobState.RUNNING.value,
                attempt=lane.column("attempt") + 1,
                heartbeat_at=now,
            )
        )
        .execution_options(synchronize_session=False)
    )
    return session.get(Contribution, first, populate_existing=True)


def heartbeat(
    session: Session, lane: Lane, contribution_id: UUID, attempt: int, now: datetime
) -> bool:
    """Say that this attempt is alive. False: it is not ours any more, stop working on it."""
    return _while_ours(session, lane, contribution_id, attempt, lane.values(heartbeat_at=now))


def finish(
    session: Session, lane: Lane, contribution_id: UUID, attempt: int, now: datetime, **found: Any
) -> bool:
    """Write what was made, by column. False: it is not ours, nothing was written."""
    done = lane.values(state=JobState.DONE.value, heartbeat_at=now, error=None)
    return _while_ours(session, lane, contribution_id, attempt, done | found)


def fail(session: Session, lane: Lane, contribution_id: UUID, attempt: int, why: str) -> bool:
    """Write why nothing was made, in a sentence for people. False: it is not ours."""
    failed = lane.values(state=JobState.FAILED.value, error=why[:500])
    return _while_ours(session, lane, contribution_id, attempt, failed)


def give_back(
    session: Session, lane: Lane, contribution_id: UUID, attempt: int, now: datetime
) -> bool:
    """Queue it again unharmed, as where the storage is away. Upkeep sends it after a rest."""
    waiting = lane.values(state=JobState.QUEUED.value, heartbeat_at=None, queued_at=now)
    return _while_ours(session, lane, contribution_id, attempt, waiting)


def is_withdrawn(session: Session, contribution_id: UUID) -> bool:
    """Whether the contributor took it back, or deleted it: nothing is to stay of it."""
    state = session.scalars(
        select(Contribution.state).where(Contribution.id == contribution_id)
    ).first()
    return state in (None, ContributionState.WITHDRAWN.value)


def _while_ours(
    session: Session, lane: Lane, contribution_id: UUID, attempt: int, values: dict[str, Any]
) -> bool:
    changed = session.execute(
        update(Contribution)
        .where(
            Contribution.id == contribution_id,
            lane.column("state") == JobState.RUNNING.value,
            lane.column("attempt") == attempt,
            lane.wanted,
        )
        .values(values)
        .returning(Contribution.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


# Upkeep's side.


def put_back(
    session: Session,
    lane: Lane,
    now: datetime,
    stale_after: timedelta,
    max_lost: int,
    nudge_at_most: int = 20,
) -> PutBack:
    """Put lost work back, ask for what nobody asked for, and choose what the queue is told again.

    Running without heartbeat for `stale_after`: back to queued, or failed where `max_lost`
    workers vanished with it. Wanted and never asked for: queued. Queued and not nudged for as
    long: nudged again, oldest first, a few at a time.
    """
    cutoff = now - stale_after
    state, lost, beat = lane.column("state"), lane.column("lost"), lane.column("heartbeat_at")
    silent = and_(state == JobState.RUNNING.value, or_(beat.is_(None), beat < cutoff), lane.wanted)
    queued = lane.values(state=JobState.QUEUED.value, queued_at=now, heartbeat_at=None)
    given_up = _update_all(
        session,
        and_(silent, lost >= max_lost - 1),
        lane.values(
            state=JobState.FAILED.value,
            lost=lost + 1,
            error=f"It was interrupted {max_lost} times; the recording may be damaged.",
        ),
    )
    back = _update_all(session, silent, queued | lane.values(lost=lost + 1))
    never = _update_all(session, and_(state.is_(None), lane.wanted), queued | lane.values(lost=0))
    waiting = session.scalars(
        select(Contribution.id)
        .where(state == JobState.QUEUED.value, lane.column("queued_at") < cutoff, lane.wanted)
        .order_by(lane.order)
        .limit(nudge_at_most)
    ).all()
    if waiting:
        _update_all(session, Contribution.id.in_(waiting), lane.values(queued_at=now))
    return PutBack(nudge=(*back, *never, *waiting), given_up=given_up)


def _update_all(
    session: Session, where: ColumnElement[bool], values: dict[str, Any]
) -> tuple[UUID, ...]:
    changed = session.scalars(
        update(Contribution)
        .where(where)
        .values(values)
        .returning(Contribution.id)
        .execution_options(synchronize_session=False)
    )
    return tuple(changed)
