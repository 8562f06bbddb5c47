"""What endpoints ask for: sessions, storage, settings, and the permission to send."""

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from backend.db import now, undoing
from backend.errors import DrainingError
from backend.jobs import send_remembered
from backend.screenings.service import check_queue
from backend.services import Services
from backend.settings import Settings
from backend.storage import Storage
from backend.uploads import check_room

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


def get_session(services: ServicesDep) -> Iterator[Session]:
    """A session that is committed when the endpoint has returned, before the answer is sent.

    Jobs are queued after the commit. Where anything raises, the transaction is rolled back and
    what was stored for it is removed.
    """
    with services.database.write() as session:
        with undoing(session):
            yield session
            session.commit()
        send_remembered(session, services.celery)


def get_read_session(services: ServicesDep) -> Iterator[Session]:
    """A session that only reads, and so waits for nobody."""
    with services.database.read() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
StorageDep = Annotated[Storage, Depends(get_storage)]
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[Session, Depends(get_read_session, scope="function")]


async def get_client(request: Request, services: ServicesDep) -> str:
    """Who asks, as `backend.clients` tells clients apart."""
    return services.clients.digest(request.client and request.client.host, now())


ClientDep = Annotated[str, Depends(get_client)]


def may_upload(client: ClientDep, services: ServicesDep) -> None:
    """Refuse, before any of the body is read, what cannot be taken anyway.

    Raises:
        DrainingError, RateLimitedError, StorageFullError
    """
    _not_draining(services)
    services.rate_limit.hit("recording", client)
    check_room(services.settings)


def may_screen(client: ClientDep, services: ServicesDep) -> None:
    """As `may_upload`, and the queue has room.

    Raises:
        DrainingError, RateLimitedError, QueueFullError, StorageFullError
    """
    _not_draining(services)
    services.rate_limit.hit("screening", client)
    with services.database.read() as session:
        check_queue(session, services.settings, client)
    check_room(services.settings)


def _not_draining(services: Services) -> None:
    if services.settings.draining:
        raise DrainingError(
            "The service is about to stop and takes no new work. Please try again soon.",
            retry_after_s=RETRY_DRAINING_S,
        )
