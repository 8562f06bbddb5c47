"""Dependencies of screenings, and the checks before a body is read."""

from typing import Annotated, cast

from fastapi import Depends, Request

from backend.accounts.deps import require_screening_access
from backend.http.deps import ClientDep, ServicesDep, refuse_if_draining
from backend.http.multipart import check_room
from backend.screenings.estimates import QueueEstimator
from backend.screenings.service import check_queue
from backend.screenings.watch import Watch


async def get_estimator(request: Request) -> QueueEstimator:
    """The estimator of waiting times."""
    return cast("QueueEstimator", request.app.state.estimator)


async def get_watch(request: Request) -> Watch:
    """The watch that notices changed screenings."""
    return cast("Watch", request.app.state.watch)


EstimatorDep = Annotated[QueueEstimator, Depends(get_estimator)]
WatchDep = Annotated[Watch, Depends(get_watch)]


def may_screen(request: Request, client: ClientDep, services: ServicesDep) -> None:
    """As `may_upload`, and check that the queue has room.

    Raises:
        NotSignedInError, ForbiddenError: the service is closed.
        DrainingError, RateLimitedError, QueueFullError, StorageFullError
    """
    require_screening_access(request, services)
    refuse_if_draining(services)
    services.rate_limit.hit("screening", client)
    with services.database.read() as session:
        check_queue(session, services.settings, client)
    check_room(services.settings)
