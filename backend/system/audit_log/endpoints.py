"""HTTP of the audit log, for administrators."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from backend.accounts.deps import get_admin
from backend.core.errors import InvalidInputError
from backend.core.pagination import LONGEST_PAGE, NO_NUL, PAGE
from backend.http.deps import ReadSessionDep, ServicesDep
from backend.http.openapi import problems
from backend.system.audit_log import service
from backend.system.audit_log.repository import Filters
from backend.system.audit_log.schemas import AuditEvents

router = APIRouter(tags=["audit"], dependencies=[Depends(get_admin)])


async def get_filters(
    action: Annotated[
        str,
        Query(
            max_length=50,
            pattern=NO_NUL,
            description="Such as `users.role_changed`, or `users` for the feature.",
        ),
    ] = "",
    actor: Annotated[UUID | None, Query(description="An account's id.")] = None,
    subject: Annotated[
        str, Query(max_length=64, pattern=NO_NUL, description="The id of the subject.")
    ] = "",
    since: Annotated[datetime | None, Query(description="Without a zone: UTC.")] = None,
) -> Filters:
    """The filters of the query."""
    if since is not None:
        try:
            since = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
        except OverflowError as error:
            raise InvalidInputError("`since` is out of range.") from error
    return Filters(action, actor, subject, since)


FiltersDep = Annotated[Filters, Depends(get_filters)]


@router.get("/audit", summary="The audit log", responses=problems(422))
def get_audit(
    filters: FiltersDep,
    session: ReadSessionDep,
    cursor: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> AuditEvents:
    """Who did what to what, newest first. The log is append-only."""
    return service.list_events(session, filters, cursor, limit)


@router.get(
    "/audit.csv",
    summary="The audit log as CSV",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "All events, newest first, as a stream.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        **problems(422),
    },
)
def export_audit(filters: FiltersDep, services: ServicesDep) -> StreamingResponse:
    """All events that match the filters, with a header line."""
    return StreamingResponse(
        service.export(services.database, filters),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
