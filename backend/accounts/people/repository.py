"""Queries over many accounts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.core.pagination import Keyset, Page
from backend.tables import User
from backend.tables.vocabulary import Role


def search(session: Session, q: str, cursor: str | None, limit: int) -> Page[User]:
    """Accounts whose name, address or affiliation contains `q`, by address."""
    query = select(User)
    if q:
        columns = (User.name, User.email, User.affiliation)
        query = query.where(or_(*(column.icontains(q, autoescape=True) for column in columns)))
    return Keyset(User.email).page(session, query, cursor, limit)


def lock_admins(session: Session) -> Sequence[UUID]:
    """Ids of the administrators that are not disabled, locked until the transaction ends.

    On PostgreSQL a second caller waits here and then reads what the first one wrote; on SQLite
    writing transactions run one at a time anyway.
    """
    return session.scalars(
        select(User.id)
        .where(User.role == Role.ADMIN, User.disabled_at.is_(None))
        .order_by(User.id)
        .with_for_update()
    ).all()
