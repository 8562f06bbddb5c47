"""HTTP of people, for administrators: who has an account, and with which role."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from backend.accounts.deps import CurrentAdmin
from backend.accounts.people import service
from backend.accounts.people.schemas import People, PersonIn
from backend.accounts.schemas import UserOut
from backend.core.pagination import LONGEST_PAGE, NO_NUL, PAGE
from backend.http.deps import ReadSessionDep, SessionDep
from backend.http.openapi import problems

router = APIRouter(prefix="/users", tags=["people"])


@router.get("", summary="Accounts", responses=problems(422))
def get_users(
    _admin: CurrentAdmin,
    session: ReadSessionDep,
    q: Annotated[
        str,
        Query(
            max_length=200,
            pattern=NO_NUL,
            description="Part of a name, an address or an affiliation.",
        ),
    ] = "",
    cursor: Annotated[str, Query(max_length=254, pattern=NO_NUL)] = "",
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> People:
    """All accounts, sorted by address."""
    return service.list_people(session, q, cursor, limit)


@router.patch(
    "/{user_id}",
    summary="Change or disable an account",
    responses=problems(404, 409, 422),
)
def change_user(
    user_id: Annotated[UUID, Path(description="The account's id.")],
    changes: PersonIn,
    admin: CurrentAdmin,
    session: SessionDep,
) -> UserOut:
    """Change a role; disable or enable an account. The last administrator cannot be removed."""
    user = service.change(session, admin, user_id, changes.role, changes.disabled)
    return UserOut.model_validate(user)
