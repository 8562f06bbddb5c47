"""Who asks: the session of a browser or the token of a program, and what each of them may do.

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
TOKEN_PREFIX = "pocovid_"  # noqa: S105  # so that a token found somewhere tells what it is

TOUCH_EVERY = timedelta(minutes=5)
"""A session or token that is used is noted as seen this often, not at each request."""

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
    """An account and by what it was known: a session of a browser, or else a token."""

    user: User
    sign_in: SignIn | None = None
    token: ApiToken | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether its last use is to be noted again."""
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
    """Whose API token this is.

    Raises:
        NotSignedInError: it is unknown, revoked or expired, or its owner's account is disabled.
    """
    token = repository.token_in_use(session, digest(secret), now)
    if token is None:
        raise NotSignedInError(
            "This API token is unknown, revoked or expired. Make a new one on your account page.",
            code="token_not_valid",
        )
    return Identity(token.user, token=token)


def from_cookie(
    session: Session, settings: Settings, now: datetime, secret: str, method: str, csrf: str | None
) -> Identity | None:
    """Whose session this is; None where it has ended, which is no error.

    Raises:
        ForbiddenError: the method changes something, and the session's CSRF token is not there.
    """
    idle = timedelta(hours=settings.session_idle_hours)
    sign_in = repository.sign_in_under_way(session, digest(secret), now, idle)
    if sign_in is None:
        return None
    expected = csrf_token(secret).encode()
    if method not in _SAFE_METHODS and not hmac.compare_digest((csrf or "").encode(), expected):
        raise ForbiddenError(
            f"The header {CSRF_HEADER} must repeat the cookie {CSRF_COOKIE}. "
            "Please reload the page.",
            code="csrf",
        )
    return Identity(sign_in.user, sign_in=sign_in)


def touch(session: Session, identity: Identity, now: datetime) -> None:
    """Note that a session or token was used."""
    if identity.sign_in is not None:
        repository.sign_in_seen(session, identity.sign_in.secret_sha256, now)
    if identity.token is not None:
        repository.token_used(session, identity.token.id, now)


def reaches(user: User, scope: Scope) -> bool:
    """Whether the account's role reaches as far as a token's scope."""
    return _reaches(user, _ROLE_OF_SCOPE[scope])


def known(identity: Identity | None) -> Identity:
    """Anybody with an account.

    Raises:
        NotSignedInError: nobody is signed in.
    """
    if identity is None:
        raise NotSignedInError("Please sign in, or send an API token.")
    return identity


def allowed(identity: Identity | None, role: Role, *scopes: Scope) -> User:
    """The account, if its role reaches so far and, for a token, if it has one of the scopes.

    Raises:
        NotSignedInError: nobody is signed in.
        ForbiddenError: the role or the token's scopes do not reach so far.
    """
    who = known(identity)
    if not _reaches(who.user, role):
        raise ForbiddenError(
            f"This needs the role {role.value}; yours is {who.user.role}. "
            "An administrator can give it to you.",
            code="role_needed",
        )
    if who.token is not None and not set(scopes) & set(who.token.scopes):
        names = " or ".join(scope.value for scope in scopes)
        raise ForbiddenError(
            f"This API token has not the scope {names}. Make one that has it.",
            code="scope_needed",
        )
    return who.user


def in_person(identity: Identity | None) -> Identity:
    """Somebody who signed in with a password: a token must not change the account it is of.

    Raises:
        NotSignedInError: nobody is signed in.
        ForbiddenError: it is a token that asks.
    """
    who = known(identity)
    if who.sign_in is None:
        raise ForbiddenError(
            "An API token cannot do this. Please sign in with your password.",
            code="sign_in_needed",
        )
    return who


def _reaches(user: User, role: Role) -> bool:
    return _ROLES.index(Role(user.role)) >= _ROLES.index(role)
