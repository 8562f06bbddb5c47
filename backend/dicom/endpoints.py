"""HTTP of DICOM: STOW-RS, reports, deliveries to peers, and what came."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from backend.accounts.deps import CurrentReviewer, get_contributor, get_reviewer
from backend.core.pagination import LONGEST_PAGE, PAGE
from backend.dicom import service, stow
from backend.dicom.receiving import Sender
from backend.dicom.related import boundary_of, parts
from backend.dicom.schemas import (
    DeliveriesOut,
    DeliveryIn,
    DeliveryOut,
    InstancesOut,
    PeerOut,
)
from backend.http.deps import (
    ClientDep,
    ReadSessionDep,
    ServicesDep,
    SessionDep,
    SettingsDep,
    refuse_if_draining,
)
from backend.http.multipart import check_room
from backend.http.openapi import problems
from backend.storage.private_files import private_folder
from backend.tables import DicomService
from backend.tables.vocabulary import JobState

STOW = "dicomweb"
DICOM_JSON = "application/dicom+json"

router = APIRouter(tags=["dicom"])

ScreeningId = Annotated[UUID, Path(description="The screening's id.")]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]
_REVIEWERS = [Depends(get_reviewer)]

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            'multipart/related; type="application/dicom"': {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "DICOM files (PS3.10), one in each part.",
                }
            }
        },
    }
}
_ANSWER: dict[str, Any] = {
    "description": "ReferencedSOPSequence names what is stored, FailedSOPSequence the rest, with "
    "the reason.",
    "content": {DICOM_JSON: {"schema": {"type": "object"}}},
}
_REPORT: dict[str, Any] = {
    "description": "A Comprehensive SR (template 1500).",
    "content": {"application/dicom": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    f"/{STOW}/studies",
    summary="Store DICOM instances (STOW-RS)",
    response_class=JSONResponse,
    dependencies=[Depends(get_contributor)],
    openapi_extra=_BODY,
    responses={200: _ANSWER, 202: _ANSWER, 409: _ANSWER, **problems(400, 408, 413, 415, 503, 507)},
)
async def store_instances(request: Request, services: ServicesDep, client: ClientDep) -> Response:
    """Store and screen every instance of the body; 202 where some were refused, 409 where all."""
    return await _store(request, services, client, None)


@router.post(
    f"/{STOW}/studies/{{study}}",
    summary="Store DICOM instances of one study (STOW-RS)",
    response_class=JSONResponse,
    dependencies=[Depends(get_contributor)],
    openapi_extra=_BODY,
    responses={
        200: _ANSWER,
        202: _ANSWER,
        409: _ANSWER,
        **problems(400, 408, 413, 415, 422, 503, 507),
    },
)
async def store_instances_of_study(
    request: Request,
    services: ServicesDep,
    client: ClientDep,
    study: Annotated[str, Path(pattern=r"^[0-9.]{1,64}$", description="Study Instance UID.")],
) -> Response:
    """As `POST /dicomweb/studies`; an instance of another study is refused."""
    return await _store(request, services, client, study)


async def _store(
    request: Request, services: ServicesDep, client: str, study: str | None
) -> Response:
    settings = services.settings
    refuse_if_draining(services)
    content_type = request.headers.get("content-type", "")
    boundary_of(content_type)
    check_room(settings)
    sender = Sender(DicomService.STOW, client)
    with private_folder(settings.incoming_dir) as folder:
        files = parts(
            request.stream(),
            content_type,
            folder,
            settings.dicom_max_instance_bytes,
            settings.upload_idle_s,
        )
        status, answer = await stow.store(services, sender, files, study)
    return JSONResponse(answer.to_json_dict(), status, media_type=DICOM_JSON)


@router.get(
    "/screenings/{screening_id}/report.dcm",
    summary="Its structured report",
    response_class=Response,
    responses={200: _REPORT, **problems(404, 409, 410, 422)},
)
def get_report(screening_id: ScreeningId, services: ServicesDep) -> Response:
    """The answer as a DICOM SR of the recording's study; 409 where that did not come as DICOM."""
    content = service.report(services.database, services.storage, screening_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{screening_id}.dcm"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/dicom", headers=headers)


@router.post(
    "/screenings/{screening_id}/deliveries",
    status_code=202,
    summary="Send its answer to a peer",
    responses=problems(404, 409, 410, 422),
)
def deliver(
    screening_id: ScreeningId,
    form: DeliveryIn,
    user: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
) -> DeliveryOut:
    """Queue the report and its picture for a configured peer; once more if it had ended.

    They have the same SOP Instance UIDs each time, so that the peer has one of each.
    """
    return service.deliver(session, settings, user, screening_id, form.peer)


@router.get(
    "/screenings/{screening_id}/deliveries",
    summary="Where its answer was sent",
    dependencies=_REVIEWERS,
    responses=problems(404, 422),
)
def get_deliveries_of(screening_id: ScreeningId, session: ReadSessionDep) -> list[DeliveryOut]:
    """The deliveries of a screening, one for each peer."""
    return service.deliveries_of(session, screening_id)


@router.get(
    "/dicom/deliveries",
    summary="All deliveries",
    dependencies=_REVIEWERS,
    responses=problems(422),
)
def get_deliveries(
    session: ReadSessionDep,
    state: Annotated[JobState | None, Query(description="Left out: all.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE,
) -> DeliveriesOut:
    """Answers that were or are to be sent to peers, the newest first."""
    return service.deliveries(session, state, cursor, limit)


@router.get(
    "/dicom/instances",
    summary="What came by DICOM",
    dependencies=_REVIEWERS,
    responses=problems(422),
)
def get_instances(
    session: ReadSessionDep, cursor: Cursor = None, limit: Limit = PAGE
) -> InstancesOut:
    """Instances that machines and PACS have stored here, the newest first."""
    return service.instances(session, cursor, limit)


@router.get("/dicom/peers", summary="The configured peers", dependencies=_REVIEWERS)
def get_peers(session: ReadSessionDep, settings: SettingsDep) -> list[PeerOut]:
    """Where answers can be sent, and how many wait or have failed."""
    return service.list_peers(session, settings)
