"""HTTP of the service itself: health and limits."""

from fastapi import APIRouter

from backend.http.deps import ServicesDep, SettingsDep
from backend.http.openapi import problems
from backend.system.health import service
from backend.system.health.schemas import Health, Limits

router = APIRouter(tags=["service"])


@router.get("/health", summary="Health", responses=problems(503))
def get_health(services: ServicesDep) -> Health:
    """Database, storage, queue and workers. 503 if the database or the storage is down."""
    return service.health(services.database, services.storage, services.settings)


@router.get("/limits", summary="Limits of uploads")
def get_limits(settings: SettingsDep) -> Limits:
    """Sizes, types and rates, so that clients can check before they upload."""
    return service.limits(settings)
