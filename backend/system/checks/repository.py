"""Every query about checks, of which one is under way at a time."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer

from backend.tables import Check

MOST_KEPT = 20
"""Checks whose results stay; older ones go when another is started."""


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
