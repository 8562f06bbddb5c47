"""Every query about checks: one at a time, claimed and fenced as all slow work is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, defer

from backend.jobs.kinds import CHECKING
from backend.jobs.leases import (
    RequeueResult,
    lease_values,
    requeue_expired,
    update_if_leased,
)
from backend.tables import Check
from backend.tables.vocabulary import JobState

MOST_KEPT = 20
"""Checks whose results stay; older ones go when another is started."""

LOST = "Workers were lost in the middle of it, perhaps for want of memory."
AWAY = "The storage or the database was away too long."


def under_way(session: Session) -> Check | None:
    """The check that waits or runs, where one does."""
    return session.scalars(select(Check).where(Check.under_way.is_(True))).first()


def add(session: Session, check: Check) -> None:
    """Add one. Raises IntegrityError where another was faster."""
    session.add(check)
    session.flush()
    kept = select(Check.id).order_by(Check.created_at.desc(), Check.id).limit(MOST_KEPT)
    old = set(session.scalars(select(Check.id))) - set(session.scalars(kept))
    session.execute(delete(Check).where(Check.id.in_(old)))


def newest(session: Session) -> Sequence[Check]:
    """All that are kept, the newest first, without what they found."""
    query = select(Check).order_by(Check.created_at.desc(), Check.id).options(defer(Check.findings))
    return session.scalars(query).all()


def get(session: Session, check_id: UUID) -> Check | None:
    """The check with this id."""
    return session.get(Check, check_id)


# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def lease_next(session: Session, now: datetime) -> Check | None:
    """Take the check that waits; None where none does."""
    leased = session.scalars(
        update(Check)
        .where(CHECKING.is_due(now))
        .values(started_at=now, **lease_values(CHECKING, now))
        .returning(Check.id)
        .execution_options(synchronize_session=False)
    ).first()
    return None if leased is None else session.get(Check, leased, populate_existing=True)


def note(session: Session, check_id: UUID, attempt: int, **columns: Any) -> bool:
    """Write columns. False: this attempt is not the one that counts."""
    return update_if_leased(session, CHECKING, check_id, attempt, columns)


def end(session: Session, check_id: UUID, attempt: int, now: datetime, error: str | None) -> bool:
    """Note the end: done, or failed with a sentence that says why. False: as `note`."""
    state = JobState.DONE if error is None else JobState.FAILED
    values = {"state": state, "error": error, "stage": "", **_ended(now)}
    return update_if_leased(session, CHECKING, check_id, attempt, values)


def requeue(
    session: Session, now: datetime, stale_after: timedelta, max_lost: int
) -> RequeueResult:
    """Queue again what lost its worker or its message; give up what cannot be done."""
    return requeue_expired(
        session,
        CHECKING,
        now,
        stale_after,
        max_lost,
        lost={"error": LOST, **_ended(now)},
        away={"error": AWAY, **_ended(now)},
    )


def _ended(now: datetime) -> dict[str, Any]:
    return {"finished_at": now, "under_way": None}
