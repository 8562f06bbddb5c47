"""Queries on accounts, their sessions, API tokens and password resets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session, joinedload

from backend.tables import ApiToken, PasswordReset, SignIn, User

# Accounts.


def add(session: Session, row: User | SignIn | ApiToken | PasswordReset) -> None:
    """Add a row and flush it, so that a violated constraint raises here."""
    session.add(row)
    session.flush()


def get(session: Session, user_id: UUID) -> User | None:
    """The account with this id."""
    return session.get(User, user_id)


def lock(session: Session, user_id: UUID) -> User | None:
    """The account with this id, freshly read and locked until the transaction ends."""
    return session.get(User, user_id, with_for_update=True, populate_existing=True)


def by_email(session: Session, email: str) -> User | None:
    """The account with this address, in lower case."""
    return session.scalars(select(User).where(User.email == email)).one_or_none()


# Sessions.


def active_sign_in(
    session: Session, secret_sha256: str, now: datetime, idle: timedelta
) -> SignIn | None:
    """The session with this secret, its user loaded, unless it has ended.

    It ends at `expires_at`, after `idle` without a request, and when its account is disabled.
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


def touch_sign_in(session: Session, secret_sha256: str, now: datetime) -> None:
    """Record that the session was used."""
    session.execute(update(SignIn).where(SignIn.secret_sha256 == secret_sha256).values(seen_at=now))


def end_sign_in(session: Session, secret_sha256: str) -> None:
    """End one session."""
    session.execute(delete(SignIn).where(SignIn.secret_sha256 == secret_sha256))


def end_sign_ins(session: Session, user_id: UUID, except_for: str = "") -> None:
    """End the account's sessions, `except_for` the one with this SHA-256."""
    session.execute(
        delete(SignIn).where(SignIn.user_id == user_id, SignIn.secret_sha256 != except_for)
    )


def delete_expired(session: Session, now: datetime, idle: timedelta) -> None:
    """Delete sessions that have ended and reset links that have expired."""
    session.execute(
        delete(SignIn).where(or_(SignIn.expires_at <= now, SignIn.seen_at <= now - idle))
    )
    session.execute(delete(PasswordReset).where(PasswordReset.expires_at <= now))


# API tokens.


def active_token(session: Session, secret_sha256: str, now: datetime) -> ApiToken | None:
    """The API token with this secret, its user loaded.

    None if it is revoked or expired, or if its account is disabled.
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


def touch_token(session: Session, token_id: UUID, now: datetime) -> None:
    """Record that the token was used."""
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
    """Revoke all API tokens of the account; returns how many were active."""
    revoked = session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    return len(revoked.all())


# Password resets.


def user_of_reset(session: Session, secret_sha256: str, now: datetime) -> User | None:
    """The account whose password this link may set; None if it was used or has expired."""
    return session.scalars(
        select(User)
        .join(PasswordReset, PasswordReset.user_id == User.id)
        .where(_is_redeemable(secret_sha256, now), User.disabled_at.is_(None))
    ).one_or_none()


def redeem_reset(session: Session, secret_sha256: str, now: datetime) -> bool:
    """Mark the link as used. False: a concurrent request was faster."""
    used = session.execute(
        update(PasswordReset)
        .where(_is_redeemable(secret_sha256, now))
        .values(used_at=now)
        .returning(PasswordReset.user_id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def delete_resets(session: Session, user_id: UUID) -> None:
    """Delete the account's reset links, so that none of them works."""
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))


def _is_redeemable(secret_sha256: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        PasswordReset.secret_sha256 == secret_sha256,
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )
