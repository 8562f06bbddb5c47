"""What endpoints ask for: sessions, storage, settings, who asks, and the permission to send."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, cast

from anyio import to_thread
from fastapi import BackgroundTasks, Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.orm import Session

from backend.accounts import identity as identities
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, Identity
from backend.core.db import now, undoing
from backend.core.errors import DrainingError, ForbiddenError
from backend.core.mail import Mail
from backend.core.settings import Settings
from backend.http.multipart import check_room
from backend.http.services import Services
from backend.jobs import send_remembered
from backend.screenings.service import check_queue
from backend.storage.base import Storage, delete_remembered
from backend.tables import User
from backend.tables.vocabulary import Role, Scope

RETRY_DRAINING_S = 30

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

# What waits for nothing is async: FastAPI gives anything else a trip to a thread and back, and with
# pictures being decoded in other threads, each trip may wait for Python's lock.


async def get_services(request: Request) -> Services:
    """The application's long-lived parts."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


async def get_settings(services: ServicesDep) -> Settings:
    """The settings this application was made with."""
    return services.settings


async def get_storage(services: ServicesDep) -> Storage:
    """Where recordings lie."""
    return services.storage


def get_session(services: ServicesDep) -> Iterator[Session]:
    """A session that is committed when the endpoint has returned, before the answer is sent.

    Jobs are queued after the commit. Where anything raises, the transaction is rolled back and
    what was stored for it is removed.
    """
    with services.database.write() as session:
        with undoing(session):
            yield session
            session.commit()
        delete_remembered(session, services.storage)
        send_remembered(session, services.celery)


transaction = contextmanager(get_session)
"""The same for what is no dependency: a library's hook, which is given the services."""


def get_read_session(services: ServicesDep) -> Iterator[Session]:
    """A session that only reads, and so waits for nobody."""
    with services.database.read() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
StorageDep = Annotated[Storage, Depends(get_storage)]
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[Session, Depends(get_read_session, scope="function")]


async def get_client(request: Request, services: ServicesDep) -> str:
    """Who asks, as `backend.core.clients` tells clients apart."""
    if not services.clients.is_ready:  # the database was away when the service started
        await to_thread.run_sync(services.clients.get_ready)
    return services.clients.digest(request.client and request.client.host, now())


ClientDep = Annotated[str, Depends(get_client)]


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


IdentityDep = Annotated[Identity | None, Depends(get_identity)]


async def get_maybe_user(identity: IdentityDep) -> User | None:
    """Whoever asks, with any token; None where it is nobody."""
    return None if identity is None else identity.user


async def get_account(identity: IdentityDep) -> User:
    """Any account, with any token."""
    return identities.known(identity).user


async def get_user(identity: IdentityDep) -> User:
    """Any account; a token has the scope `submit`."""
    return identities.allowed(identity, Role.CONTRIBUTOR, Scope.SUBMIT)


async def get_reviewer(identity: IdentityDep) -> User:
    """A reviewer or an administrator; a token has the scope `review`."""
    return identities.allowed(identity, Role.REVIEWER, Scope.REVIEW)


async def get_admin(identity: IdentityDep) -> User:
    """An administrator; a token has the scope `admin`."""
    return identities.allowed(identity, Role.ADMIN, Scope.ADMIN)


async def get_person(identity: IdentityDep) -> Identity:
    """Any account, in person and not by a token."""
    return identities.in_person(identity)


# The rows come from a session that has ended: to change an account, load it again.
MaybeUserDep = Annotated[User | None, Depends(get_maybe_user)]
AccountDep = Annotated[User, Depends(get_account)]
UserDep = Annotated[User, Depends(get_user)]
ReviewerDep = Annotated[User, Depends(get_reviewer)]
AdminDep = Annotated[User, Depends(get_admin)]
PersonDep = Annotated[Identity, Depends(get_person)]


async def from_our_pages(request: Request) -> None:
    """Refuse what a browser sends for another site's page: it could sign somebody in unseen.

    Raises:
        ForbiddenError
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise ForbiddenError("Another site's page asked for this. Please use ours.", code="csrf")


Letter = Callable[[Session], Mail | None]


async def get_later(background: BackgroundTasks, services: ServicesDep) -> Callable[[Letter], None]:
    """Have a letter written after the answer was sent, in a transaction of its own, and mailed."""

    def write(letter: Letter) -> Mail | None:
        with services.database.write() as session:
            mail = letter(session)
            session.commit()
        return mail

    async def run(letter: Letter) -> None:
        mail = await to_thread.run_sync(write, letter)
        if mail is not None:
            # a mail server that is slow keeps only so many threads from everything else
            await to_thread.run_sync(services.mailer.send, mail, limiter=services.postmen)

    return lambda letter: background.add_task(run, letter)


LaterDep = Annotated[Callable[[Letter], None], Depends(get_later)]


def _may_screen_here(request: Request, services: Services) -> None:
    """Where the service is open, whoever asks; where it is closed, anybody with an account."""
    if services.settings.open_screening:
        return
    kind, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    cookie = request.cookies.get(SESSION_COOKIE)
    identities.known(
        _identify(request, services, cookie, token if kind.lower() == "bearer" else None)
    )


def may_upload(request: Request, client: ClientDep, services: ServicesDep) -> None:
    """Refuse, before any of the body is read, what cannot be taken anyway.

    Raises:
        NotSignedInError, ForbiddenError: where the service is closed.
        DrainingError, RateLimitedError, StorageFullError
    """
    _may_screen_here(request, services)
    not_draining(services)
    services.rate_limit.hit("recording", client)
    check_room(services.settings)


def may_screen(request: Request, client: ClientDep, services: ServicesDep) -> None:
    """As `may_upload`, and the queue has room.

    Raises:
        NotSignedInError, ForbiddenError: where the service is closed.
        DrainingError, RateLimitedError, QueueFullError, StorageFullError
    """
    _may_screen_here(request, services)
    not_draining(services)
    services.rate_limit.hit("screening", client)
    with services.database.read() as session:
        check_queue(session, services.settings, client)
    check_room(services.settings)


def not_draining(services: Services) -> None:
    """Take no new work before a stop.

    Raises:
        DrainingError
    """
    if services.settings.draining:
        raise DrainingError(
            "The service is about to stop and takes no new work. Please try again soon.",
            retry_after_s=RETRY_DRAINING_S,
        )
