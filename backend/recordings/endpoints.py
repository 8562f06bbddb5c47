"""HTTP of recordings: upload, view, delete."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Request, Response

from backend.http.deps import ReadSessionDep, ServicesDep, SessionDep, StorageDep, UploadSessionDep
from backend.http.multipart import receive_upload
from backend.http.openapi import JPEG, UPLOAD_BODY, WHERE_CLOSED, problems
from backend.recordings import service
from backend.recordings.deps import may_upload
from backend.recordings.importer import import_upload
from backend.recordings.schemas import RecordingOut

router = APIRouter(prefix="/recordings", tags=["recordings"])

RecordingId = Annotated[UUID, Path(description="The recording's id.")]
PIXELS_CACHE = {"Cache-Control": "private, max-age=600"}


@router.post(
    "",
    status_code=201,
    summary="Upload a recording",
    dependencies=[Depends(may_upload)],
    openapi_extra={"requestBody": {"required": True, "content": UPLOAD_BODY}, **WHERE_CLOSED},
    responses=problems(400, 408, 413, 415, 422, 429, 503, 507),
)
async def upload_recording(
    request: Request, response: Response, services: ServicesDep, session: UploadSessionDep
) -> RecordingOut:
    """Store an image or video; the answer says what it is, with a preview and a proposed square.

    Nothing is screened yet: send its id to `POST /screenings`.
    """
    async with receive_upload(request.headers, request.stream(), services.settings) as upload:
        recording = await to_thread.run_sync(
            import_upload,
            session,
            services.storage,
            services.settings,
            upload,
            None,
            limiter=services.decode_limiter,
        )
    response.headers["Location"] = f"{service.PATH}/{recording.id}"
    return service.to_schema(recording)


@router.get("/{recording_id}", summary="A recording", responses=problems(404, 422))
def get_recording(recording_id: RecordingId, session: ReadSessionDep) -> RecordingOut:
    """Its format, size, length and proposed square."""
    return service.to_schema(service.find(session, recording_id))


@router.get(
    "/{recording_id}/preview.jpg",
    summary="Its preview",
    response_class=Response,
    responses={200: JPEG, **problems(404, 410, 422)},
)
def get_preview(
    recording_id: RecordingId, session: ReadSessionDep, storage: StorageDep
) -> Response:
    """The first screened frame, uncropped, its longer side at most 1024 pixels."""
    content = service.preview(session, storage, recording_id)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)


@router.delete(
    "/{recording_id}", status_code=204, summary="Delete it", responses=problems(404, 422)
)
def delete_recording(recording_id: RecordingId, session: SessionDep) -> None:
    """Delete a recording with its pixels and its screenings, including running ones."""
    service.delete(session, recording_id)
