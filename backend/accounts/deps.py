"""Who asks: what endpoints put into their signatures to say whom they answer."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from backend.accounts import identity as identities
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, Identity
from backend.core.db import now
from backend.http.deps import ServicesDep
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
    """Who asks, by API token or else by session; None where it is nobody.

    Raises:
        NotSignedInError: the token is not valid.
        ForbiddenError: the session's CSRF token is missing.
    """
    token = None if bearer is None else bearer.credentials
    return _identify(request, services, cookie, token)


def _identify(
    request: Request, services: Services, cookie: str | None, token: str | None
) -> Identity | None:
    if cookie is None and token is None:
        return None
    moment = now()
    with services.database.read() as session:
        if token is not None:
            found: Identity | None = identities.from_token(session, moment, token)
        else:
            csrf = request.headers.get(CSRF_HEADER)
            found = identities.from_cookie(
                session, services.settings, moment, cookie or "", request.method, csrf
            )
    if found is not None and found.is_due(moment):
        with services.database.write() as session:
            identities.touch(session, found, moment)
            session.commit()
    return found


CurrentIdentity = Annotated[Identity | None, Depends(get_identity)]


async def get_optional_user(identity: CurrentIdentity) -> User | None:
    """Whoever asks, with any token; None where it is nobody."""
    return None if identity is None else identity.user


async def get_current_user(identity: CurrentIdentity) -> User:
    """Any account, with any token."""
    return identities.known(identity).user


async def get_contributor(identity: CurrentIdentity) -> User:
    """Any account; a token has the scope `submit`."""
    return identities.allowed(identity, Role.CONTRIBUTOR, Scope.SUBMIT)


async def get_reviewer(identity: CurrentIdentity) -> User:
    """A reviewer or an administrator; a token has the scope `review`."""
    return identities.allowed(identity, Role.REVIEWER, Scope.REVIEW)


async def get_admin(identity: CurrentIdentity) -> User:
    """An administrator; a token has the scope `admin`."""
    return identities.allowed(identity, Role.ADMIN, Scope.ADMIN)


async def get_session_user(identity: CurrentIdentity) -> Identity:
    """Any account, in person and not by a token."""
    return identities.in_person(identity)


# The rows come from a session that has ended: to change an account, load it again.
OptionalUser = Annotated[User | None, Depends(get_optional_user)]
CurrentUser = Annotated[User, Depends(get_current_user)]
CurrentContributor = Annotated[User, Depends(get_contributor)]
CurrentReviewer = Annotated[User, Depends(get_reviewer)]
CurrentAdmin = Annotated[User, Depends(get_admin)]
SessionUser = Annotated[Identity, Depends(get_session_user)]


def require_screening_access(request: Request, services: Services) -> None:
    """Where the service is open, let anybody in; where it is closed, anybody with an account.

    Raises:
        NotSignedInError, ForbiddenError: the service is closed, and nobody with an account asks.
    """
    if services.settings.open_screening:
        return
    kind, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    cookie = request.cookies.get(SESSION_COOKIE)
    identities.known(
        _identify(request, services, cookie, token if kind.lower() == "bearer" else None)
    )
