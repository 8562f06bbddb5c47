"""API tokens: created with scopes that their owner's role allows, shown once, revoked."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.accounts import repository
from backend.accounts.identity import TOKEN_PREFIX, digest, may_grant, new_secret
from backend.accounts.schemas import TokenIn, TokenMade, TokenOut, Tokens
from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, InvalidInputError, NotFoundError
from backend.tables import ApiToken, User

MAX_TOKENS = 50
"""Active tokens of one account."""

_HINT_CHARACTERS = len(TOKEN_PREFIX) + 6


def create(session: Session, user: User, form: TokenIn) -> TokenMade:
    """Create a token; this is the only time that its secret is shown.

    Raises:
        InvalidInputError: the account's role does not allow one of the scopes.
        ConflictError: the account has `MAX_TOKENS` active tokens.
    """
    refused = sorted(scope for scope in form.scopes if not may_grant(user, scope))
    if refused:
        raise InvalidInputError(
            f"Your role {user.role} does not allow the scope {refused[0]}.",
            code="scope_beyond_role",
        )
    created_at = utc_now()
    # so that concurrent requests cannot exceed the limit
    repository.lock(session, user.id)
    active = [token for token in repository.tokens(session, user.id) if token.revoked_at is None]
    if len(active) >= MAX_TOKENS:
        raise ConflictError(
            f"You have {MAX_TOKENS} API tokens, which is the limit. Revoke one you do not use.",
            code="too_many_tokens",
        )
    secret = TOKEN_PREFIX + new_secret()
    days = form.expires_in_days
    token = ApiToken(
        user_id=user.id,
        name=form.name,
        hint=secret[:_HINT_CHARACTERS],
        secret_sha256=digest(secret),
        scopes=sorted(form.scopes),
        created_at=created_at,
        expires_at=None if days is None else created_at + timedelta(days=days),
    )
    repository.add(session, token)
    audit.record(session, user, "tokens.created", "token", token.id, scopes=token.scopes)
    return TokenMade(**TokenOut.model_validate(token).model_dump(), secret=secret)


def list_tokens(session: Session, user: User) -> Tokens:
    """The account's tokens, newest first, including revoked ones."""
    return Tokens(
        items=[TokenOut.model_validate(token) for token in repository.tokens(session, user.id)]
    )


def revoke(session: Session, user: User, token_id: UUID) -> None:
    """Revoke a token of the account for good.

    Raises:
        NotFoundError: the account has no such token.
    """
    token = repository.token_of(session, user.id, token_id)
    if token is None:
        raise NotFoundError(f"You have no API token {token_id}.")
    if token.revoked_at is None:
        token.revoked_at = utc_now()
        audit.record(session, user, "tokens.revoked", "token", token.id)
