"""HTTP of checks, for administrators: start one, and view the results of the latest."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from backend.accounts.deps import CurrentAdmin, get_admin
from backend.http.deps import ReadSessionDep, SessionDep
from backend.http.openapi import problems
from backend.system.checks import service
from backend.system.checks.schemas import CheckRunDetail, CheckRunIn, CheckRunOut, CheckRuns

router = APIRouter(prefix="/checks", tags=["checks"])

_ADMINS = [Depends(get_admin)]


@router.get("", summary="The latest checks", dependencies=_ADMINS, responses=problems(401, 403))
def list_checks(session: ReadSessionDep) -> CheckRuns:
    """Newest first, without their findings. The last twenty are kept."""
    return service.list_checks(session)


@router.post(
    "",
    status_code=202,
    summary="Check what is stored",
    responses={
        202: {"description": "It is queued; Location holds its address."},
        **problems(401, 403, 409, 422),
    },
)
def start_check(
    body: CheckRunIn, response: Response, session: SessionDep, admin: CurrentAdmin
) -> CheckRunOut:
    """Check labels, patients, bytes and pixels for consistency while the service runs."""
    check = service.start(session, admin, body)
    response.headers["Location"] = f"{service.PATH}/{check.id}"
    return CheckRunOut.model_validate(check)


@router.get(
    "/{check_id}", summary="A check", dependencies=_ADMINS, responses=problems(401, 403, 404, 422)
)
def get_check(
    check_id: Annotated[UUID, Path(description="The check's id.")], session: ReadSessionDep
) -> CheckRunDetail:
    """Its progress, and its findings so far."""
    return service.find(session, check_id)
