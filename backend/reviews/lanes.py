"""Every query about the worker's two tasks on contributions: preparation and ingest.

Both go the same way, in columns of their own: queued → running → done or failed. The row is the
truth and the message a nudge. An outcome is taken only from the claim that is still the newest,
and only while the contribution is in a state in which anybody wants it.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.jobs import after_commit, leases
from backend.jobs.leases import JobKind, RequeueResult
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState, JobState

# The web application's side.


def ask(session: Session, lane: JobKind, contribution: Contribution, now: datetime) -> None:
    """Queue the work, anew where it was queued, running or done, and tell the queue of it."""
    values = lane.values(
        state=JobState.QUEUED.value,
        attempt=lane.value(contribution, "attempt") + 1,  # whoever is at work on it has lost it
        lost=0,
        notified_at=now,
        due_at=None,
        away_since=None,
        error=None,
    )
    for name, value in values.items():
        setattr(contribution, name, value)
    after_commit(session, lane.task, contribution.id)


# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def claim_next(session: Session, lane: JobKind, now: datetime) -> Contribution | None:
    """Take the row that has waited longest: running, one attempt more, heartbeat now.

    Two callers never get the same: PostgreSQL leaves out a row that another transaction has
    locked, and on SQLite a writing transaction is alone. `lane`'s attempt fences every later
    call.
    """
    first = session.scalars(
        select(Contribution.id)
        .where(lane.is_due(now))
        .order_by(*lane.order)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if first is None:
        return None
    session.execute(
        update(Contribution)
        .where(Contribution.id == first)
        .values(leases.lease_values(lane, now))
        .execution_options(synchronize_session=False)
    )
    return session.get(Contribution, first, populate_existing=True)


def finish(
    session: Session,
    lane: JobKind,
    contribution_id: UUID,
    attempt: int,
    now: datetime,
    **found: Any,
) -> bool:
    """Write what was made, by column. False: the lease is lost, nothing was written."""
    done = lane.values(state=JobState.DONE.value, heartbeat_at=now, error=None)
    return leases.update_if_leased(session, lane, contribution_id, attempt, done | found)


def fail(session: Session, lane: JobKind, contribution_id: UUID, attempt: int, why: str) -> bool:
    """Write why nothing was made, in a sentence for people. False: the lease is lost."""
    failed = lane.values(state=JobState.FAILED.value, error=why[:500])
    return leases.update_if_leased(session, lane, contribution_id, attempt, failed)


def is_withdrawn(session: Session, contribution_id: UUID) -> bool:
    """Whether the contributor took it back, or deleted it: nothing is to stay of it."""
    state = session.scalars(
        select(Contribution.state).where(Contribution.id == contribution_id)
    ).first()
    return state in (None, ContributionState.WITHDRAWN.value)


# Upkeep's side.


def requeue_expired(
    session: Session,
    lane: JobKind,
    now: datetime,
    stale_after: timedelta,
    max_lost: int,
    notify_at_most: int = 20,
) -> RequeueResult:
    """Ask for what nobody asked for, queue lost work again, give up what cannot be done.

    See `leases.requeue_expired`.
    """
    state = lane.column("state")
    never = session.scalars(
        update(Contribution)
        .where(state.is_(None), lane.wanted)
        .values(lane.values(state=JobState.QUEUED.value, notified_at=now, lost=0))
        .returning(Contribution.id)
        .execution_options(synchronize_session=False)
    ).all()
    found = leases.requeue_expired(
        session,
        lane,
        now,
        stale_after,
        max_lost,
        lost=lane.values(
            error=f"It was interrupted {max_lost} times; the recording may be damaged."
        ),
        away=lane.values(error="The storage could not be used for too long."),
        notify_at_most=notify_at_most,
    )
    return RequeueResult(notify=(*never, *found.notify), given_up=found.given_up)
