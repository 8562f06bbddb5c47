"""HTTP of screenings: create, view, follow, delete."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, TypeVar
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from backend.accounts.deps import CurrentUser
from backend.core.errors import InvalidInputError, NotFoundError, UnsupportedTypeError
from backend.http.deps import (
    ClientDep,
    ReadSessionDep,
    ServicesDep,
    SessionDep,
    StorageDep,
    UploadSessionDep,
)
from backend.http.multipart import receive_upload
from backend.http.openapi import JPEG, PNG, UPLOAD_BODY, WHERE_CLOSED, problems
from backend.http.services import Services
from backend.recordings.importer import import_upload
from backend.recordings.schemas import Crop
from backend.screenings import service
from backend.screenings.deps import EstimatorDep, WatchDep, may_screen
from backend.screenings.estimates import QueueEstimator
from backend.screenings.schemas import MapKey, ScreeningIn, ScreeningOut
from backend.tables import Status
from models.contract import Probe

router = APIRouter(prefix="/screenings", tags=["screenings"])

ScreeningId = Annotated[UUID, Path(description="The screening's id.")]
FrameIndex = Annotated[int, Path(ge=0, le=999, description="Its index, from 0.")]
PIXELS_CACHE = {"Cache-Control": "private, max-age=600"}
REFRESH_S = 3.0
"""While nothing else changes, followers get a new estimate of the time left this often."""

_MAX_JSON_BYTES = 16 * 1024
_FILE_AND_CROP = UPLOAD_BODY["multipart/form-data"]["schema"]
_BODY = {
    "multipart/form-data": {
        "schema": _FILE_AND_CROP
        | {
            "properties": _FILE_AND_CROP["properties"]
            | {
                "crop": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "description": "The square as JSON text. Left out: the proposed one.",
                    "examples": ['{"x": 301, "y": 42, "size": 640}'],
                },
                "probe": {
                    "type": "string",
                    "enum": [each.value for each in Probe],
                    "default": Probe.CONVEX.value,
                    "description": "The signs alone answer for a linear probe.",
                },
            }
        }
    },
    "application/json": {"schema": {"$ref": "#/components/schemas/ScreeningIn"}},
}

Body = TypeVar("Body", bound=BaseModel)


@router.post(
    "",
    status_code=202,
    summary="Screen a recording",
    dependencies=[Depends(may_screen)],
    openapi_extra={"requestBody": {"required": True, "content": _BODY}, **WHERE_CLOSED},
    responses={
        202: {"description": "It is queued; Location holds its address."},
        **problems(400, 404, 408, 410, 413, 415, 422, 429, 503, 507),
    },
)
async def ask_screening(
    request: Request,
    response: Response,
    services: ServicesDep,
    session: UploadSessionDep,
    client: ClientDep,
    estimator: EstimatorDep,
) -> ScreeningOut:
    """Queue a screening of the file in the body, or of a recording uploaded earlier."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        screening = await _from_file(request, services, session, client, estimator)
    elif kind == "application/json":
        screening = await _from_recording(request, services, session, client, estimator)
    else:
        raise UnsupportedTypeError(
            "Send multipart/form-data with the recording as 'file', "
            f"or application/json with a recording_id; got {kind[:50] or 'no content type'!r}."
        )
    response.headers["Location"] = f"{service.PATH}/{screening.id}"
    return screening


async def _from_file(
    request: Request, services: Services, session: Session, client: str, estimator: QueueEstimator
) -> ScreeningOut:
    def import_and_queue() -> ScreeningOut:
        crop = None if upload.crop is None else _parse(Crop, upload.crop, "crop").square()
        probe = _parse_probe(upload.probe)
        recording = import_upload(session, services.storage, services.settings, upload, crop)
        screening = service.create(session, services.settings, client, recording, crop, probe)
        return service.to_schema(session, estimator, screening)

    async with receive_upload(request.headers, request.stream(), services.settings) as upload:
        return await to_thread.run_sync(import_and_queue, limiter=services.decode_limiter)


async def _from_recording(
    request: Request, services: Services, session: Session, client: str, estimator: QueueEstimator
) -> ScreeningOut:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_JSON_BYTES:
            raise InvalidInputError(f"The body is longer than {_MAX_JSON_BYTES} bytes.")
    form = _parse(ScreeningIn, bytes(body), "body")

    def find_and_queue() -> ScreeningOut:
        recording = service.find_recording(session, form.recording_id)
        crop = None if form.crop is None else form.crop.square()
        screening = service.create(
            session, services.settings, client, recording, crop, Probe(form.probe)
        )
        return service.to_schema(session, estimator, screening)

    return await to_thread.run_sync(find_and_queue)


def _parse_probe(text: str | None) -> Probe:
    if text is None:
        return Probe.CONVEX
    try:
        return Probe(text)
    except ValueError as error:
        known = " or ".join(repr(each.value) for each in Probe)
        raise InvalidInputError(f"probe: expected {known}, got {text[:50]!r}.") from error


def _parse(kind: type[Body], text: str | bytes, where: str) -> Body:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        errors = [
            {"where": ".".join([where, *map(str, detail["loc"])]), "message": detail["msg"]}
            for detail in error.errors(
                include_url=False, include_input=False, include_context=False
            )
        ]
        raise InvalidInputError(
            f"{errors[0]['where']}: {errors[0]['message']}.", errors=errors
        ) from error


@router.get("/{screening_id}", summary="A screening", responses=problems(404, 422))
def get_screening(
    screening_id: ScreeningId, session: ReadSessionDep, estimator: EstimatorDep
) -> ScreeningOut:
    """Its progress, and its result once it is done."""
    return service.to_schema(session, estimator, service.find(session, screening_id))


def _exists(screening_id: ScreeningId, session: ReadSessionDep) -> None:
    service.find(session, screening_id)


@router.get(
    "/{screening_id}/events",
    summary="Follow a screening",
    response_class=EventSourceResponse,
    dependencies=[Depends(_exists)],
    responses=problems(404, 422),
)
async def follow_screening(
    screening_id: ScreeningId, services: ServicesDep, estimator: EstimatorDep, watch: WatchDep
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events named `screening`, each with the same JSON as the GET.

    One is sent at once and one for each change. The stream ends when the screening is done, failed
    or deleted; if it ends earlier, the server was restarted: connect again.
    """

    def read() -> ScreeningOut:
        with services.database.read() as session:
            screening = service.find(session, screening_id)
            return service.to_schema(session, estimator, screening)

    last = None
    with watch.follow(screening_id) as changed:
        while not watch.stopping:
            changed.clear()
            try:
                current = await to_thread.run_sync(read)
            except NotFoundError:
                return
            if current != last:
                yield ServerSentEvent(event="screening", data=current)
                last = current
            if current.status in (Status.DONE, Status.FAILED):
                return
            try:
                async with asyncio.timeout(REFRESH_S):
                    await changed.wait()
            except TimeoutError:
                continue


@router.post(
    "/{screening_id}/answer-anyway",
    summary="Answer although it does not look like lung ultrasound",
    responses=problems(404, 409, 422),
)
def answer_anyway(
    screening_id: ScreeningId, user: CurrentUser, session: SessionDep, estimator: EstimatorDep
) -> ScreeningOut:
    """Show the class of a recording that is not usable, to everybody and for ever marked so.

    A second call changes nothing.
    """
    screening = service.answer_anyway(session, user, screening_id)
    return service.to_schema(session, estimator, screening)


@router.get(
    "/{screening_id}/frames/{index}.jpg",
    summary="A frame as it was screened",
    response_class=Response,
    responses={200: JPEG, **problems(404, 410, 422)},
)
def get_frame(
    screening_id: ScreeningId,
    index: FrameIndex,
    session: ReadSessionDep,
    storage: StorageDep,
) -> Response:
    """The square that the models saw, at most 512 pixels wide."""
    content = service.frame(session, storage, screening_id, index)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)


@router.get(
    "/{screening_id}/frames/{index}/signs.png",
    summary="Where its signs are",
    response_class=Response,
    responses={200: PNG, **problems(404, 410, 422)},
)
def get_signs(
    screening_id: ScreeningId,
    index: FrameIndex,
    session: ReadSessionDep,
    storage: StorageDep,
    sign: Annotated[
        MapKey | None,
        Query(description="One map in colour, transparent, 512 pixels wide, to lay over it."),
    ] = None,
) -> Response:
    """Maps of 14 × 14 places over a frame; 404 where the models know no signs.

    Without `sign` one grey picture, 14 pixels wide and 140 high, where 0 to 255 stands for 0 to 1:
    pleura, A-lines, B-lines, consolidation, effusion, other tissue and rib shadow, one below the
    other, and Grad-CAM of COVID-19, pneumonia and healthy. Where no class is shown, Grad-CAM is
    left out: black, or 404.
    """
    content, is_final = service.signs(session, storage, screening_id, index, sign)
    headers = PIXELS_CACHE if is_final else {"Cache-Control": "no-store"}
    return Response(content, media_type="image/png", headers=headers)


@router.delete(
    "/{screening_id}", status_code=204, summary="Delete it", responses=problems(404, 422)
)
def delete_screening(screening_id: ScreeningId, session: SessionDep) -> None:
    """Cancel it if it waits or runs; delete its frames, and its recording if it was the last."""
    service.delete(session, screening_id)
