"""HTTP of releases: versions of the dataset for everybody, and creating one for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from backend.accounts.deps import CurrentAdmin, OptionalUser, get_admin
from backend.core.db import utc_now
from backend.core.pagination import LONGEST_PAGE, PAGE
from backend.http.deps import ClientDep, ReadSessionDep, ServicesDep, SessionDep, StorageDep
from backend.http.openapi import JPEG, problems
from backend.http.ranges import UnsatisfiableError, requested_range
from backend.releases import public, reports, service
from backend.releases.schemas import (
    ItemPage,
    NextRelease,
    ReleaseIn,
    ReleaseOut,
    ReleasePage,
    ReportIn,
    ReportOut,
)
from backend.tables import User
from backend.tables.vocabulary import Label, Probe, Role

router = APIRouter(prefix="/releases", tags=["releases"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The release's number.")]
ItemId = Annotated[UUID, Path(description="The recording's id.")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]
Cursor = Annotated[str | None, Query(max_length=9, description="`next` of the page before.")]

ZIP = "application/zip"
_CACHE = {"Cache-Control": "public, max-age=600"}
"""Not longer, since withdrawn recordings must disappear."""
_REVALIDATE = {"Cache-Control": "public, no-cache"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get("", summary="Versions of the dataset", responses=problems(401, 422))
def list_releases(
    session: ReadSessionDep, user: OptionalUser, cursor: Cursor = None, limit: Limit = PAGE
) -> ReleasePage:
    """Finished releases, newest first; administrators also see the others."""
    return public.page(session, cursor, limit, every_state=_is_admin(user))


@router.post(
    "",
    status_code=202,
    summary="Create a release",
    responses={
        202: {"description": "A worker builds it; Location holds its address."},
        **problems(401, 403, 409, 422),
    },
)
def make_release(
    body: ReleaseIn, response: Response, session: SessionDep, admin: CurrentAdmin
) -> ReleaseOut:
    """Request an immutable version of everything approved and de-identified."""
    release = service.create(session, admin, body.note)
    response.headers["Location"] = f"{public.PATH}/{release.number}"
    return public.to_schema(session, release)


@router.get(
    "/next",
    summary="Preview of the next release",
    dependencies=[Depends(get_admin)],
    responses=problems(401, 403),
)
def next_release(session: ReadSessionDep) -> NextRelease:
    """Counts, the difference to the last release, and why none can be created now, if so."""
    return service.preview(session, utc_now())


@router.get("/{number}", summary="A version of the dataset", responses=problems(401, 404, 422))
def get_release(number: Number, session: ReadSessionDep, user: OptionalUser) -> ReleaseOut:
    """Counts per class, the difference to the previous release, files with their checksums."""
    release = public.find(session, number, every_state=_is_admin(user))
    return public.to_schema(session, release)


@router.head("/{number}/archive.zip", include_in_schema=False)
@router.get(
    "/{number}/archive.zip",
    summary="Download the archive",
    response_class=StreamingResponse,
    responses={
        200: {"description": "A ZIP, streamed.", "content": {ZIP: _BINARY}},
        206: {"description": "The part requested by Range.", "content": {ZIP: _BINARY}},
        416: {"description": "The range starts beyond the end."},
        **problems(404, 422),
    },
)
def download(
    number: Number,
    request: Request,
    session: ReadSessionDep,
    services: ServicesDep,
    storage: StorageDep,
) -> Response:
    """Recordings, frames and tables, without recordings withdrawn since.

    Accepts one `Range`, so that a download can be resumed; send the `ETag` as `If-Range` to start
    over if a recording was withdrawn in the meantime.
    """
    archive = public.archive(session, number, services.database.read)
    headers = {
        **_REVALIDATE,
        "Accept-Ranges": "bytes",
        "ETag": archive.etag,
        "Content-Disposition": f'attachment; filename="pocovid-release-{number}.zip"',
    }
    if request.headers.get("if-none-match") == archive.etag:
        return Response(status_code=304, headers=headers)
    try:
        part = requested_range(
            request.headers.get("range"),
            request.headers.get("if-range"),
            archive.etag,
            archive.size,
        )
    except UnsatisfiableError:
        return Response(
            status_code=416, headers=headers | {"Content-Range": f"bytes */{archive.size}"}
        )
    headers["Content-Length"] = str(part.stop - part.start)
    if not part.is_complete:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{archive.size}"
    status = 200 if part.is_complete else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=ZIP)
    content = archive.read(part.start, part.stop, storage.open)
    return StreamingResponse(content, status, headers, ZIP)


@router.get(
    "/{number}/dataset_metadata.csv",
    summary="The table of all recordings",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "CSV."}, **problems(404, 422)},
)
def get_table(number: Number, session: ReadSessionDep, storage: StorageDep) -> Response:
    """The columns of the public dataset (POCOVID-Net, appendix A), followed by ours."""
    content = public.document(session, storage, number, "dataset_metadata.csv")
    return Response(content, media_type="text/csv", headers=_CACHE)


@router.get(
    "/{number}/croissant.json",
    summary="Metadata for programs",
    response_class=Response,
    responses={
        200: {"content": {"application/ld+json": {}}, "description": "JSON-LD."},
        **problems(404, 422),
    },
)
def get_croissant(number: Number, session: ReadSessionDep, storage: StorageDep) -> Response:
    """MLCommons Croissant 1.0; its paths refer to the archive."""
    content = public.document(session, storage, number, "croissant.json")
    return Response(content, media_type="application/ld+json", headers=_CACHE)


@router.get("/{number}/items", summary="Recordings of a release", responses=problems(404, 422))
def list_items(
    number: Number,
    session: ReadSessionDep,
    label: Label | None = None,
    probe: Probe | None = None,
    cursor: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = PAGE,
) -> ItemPage:
    """In a fixed random order, optionally of one class or probe."""
    public.find(session, number)
    last = None if cursor is None else str(cursor)
    return public.items(session, number, cursor=last, limit=limit, label=label, probe=probe)


@router.get(
    "/{number}/items/{item_id}/frames/{index}.jpg",
    summary="A sampled frame",
    response_class=Response,
    responses={200: JPEG, **problems(404, 410, 422)},
)
def get_frame(
    number: Number,
    item_id: ItemId,
    index: Annotated[int, Path(ge=0, le=999, description="Its index, from 0.")],
    session: ReadSessionDep,
    storage: StorageDep,
) -> Response:
    """At most 512 pixels wide; the archive has the original size."""
    content = public.frame(session, storage, number, item_id, index)
    return Response(content, media_type="image/jpeg", headers=_CACHE)


def _may_report(client: ClientDep, services: ServicesDep) -> None:
    services.rate_limit.hit("report", client)


@router.post(
    "/{number}/items/{item_id}/reports",
    status_code=201,
    summary="Report a wrong label",
    dependencies=[Depends(_may_report)],
    responses=problems(404, 409, 410, 422, 429),
)
def report_label(
    number: Number,
    item_id: ItemId,
    body: ReportIn,
    request: Request,
    services: ServicesDep,
    session: SessionDep,
) -> ReportOut:
    """Open to anybody, once per recording; reviewers then review it again."""
    address = request.client and request.client.host
    client = services.clients.digest_for(address, f"report {item_id}")
    return reports.report(session, number, item_id, client, body)


def _is_admin(user: User | None) -> bool:
    return user is not None and user.role == Role.ADMIN
