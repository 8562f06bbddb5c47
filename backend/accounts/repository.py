"""Every query about accounts, their sessions and their API tokens."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from backend.tables import ApiToken, SignIn, User


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
