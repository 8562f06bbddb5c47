"""HTTP of accounts."""

from fastapi import APIRouter

from backend.accounts import service
from backend.accounts.schemas import UserOut
from backend.deps import AccountDep

router = APIRouter(tags=["accounts"])


@router.get("/me", summary="My account")
def get_me(user: AccountDep) -> UserOut:
    """Who is signed in, or whose API token asks."""
    return service.shown(user)
