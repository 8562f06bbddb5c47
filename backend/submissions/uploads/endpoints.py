"""HTTP of uploads for submissions: the tus protocol by a library, our checks, and the list."""

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
    """The routes for these settings; `services` is called per request, after the start."""
    # The library's type hints lack async dependencies, and hooks that are awaited or return a
    # dictionary; its code and its documentation support both.
    uploads = create_tus_router(
        prefix=PREFIX,
        files_dir=str(settings.incoming_dir),  # unused: our store writes elsewhere
        max_size=max(settings.max_archive_bytes, settings.max_upload_bytes),
        days_to_keep=settings.unfinished_upload_days,
        pre_create_dep=get_begin,  # type: ignore[arg-type]
        file_dep=get_upload_id,  # type: ignore[arg-type]
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
    """The uploads of a submission and their outcome, including unfinished ones."""
    return service.page(session, user, submission_id, state, cursor, limit)


def check_upload(request: Request, services: ServicesDep, user: CurrentContributor) -> None:
    """Check, before the library reads anything, that the upload is the user's and supported.

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
            raise BadRequestError(f"The header {name} is not supported.")


async def get_begin(services: ServicesDep, user: CurrentContributor) -> Begin:
    """Create the row before the library creates the upload."""

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


async def get_upload_id() -> Callable[[dict[str, str]], dict[str, str]]:
    """Use the row's id as the upload's id."""
    return lambda metadata: {"uid": metadata["upload"]} if "upload" in metadata else {}


async def get_complete() -> Complete:
    """A hook that does nothing: the store queues the import itself."""

    async def complete(_path: str, _metadata: dict[str, Any]) -> None:
        """Do nothing."""

    return complete
