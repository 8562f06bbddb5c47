"""The rules of accounts."""

from backend.accounts.schemas import UserOut
from backend.tables import User


def shown(user: User) -> UserOut:
    """The row as its owner sees it."""
    return UserOut.model_validate(user)
