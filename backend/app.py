"""create_app(): lifespan, routers, error handlers, the static frontend."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any, cast

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware

from backend.accounts import endpoints as accounts_endpoints
from backend.accounts.people import endpoints as people_endpoints
from backend.accounts.schemas import TokenMade, TokenOut, UserOut
from backend.core import logs
from backend.core.db import Database
from backend.core.errors import NotFoundError
from backend.core.settings import Settings
from backend.dicom import endpoints as dicom_endpoints
from backend.dicom.schemas import DeliveryOut
from backend.http import api_docs, problems
from backend.http.middleware import BodyLimit, DrainRequestBody, RequestLog, SecurityHeaders
from backend.http.openapi import EVENT_STREAM, Problem, add_common_problems
from backend.http.services import make_services
from backend.installation import key
from backend.recordings import endpoints as recordings_endpoints
from backend.recordings.schemas import RecordingOut
from backend.releases import endpoints as releases_endpoints
from backend.reviews import endpoints as reviews_endpoints
from backend.screenings import endpoints as screenings_endpoints
from backend.screenings.estimates import QueueEstimator
from backend.screenings.schemas import ScreeningIn, ScreeningOut
from backend.screenings.watch import Watch
from backend.storage.private_files import sweep_data_folder
from backend.submissions import endpoints as submissions_endpoints
from backend.submissions.uploads import endpoints as uploads_endpoints
from backend.submissions.uploads.guard import UploadGuard
from backend.system.audit_log import endpoints as audits_endpoints
from backend.system.audit_log.schemas import AuditEventOut
from backend.system.checks import endpoints as checks_endpoints
from backend.system.checks.schemas import CheckRunDetail, CheckRunOut
from backend.system.health import endpoints as health_endpoints
from backend.system.health.service import VERSION
from backend.trainings import endpoints as trainings_endpoints
from backend.trainings.artifacts import endpoints as artifacts_endpoints
from models.contract import DISCLAIMER

API = "/api/v1"

SWEEP_EVERY_S = 600.0
"""Interval between two sweeps of what killed processes left in the data folder."""

_UPLOADS = ("recordings", "screenings", dicom_endpoints.STOW, uploads_endpoints.PREFIX)
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_EXAMPLES_WITH_NULLS: tuple[type[BaseModel], ...] = (
    AuditEventOut,
    CheckRunDetail,
    CheckRunOut,
    DeliveryOut,
    RecordingOut,
    ScreeningOut,
    TokenMade,
    TokenOut,
    UserOut,
)
_DESCRIPTION = f"""\
Lung ultrasound screening for COVID-19, pneumonia and healthy lungs, after POCOVID-Net. \
{DISCLAIMER} Every error is application/problem+json with a stable code."""

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web application for these settings, or for those of the environment.

    The database must have been migrated (`migrations.upgrade`).
    """
    settings = settings or Settings()
    logs.configure(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database.connect(settings)
        watch = Watch(database)
        try:
            key.establish(database, settings)
        except SQLAlchemyError:
            log.warning("database_unreachable", exc_info=True)  # the first request tries again
        app.state.services = make_services(
            settings, database, partial(key.for_requests, database, settings)
        )
        app.state.watch, app.state.estimator = watch, QueueEstimator(settings)
        app.state.end_streams = watch.close
        removed = sweep_data_folder(settings)
        log.info("started", version=VERSION, leftovers_removed=removed)
        sweeping = asyncio.create_task(_sweep_regularly(settings))
        yield
        sweeping.cancel()
        await watch.close()
        app.state.services.celery.close()
        database.close()
        log.info("stopped")

    app = FastAPI(
        routes=_routes().routes,
        title="POCOVIDScreen",
        description=_DESCRIPTION,
        version=VERSION,
        lifespan=lifespan,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # FastAPI's own page loads scripts from another host
        redoc_url=None,
        middleware=[
            Middleware(RequestLog),
            Middleware(SecurityHeaders),
            Middleware(DrainRequestBody),
            Middleware(problems.Unhandled),
            Middleware(BodyLimit, uploads=tuple(f"{API}/{path}" for path in _UPLOADS)),
            Middleware(
                UploadGuard,
                path=f"{API}/{uploads_endpoints.PREFIX}",
                idle_s=settings.upload_idle_s,
            ),
        ],
    )
    problems.install(app)
    uploads = uploads_endpoints.make_router(settings, lambda: app.state.services)
    app.include_router(uploads, prefix=API)
    _complete_openapi(app)
    _serve_pages(app, settings)
    return app


async def _sweep_regularly(settings: Settings) -> None:
    """Remove what killed processes left in the data folder, once it is old enough."""
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        try:
            await to_thread.run_sync(sweep_data_folder, settings)
        except OSError:
            log.exception("data_folder_sweep_failed")


@cache
def _routes() -> APIRouter:
    """Every route that depends on no setting, built once: FastAPI takes 0.2 s to inspect them."""
    router = APIRouter(prefix=API)
    for feature in (
        recordings_endpoints,
        screenings_endpoints,
        reviews_endpoints,
        accounts_endpoints,
        people_endpoints,
        audits_endpoints,
        releases_endpoints,
        submissions_endpoints,
        trainings_endpoints,
        artifacts_endpoints,
        checks_endpoints,
        dicom_endpoints,
        health_endpoints,
    ):
        router.include_router(feature.router)
    return router


def _complete_openapi(app: FastAPI) -> None:
    """Add the schemas that only our own `$ref`s refer to."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            for model in (Problem, ScreeningIn):
                schemas[model.__name__] = model.model_json_schema(
                    ref_template="#/components/schemas/{model}"
                )
                schemas[model.__name__].pop("$defs", None)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for schema in _EXAMPLES_WITH_NULLS:  # FastAPI drops the nulls
                extra = cast("dict[str, Any]", schema.model_config["json_schema_extra"])
                schemas[schema.__name__]["examples"] = extra["examples"]
            # FastAPI writes itemSchema of OpenAPI 3.2 here, into a 3.1 document
            events = document["paths"][f"{API}/screenings/{{screening_id}}/events"]
            events["get"]["responses"]["200"]["content"] = EVENT_STREAM
            add_common_problems(document)
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation does


def _serve_pages(app: FastAPI, settings: Settings) -> None:
    @app.get("/api/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(api_docs.docs(app.openapi()))

    @app.api_route("/api/{path:path}", methods=_METHODS, include_in_schema=False)
    def unknown(request: Request, path: str) -> None:
        """Answer calls that do not exist with a problem; otherwise the page would be served."""
        for route, operations in app.openapi()["paths"].items():
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), request.url.path):
                allowed = ", ".join(method.upper() for method in operations)
                raise HTTPException(405, headers={"Allow": allowed})
        raise NotFoundError(f"The path /api/{path[:200]} does not exist.")

    if (settings.frontend_dir / "index.html").is_file():
        app.frontend("/", directory=settings.frontend_dir, fallback="index.html")
    else:
        log.warning("frontend_not_built", folder=str(settings.frontend_dir))
