"""Every query about many accounts at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.tables import User
from backend.tables.vocabulary import Role


def found(session: Session, q: str, after: str, limit: int) -> Sequence[User]:
    """Accounts whose name, address or affiliation contains `q`, by address, after one of them."""
    query = select(User).where(User.email > after).order_by(User.email).limit(limit)
    if q:
        columns = (User.name, User.email, User.affiliation)
        query = query.where(or_(*(each.icontains(q, autoescape=True) for each in columns)))
    return session.scalars(query).all()


def locked_admins(session: Session) -> Sequence[UUID]:
    """Ids of the administrators that are not disabled; none changes in this transaction.

    On PostgreSQL who waited here sees the rows as the other left them; SQLite's are alone anyway.
    """
    return session.scalars(
        select(User.id)
        .where(User.role == Role.ADMIN.value, User.disabled_at.is_(None))
        .order_by(User.id)
        .with_for_update()
    ).all()
