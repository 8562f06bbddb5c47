"""Who is calling: the session of a browser or the token of a program, and what each may do.

A session's secret travels in an HttpOnly cookie, a token's in the Authorization header; the
database knows both by their SHA-256 alone. A request that changes something and relies on the
cookie must also carry the session's CSRF token, which is an HMAC under the session's secret: no
other site can read it, and it is worth nothing with another session.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy.orm import Session

from backend.accounts import repository
from backend.core.errors import ForbiddenError, NotSignedInError
from backend.core.settings import Settings
from backend.tables import ApiToken, SignIn, User
from backend.tables.vocabulary import Role, Scope

SESSION_COOKIE = "pocovid_session"
CSRF_COOKIE = "pocovid_csrf"
CSRF_HEADER = "X-CSRF-Token"
TOKEN_PREFIX = "pocovid_"  # noqa: S105  # makes a leaked token recognisable

TOUCH_EVERY = timedelta(minutes=5)
"""The last use of a session or token is recorded this often, not on each request."""

_SECRET_BYTES = 32
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ROLES = list(Role)
_ROLE_OF_SCOPE = {
    Scope.SUBMIT: Role.CONTRIBUTOR,
    Scope.REVIEW: Role.REVIEWER,
    Scope.ADMIN: Role.ADMIN,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """An account, and what identified it: a browser session, or else a token."""

    user: User
    sign_in: SignIn | None = None
    token: ApiToken | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether its last use needs recording again."""
        seen = self.sign_in.seen_at if self.sign_in else None
        if self.token is not None:
            seen = self.token.last_used_at
        return seen is None or now - seen >= TOUCH_EVERY


def new_secret() -> str:
    """256 random bits, as text for a cookie, a header or a link."""
    return token_urlsafe(_SECRET_BYTES)


def digest(secret: str) -> str:
    """What the database keeps of a secret that this service made: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session_secret: str) -> str:
    """The CSRF token of a session, in hexadecimal."""
    return hmac.new(session_secret.encode(), b"pocovid csrf", hashlib.sha256).hexdigest()


def from_token(session: Session, now: datetime, secret: str) -> Identity:
    """The account of this API token.

    Raises:
        NotSignedInError: it is unknown, revoked or expired, or its owner's account is disabled.
    """
    token = repository.active_token(session, digest(secret), now)
    if token is None:
        raise NotSignedInError(
            "This API token is unknown, revoked or expired. Create a new one on your account page.",
            code="token_not_valid",
        )
    return Identity(token.user, token=token)


def from_cookie(
    session: Session, settings: Settings, now: datetime, secret: str, method: str, csrf: str | None
) -> Identity | None:
    """The account of this session; None if the session has ended, which is not an error.

    Raises:
        ForbiddenError: the method changes something, and the session's CSRF token is missing.
    """
    idle = timedelta(hours=settings.session_idle_hours)
    sign_in = repository.active_sign_in(session, digest(secret), now, idle)
    if sign_in is None:
        return None
    expected = csrf_token(secret).encode()
    if method not in _SAFE_METHODS and not hmac.compare_digest((csrf or "").encode(), expected):
        raise ForbiddenError(
            f"The header {CSRF_HEADER} must repeat the value of the cookie {CSRF_COOKIE}. "
            "Please reload the page.",
            code="csrf",
        )
    return Identity(sign_in.user, sign_in=sign_in)


def touch(session: Session, identity: Identity, now: datetime) -> None:
    """Record that a session or token was used."""
    if identity.sign_in is not None:
        repository.touch_sign_in(session, identity.sign_in.secret_sha256, now)
    if identity.token is not None:
        repository.touch_token(session, identity.token.id, now)


def may_grant(user: User, scope: Scope) -> bool:
    """Whether the account's role allows what a token with this scope may do."""
    return _has_role(user, _ROLE_OF_SCOPE[scope])


def require_account(identity: Identity | None) -> Identity:
    """The caller, who must have an account.

    Raises:
        NotSignedInError: nobody is signed in.
    """
    if identity is None:
        raise NotSignedInError("Please sign in, or send an API token.")
    return identity


def require_role(identity: Identity | None, role: Role, *scopes: Scope) -> User:
    """The account, which must have at least this role and, for a token, one of the scopes.

    Raises:
        NotSignedInError: nobody is signed in.
        ForbiddenError: the role or the token's scopes do not allow it.
    """
    caller = require_account(identity)
    if not _has_role(caller.user, role):
        raise ForbiddenError(
            f"This requires the role {role}; yours is {caller.user.role}. "
            "An administrator can give it to you.",
            code="role_needed",
        )
    if caller.token is not None and not set(scopes) & set(caller.token.scopes):
        names = " or ".join(scopes)
        raise ForbiddenError(
            f"This API token lacks the scope {names}. Create one that has it.",
            code="scope_needed",
        )
    return caller.user


def require_session(identity: Identity | None) -> Identity:
    """The caller, who must have signed in: a token must not change the account it belongs to.

    Raises:
        NotSignedInError: nobody is signed in.
        ForbiddenError: the caller uses a token.
    """
    caller = require_account(identity)
    if caller.sign_in is None:
        raise ForbiddenError(
            "An API token cannot do this. Please sign in with your password.",
            code="sign_in_needed",
        )
    return caller


def _has_role(user: User, role: Role) -> bool:
    return _ROLES.index(user.role) >= _ROLES.index(role)
