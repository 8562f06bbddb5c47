"""Checks before the body of an upload is read."""

from fastapi import Request

from backend.accounts.deps import require_screening_access
from backend.http.deps import ClientDep, ServicesDep, refuse_if_draining
from backend.http.multipart import check_room


def may_upload(request: Request, client: ClientDep, services: ServicesDep) -> None:
    """Refuse an upload that cannot be accepted, before its body is read.

    Raises:
        NotSignedInError, ForbiddenError: the service is closed.
        DrainingError, RateLimitedError, StorageFullError
    """
    require_screening_access(request, services)
    refuse_if_draining(services)
    services.rate_limit.hit("recording", client)
    check_room(services.settings)
