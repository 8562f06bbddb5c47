"""Dependencies that authenticate: an endpoint names in its signature who may call it."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from backend.accounts import identity as identities
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, Identity
from backend.core.db import utc_now
from backend.http.deps import ServicesDep, transaction
from backend.http.services import Services
from backend.tables import User
from backend.tables.vocabulary import Role, Scope

_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description=(
        "The cookie of `POST /sign-in`. Calls that change something also need the header "
        f"`{CSRF_HEADER}` with the value of the cookie `{CSRF_COOKIE}`."
    ),
    auto_error=False,
)
_bearer = HTTPBearer(
    scheme_name="token",
    description="An API token: `Authorization: Bearer pocovid_…`. Its scopes must cover the call.",
    auto_error=False,
)


def get_identity(
    request: Request,
    services: ServicesDep,
    cookie: Annotated[str | None, Security(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Identity | None:
    """The caller, identified by API token or else by session; None for an anonymous request.

    Raises:
        NotSignedInError: the token is invalid.
        ForbiddenError: the session's CSRF token is missing.
    """
    token = None if bearer is None else bearer.credentials
    return _identify(request, services, cookie, token)


def _identify(
    request: Request, services: Services, cookie: str | None, token: str | None
) -> Identity | None:
    if cookie is None and token is None:
        return None
    now = utc_now()
    with services.database.read() as session:
        if token is not None:
            identity: Identity | None = identities.from_token(session, now, token)
        else:
            csrf = request.headers.get(CSRF_HEADER)
            identity = identities.from_cookie(
                session, services.settings, now, cookie or "", request.method, csrf
            )
    if identity is not None and identity.is_due(now):
        with transaction(services) as session:
            identities.touch(session, identity, now)
    return identity


CurrentIdentity = Annotated[Identity | None, Depends(get_identity)]


async def get_optional_user(identity: CurrentIdentity) -> User | None:
    """The caller's account, whatever its token's scopes; None for an anonymous request."""
    return None if identity is None else identity.user


async def get_current_user(identity: CurrentIdentity) -> User:
    """Any account, whatever its token's scopes."""
    return identities.require_account(identity).user


async def get_contributor(identity: CurrentIdentity) -> User:
    """Any account; a token needs the scope `submit`."""
    return identities.require_role(identity, Role.CONTRIBUTOR, Scope.SUBMIT)


async def get_reviewer(identity: CurrentIdentity) -> User:
    """A reviewer or an administrator; a token needs the scope `review`."""
    return identities.require_role(identity, Role.REVIEWER, Scope.REVIEW)


async def get_admin(identity: CurrentIdentity) -> User:
    """An administrator; a token needs the scope `admin`."""
    return identities.require_role(identity, Role.ADMIN, Scope.ADMIN)


async def get_session_user(identity: CurrentIdentity) -> Identity:
    """Any account, signed in with a password and not by a token."""
    return identities.require_session(identity)


# These rows come from a database session that is closed: to change an account, load it again.
OptionalUser = Annotated[User | None, Depends(get_optional_user)]
CurrentUser = Annotated[User, Depends(get_current_user)]
CurrentContributor = Annotated[User, Depends(get_contributor)]
CurrentReviewer = Annotated[User, Depends(get_reviewer)]
CurrentAdmin = Annotated[User, Depends(get_admin)]
SessionUser = Annotated[Identity, Depends(get_session_user)]


def require_screening_access(request: Request, services: Services) -> None:
    """Let anybody screen where the service is open, and only accounts where it is closed.

    Raises:
        NotSignedInError, ForbiddenError: the service is closed, and the caller has no account.
    """
    if services.settings.open_screening:
        return
    kind, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    cookie = request.cookies.get(SESSION_COOKIE)
    identities.require_account(
        _identify(request, services, cookie, token if kind.lower() == "bearer" else None)
    )
