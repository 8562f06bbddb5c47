"""Every query about accounts, their sessions, API tokens and password resets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session, joinedload

from backend.tables import ApiToken, PasswordReset, SignIn, User

# Accounts.


def add(session: Session, row: User | SignIn | ApiToken | PasswordReset) -> None:
    """Add a new row, now: a constraint that does not hold is an error here."""
    session.add(row)
    session.flush()


def get(session: Session, user_id: UUID) -> User | None:
    """The account with this id."""
    return session.get(User, user_id)


def locked(session: Session, user_id: UUID) -> User | None:
    """The account with this id as it is now; nobody else changes it in this transaction."""
    return session.get(User, user_id, with_for_update=True, populate_existing=True)


def by_email(session: Session, email: str) -> User | None:
    """The account with this address, in lower case."""
    return session.scalars(select(User).where(User.email == email)).one_or_none()


# Sessions.


def sign_in_under_way(
    session: Session, secret_sha256: str, now: datetime, idle: timedelta
) -> SignIn | None:
    """The session with this secret, its user loaded, unless it has ended.

    It ends at its time, after `idle` without a request, and when its account is disabled.
    """
    return session.scalar(
        select(SignIn)
        .join(SignIn.user)
        .where(
            SignIn.secret_sha256 == secret_sha256,
            SignIn.expires_at > now,
            SignIn.seen_at > now - idle,
            User.disabled_at.is_(None),
        )
        .options(joinedload(SignIn.user))
    )


def sign_in_seen(session: Session, secret_sha256: str, now: datetime) -> None:
    """Note that the session was used."""
    session.execute(update(SignIn).where(SignIn.secret_sha256 == secret_sha256).values(seen_at=now))


def end_sign_in(session: Session, secret_sha256: str) -> None:
    """End one session."""
    session.execute(delete(SignIn).where(SignIn.secret_sha256 == secret_sha256))


def end_sign_ins(session: Session, user_id: UUID, but: str = "") -> None:
    """End the account's sessions, all `but` the one with this SHA-256."""
    session.execute(delete(SignIn).where(SignIn.user_id == user_id, SignIn.secret_sha256 != but))


def forget_ended(session: Session, now: datetime, idle: timedelta) -> None:
    """Delete sessions that have ended and links that are past their time."""
    session.execute(
        delete(SignIn).where(or_(SignIn.expires_at <= now, SignIn.seen_at <= now - idle))
    )
    session.execute(delete(PasswordReset).where(PasswordReset.expires_at <= now))


# API tokens.


def token_in_use(session: Session, secret_sha256: str, now: datetime) -> ApiToken | None:
    """The API token with this secret, its user loaded.

    None where it is revoked or expired, or its account is disabled.
    """
    return session.scalar(
        select(ApiToken)
        .join(ApiToken.user)
        .where(
            ApiToken.secret_sha256 == secret_sha256,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at.is_(None) | (ApiToken.expires_at > now),
            User.disabled_at.is_(None),
        )
        .options(joinedload(ApiToken.user))
    )


def token_used(session: Session, token_id: UUID, now: datetime) -> None:
    """Note that the token was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


def tokens(session: Session, user_id: UUID) -> Sequence[ApiToken]:
    """The account's API tokens, newest first."""
    return session.scalars(
        select(ApiToken)
        .where(ApiToken.user_id == user_id)
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    ).all()


def token_of(session: Session, user_id: UUID, token_id: UUID) -> ApiToken | None:
    """The account's API token with this id."""
    return session.scalars(
        select(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user_id)
    ).one_or_none()


def revoke_tokens(session: Session, user_id: UUID, now: datetime) -> int:
    """Revoke all API tokens of the account, and say how many were in use."""
    revoked = session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    return len(revoked.all())


# Password resets.


def reset_open(session: Session, secret_sha256: str, now: datetime) -> User | None:
    """Whose password the link with this secret may set, unless it was used or its time is past."""
    return session.scalars(
        select(User)
        .join(PasswordReset, PasswordReset.user_id == User.id)
        .where(_open(secret_sha256, now), User.disabled_at.is_(None))
    ).one_or_none()


def use_reset(session: Session, secret_sha256: str, now: datetime) -> bool:
    """Use the link up. False: somebody was faster."""
    used = session.execute(
        update(PasswordReset)
        .where(_open(secret_sha256, now))
        .values(used_at=now)
        .returning(PasswordReset.user_id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def forget_resets(session: Session, user_id: UUID) -> None:
    """Delete the account's links, so that none of them works."""
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))


def _open(secret_sha256: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        PasswordReset.secret_sha256 == secret_sha256,
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )
