"""HTTP of arriving files: the tus protocol by a library, held to our rules, and their list."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from tuspyserver import create_tus_router

from backend.accounts.deps import CurrentContributor
from backend.core.errors import BadRequestError, ConflictError
from backend.core.pagination import LONGEST_PAGE, PAGE
from backend.core.settings import Settings
from backend.http.deps import ReadSessionDep, ServicesDep, refuse_if_draining, transaction
from backend.http.openapi import problems
from backend.http.services import Services
from backend.submissions.uploads import service
from backend.submissions.uploads.schemas import UploadPage
from backend.submissions.uploads.store import UploadStore
from backend.tables import User
from backend.tables.vocabulary import UploadState

PREFIX = "uploads"

Begin = Callable[[dict[str, str], dict[str, Any]], Awaitable[None]]
Complete = Callable[[str, dict[str, Any]], Awaitable[None]]


def make_router(settings: Settings, services: Callable[[], Services]) -> APIRouter:
    """The routes, for an application with these settings whose services come at its start."""
    # The library's types know neither dependencies that are async nor hooks that are awaited or
    # answer with a dictionary; its code and its documentation do.
    uploads = create_tus_router(
        prefix=PREFIX,
        files_dir=str(settings.incoming_dir),  # where it writes nothing: the store does
        max_size=max(settings.max_archive_bytes, settings.max_upload_bytes),
        days_to_keep=settings.unfinished_upload_days,
        pre_create_dep=get_begin,  # type: ignore[arg-type]
        file_dep=get_place,  # type: ignore[arg-type]
        upload_complete_dep=get_complete,  # type: ignore[arg-type]
        tags=["submissions"],
        storage=UploadStore(services, transaction),
    )
    router = APIRouter(tags=["submissions"])
    router.include_router(
        uploads,
        dependencies=[Depends(check_upload)],
        default_response_class=Response,
        responses=problems(400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 503, 507),
    )
    router.add_api_route(
        "/submissions/{submission_id}/files",
        get_files,
        methods=["GET"],
        summary="Its files",
        responses=problems(401, 403, 404, 422),
    )
    return router


def get_files(
    submission_id: Annotated[UUID, Path(description="The submission's id.")],
    session: ReadSessionDep,
    user: CurrentContributor,
    state: UploadState | None = None,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> UploadPage:
    """What was sent for a submission, and what became of it; unfinished uploads too."""
    return service.page(session, user, submission_id, state, cursor, limit)


def check_upload(request: Request, services: ServicesDep, user: CurrentContributor) -> None:
    """Before the library reads anything: is it theirs, and is it something that we do?

    Raises:
        NotFoundError, ConflictError, BadRequestError, DrainingError
    """
    if request.method == "POST":
        refuse_if_draining(services)
        _check_creation(request)
    elif (upload_id := request.path_params.get("uuid")) is not None:
        with services.database.read() as session:
            upload = service.find(session, user, upload_id)
        receiving = upload.state == UploadState.RECEIVING
        if request.method == "PATCH" and not receiving:
            raise ConflictError("This upload is complete.")


def _check_creation(request: Request) -> None:
    headers = request.headers
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequestError("Create the upload without a body, then send the file by PATCH.")
    for name in ("upload-concat", "upload-defer-length"):
        if name in headers:
            raise BadRequestError(f"The header {name} asks for what is not done here.")


async def get_begin(services: ServicesDep, user: CurrentContributor) -> Begin:
    """Make the row before the library makes the upload."""

    async def begin(metadata: dict[str, str], upload: dict[str, Any]) -> None:
        upload_id = await to_thread.run_sync(_begin, services, user, metadata, upload["size"])
        metadata["upload"] = str(upload_id)

    return begin


def _begin(services: Services, user: User, metadata: dict[str, str], size: int | None) -> UUID:
    with transaction(services) as session:
        upload = service.begin(
            session,
            services.settings,
            user,
            metadata.get("submission", ""),
            metadata.get("filename", ""),
            size,
        )
    return upload.id


async def get_place() -> Callable[[dict[str, str]], dict[str, str]]:
    """The upload's id is that of the row."""
    return lambda metadata: {"uid": metadata["upload"]} if "upload" in metadata else {}


async def get_complete() -> Complete:
    """When the last byte is here, the store has told the worker already."""

    async def complete(_path: str, _metadata: dict[str, Any]) -> None:
        """Nothing is left to do."""

    return complete
