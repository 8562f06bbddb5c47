"""HTTP of checks, all of it for admins: start one, look at what the last ones found."""

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


@router.get("", summary="The last checks", dependencies=_ADMINS, responses=problems(401, 403))
def list_checks(session: ReadSessionDep) -> CheckRuns:
    """The newest first, without what they found. Twenty are kept."""
    return service.listed(session)


@router.post(
    "",
    status_code=202,
    summary="Check what is stored",
    responses={
        202: {"description": "It is queued; Location is where to look."},
        **problems(401, 403, 409, 422),
    },
)
def start_check(
    wanted: CheckRunIn, response: Response, session: SessionDep, admin: CurrentAdmin
) -> CheckRunOut:
    """Hold labels, patients, bytes and pixels against each other; the service goes on meanwhile."""
    check = service.start(session, admin, wanted)
    response.headers["Location"] = f"{service.PATH}/{check.id}"
    return CheckRunOut.model_validate(check)


@router.get(
    "/{check_id}", summary="A check", dependencies=_ADMINS, responses=problems(401, 403, 404, 422)
)
def get_check(
    check_id: Annotated[UUID, Path(description="The check's id.")], session: ReadSessionDep
) -> CheckRunDetail:
    """How far it is, and what it has found so far."""
    return service.find(session, check_id)
