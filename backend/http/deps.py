"""Dependencies of every feature: sessions, storage, settings, the client, mail after the response.

Authentication is in `backend.accounts.deps`.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, cast

from anyio import to_thread
from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy.orm import Session

from backend.core.db import undoing, utc_now
from backend.core.errors import DrainingError, ForbiddenError
from backend.core.mail import Mail
from backend.core.settings import Settings
from backend.http.services import Services
from backend.jobs.celery import send_remembered
from backend.storage.base import Storage, delete_remembered

RETRY_DRAINING_S = 30

# Dependencies that never block are async: FastAPI runs all others in a thread, and while other
# threads decode images, each switch may wait for the interpreter lock.


async def get_services(request: Request) -> Services:
    """The application's long-lived parts."""
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


async def get_settings(services: ServicesDep) -> Settings:
    """The settings this application was made with."""
    return services.settings


async def get_storage(services: ServicesDep) -> Storage:
    """The storage of recordings."""
    return services.storage


async def limit_sessions(services: ServicesDep) -> AsyncIterator[None]:
    """Wait until fewer requests hold a session than the pool has connections.

    A request keeps its connection while it waits for a thread. Without this bound, all threads
    could wait for a connection while all connections wait for a thread.
    """
    async with services.requests:
        yield


SessionLimit = Depends(limit_sessions, scope="function")


def get_session(services: ServicesDep) -> Iterator[Session]:
    """A session that is committed when the endpoint has returned, before the response is sent.

    Jobs are queued after the commit. If anything raises, the transaction is rolled back and what
    was stored for it is removed.
    """
    with services.database.write() as session:
        with undoing(session):
            yield session
            session.commit()
        delete_remembered(session, services.storage)
        send_remembered(session, services.celery)


transaction = contextmanager(get_session)
"""The same as a context manager, for hooks of a library that are given the services."""


def get_read_session(
    services: ServicesDep, _limit: Annotated[None, SessionLimit]
) -> Iterator[Session]:
    """A read-only session, which never waits for a writer."""
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
    """The digest of the client's address (`backend.core.clients`)."""
    if not services.clients.is_ready:  # the database was unreachable when the service started
        await to_thread.run_sync(services.clients.get_ready)
    return services.clients.digest(request.client and request.client.host, utc_now())


ClientDep = Annotated[str, Depends(get_client)]


async def refuse_cross_site(request: Request) -> None:
    """Refuse requests that a browser sends for another site: they could sign somebody in unseen.

    Raises:
        ForbiddenError
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise ForbiddenError(
            "This request came from another site's page. Please use ours.", code="csrf"
        )


WriteMail = Callable[[Session], Mail | None]


async def get_send_later(
    background: BackgroundTasks, services: ServicesDep
) -> Callable[[WriteMail], None]:
    """Write a mail after the response was sent, in a transaction of its own, and send it."""

    def write(write_mail: WriteMail) -> Mail | None:
        with services.database.write() as session:
            mail = write_mail(session)
            session.commit()
        return mail

    async def run(write_mail: WriteMail) -> None:
        mail = await to_thread.run_sync(write, write_mail)
        if mail is not None:
            # so that a slow mail server cannot use up all threads
            await to_thread.run_sync(services.mailer.send, mail, limiter=services.mail_limiter)

    return lambda write_mail: background.add_task(run, write_mail)


SendLaterDep = Annotated[Callable[[WriteMail], None], Depends(get_send_later)]


def refuse_if_draining(services: Services) -> None:
    """Accept no new work before a stop.

    Raises:
        DrainingError
    """
    if services.settings.draining:
        raise DrainingError(
            "The service is shutting down and accepts no new work. Please try again soon.",
            retry_after_s=RETRY_DRAINING_S,
        )
