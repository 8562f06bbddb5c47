"""API tokens: made with the scopes that their owner's role reaches, shown once, revoked."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.accounts import repository
from backend.accounts.identity import TOKEN_PREFIX, digest, new_secret, reaches
from backend.accounts.schemas import TokenIn, TokenMade, TokenOut, Tokens
from backend.core import audit
from backend.core.db import now
from backend.core.errors import ConflictError, InvalidInputError, NotFoundError
from backend.tables import ApiToken, User

MOST = 50
"""An account has so many tokens in use at most."""

_HINT_CHARACTERS = len(TOKEN_PREFIX) + 6


def make(session: Session, user: User, wanted: TokenIn) -> TokenMade:
    """A new token; this is the only time that its secret is seen.

    Raises:
        InvalidInputError: a scope that the account's role does not reach.
        ConflictError: the account has as many tokens as it may have.
    """
    beyond = sorted(scope.value for scope in wanted.scopes if not reaches(user, scope))
    if beyond:
        raise InvalidInputError(
            f"Your role {user.role} does not reach the scope {beyond[0]}.", code="scope_beyond_role"
        )
    moment = now()
    # nobody makes another one of the same account meanwhile
    repository.locked(session, user.id)
    in_use = [token for token in repository.tokens(session, user.id) if token.revoked_at is None]
    if len(in_use) >= MOST:
        raise ConflictError(
            f"You have {MOST} API tokens. Revoke one that you do not use.", code="too_many_tokens"
        )
    secret = TOKEN_PREFIX + new_secret()
    days = wanted.expires_in_days
    token = ApiToken(
        user_id=user.id,
        name=wanted.name,
        hint=secret[:_HINT_CHARACTERS],
        secret_sha256=digest(secret),
        scopes=sorted(scope.value for scope in wanted.scopes),
        created_at=moment,
        expires_at=None if days is None else moment + timedelta(days=days),
    )
    repository.add(session, token)
    audit.record(session, user, "tokens.made", "token", token.id, scopes=token.scopes)
    return TokenMade(**TokenOut.model_validate(token).model_dump(), secret=secret)


def listed(session: Session, user: User) -> Tokens:
    """The account's tokens, newest first, also those that are revoked."""
    return Tokens(
        items=[TokenOut.model_validate(token) for token in repository.tokens(session, user.id)]
    )


def revoke(session: Session, user: User, token_id: UUID) -> None:
    """Make a token of the account worthless, for ever.

    Raises:
        NotFoundError: the account has no such token.
    """
    token = repository.token_of(session, user.id, token_id)
    if token is None:
        raise NotFoundError(f"You have no API token {token_id}.")
    if token.revoked_at is None:
        token.revoked_at = now()
        audit.record(session, user, "tokens.revoked", "token", token.id)
