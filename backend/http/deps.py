"""What every endpoint may ask for: sessions, storage, settings, the client, mail sent afterwards.

Who asks is in `backend.accounts.deps`.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, cast

from anyio import to_thread
from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy.orm import Session

from backend.core.db import now, undoing
from backend.core.errors import DrainingError, ForbiddenError
from backend.core.mail import Mail
from backend.core.settings import Settings
from backend.http.services import Services
from backend.jobs import send_remembered
from backend.storage.base import Storage, delete_remembered

RETRY_DRAINING_S = 30

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


async def limit_sessions(services: ServicesDep) -> AsyncIterator[None]:
    """Wait until fewer requests have a session than the pool has connections for.

    A request keeps its connection from one trip to a thread to the next. Without this bound, all
    threads can wait for a connection while all connections wait for a thread.
    """
    async with services.requests:
        yield


SessionLimit = Depends(limit_sessions, scope="function")


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


def get_read_session(
    services: ServicesDep, _limit: Annotated[None, SessionLimit]
) -> Iterator[Session]:
    """A session that only reads, and so waits for nobody."""
    with services.database.read() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
StorageDep = Annotated[Storage, Depends(get_storage)]


def _get_limited_session(
    services: ServicesDep, _limit: Annotated[None, SessionLimit]
) -> Iterator[Session]:
    yield from get_session(services)


SessionDep = Annotated[Session, Depends(_get_limited_session, scope="function")]
ReadSessionDep = Annotated[Session, Depends(get_read_session, scope="function")]
UploadSessionDep = Annotated[Session, Depends(get_session, scope="function")]
"""For a request whose body is read after its session is made: that may take minutes.

What uses it makes one trip to a thread, in which it does all that needs the connection.
"""


async def get_client(request: Request, services: ServicesDep) -> str:
    """Who asks, as `backend.core.clients` tells clients apart."""
    if not services.clients.is_ready:  # the database was away when the service started
        await to_thread.run_sync(services.clients.get_ready)
    return services.clients.digest(request.client and request.client.host, now())


ClientDep = Annotated[str, Depends(get_client)]


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
