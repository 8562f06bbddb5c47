"""What an upload of a recording needs before any of its body is read."""

from fastapi import Request

from backend.accounts.deps import require_screening_access
from backend.http.deps import ClientDep, ServicesDep, refuse_if_draining
from backend.http.multipart import check_room


def may_upload(request: Request, client: ClientDep, services: ServicesDep) -> None:
    """Refuse, before any of the body is read, what cannot be taken anyway.

    Raises:
        NotSignedInError, ForbiddenError: where the service is closed.
        DrainingError, RateLimitedError, StorageFullError
    """
    require_screening_access(request, services)
    refuse_if_draining(services)
    services.rate_limit.hit("recording", client)
    check_room(services.settings)
