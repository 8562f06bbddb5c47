"""Every query about checks, of which one is under way at a time."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer

from backend.tables import Check

MAX_KEPT = 20
"""Number of checks that are kept; older ones are deleted when another is started."""


def under_way(session: Session) -> Check | None:
    """The check that waits or runs, where one does."""
    return session.scalars(select(Check).where(Check.under_way.is_(True))).first()


def add(session: Session, check: Check) -> None:
    """Add a check. Raises IntegrityError if another is under way."""
    session.add(check)
    session.flush()
    kept = select(Check.id).order_by(Check.created_at.desc(), Check.id).limit(MAX_KEPT)
    old = set(session.scalars(select(Check.id))) - set(session.scalars(kept))
    session.execute(delete(Check).where(Check.id.in_(old)))


def newest(session: Session) -> Sequence[Check]:
    """All kept checks, newest first, without their findings."""
    query = select(Check).order_by(Check.created_at.desc(), Check.id).options(defer(Check.findings))
    return session.scalars(query).all()


def get(session: Session, check_id: UUID) -> Check | None:
    """The check with this id."""
    return session.get(Check, check_id)
