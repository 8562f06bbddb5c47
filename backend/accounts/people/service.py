"""Administering accounts: roles change, accounts are disabled, one administrator always remains."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.accounts import repository as accounts
from backend.accounts.people import repository
from backend.accounts.people.schemas import People
from backend.accounts.schemas import UserOut
from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, NotFoundError
from backend.tables import User
from backend.tables.vocabulary import Role


def list_people(session: Session, q: str, cursor: str, limit: int) -> People:
    """Accounts that have `q` in their name, address or affiliation, by address."""
    page = repository.search(session, q, cursor or None, limit)
    return People(items=[UserOut.model_validate(user) for user in page.rows], next=page.next)


def change(
    session: Session,
    admin: User | None,
    user_id: UUID,
    role: Role | None = None,
    disabled: bool | None = None,
) -> User:
    """Give an account another role, disable it, or enable it again.

    A disabled account's sessions end; its API tokens do not work while it is disabled.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: no administrator would remain.
    """
    admins = repository.lock_admins(session)
    user = accounts.lock(session, user_id)
    if user is None:
        raise NotFoundError(f"There is no account {user_id}.")
    loses_admin = disabled is True or (role is not None and role is not Role.ADMIN)
    if loses_admin and list(admins) == [user_id]:
        raise ConflictError(
            "This is the last administrator. Make somebody else an administrator first.",
            code="last_admin",
        )
    if role is not None and role != user.role:
        audit.record(
            session, admin, "users.role_changed", "user", user.id, before=user.role, now=role
        )
        user.role = role
    if disabled is not None and disabled != (user.disabled_at is not None):
        _disable(session, user) if disabled else _enable(user)
        action = "users.disabled" if disabled else "users.enabled"
        audit.record(session, admin, action, "user", user.id)
    return user


def _disable(session: Session, user: User) -> None:
    user.disabled_at = utc_now()
    accounts.end_sign_ins(session, user.id)
    accounts.delete_resets(session, user.id)


def _enable(user: User) -> None:
    user.disabled_at = None
