"""What goes in and out about the accounts of others."""

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.schemas import UserOut
from backend.tables.vocabulary import Role


class PersonIn(BaseModel):
    """What an administrator changes; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    disabled: bool | None = Field(
        None, strict=True, description="True: sessions end, API tokens do nothing."
    )


class People(BaseModel):
    """Accounts by their addresses, a page of them."""

    items: list[UserOut]
    next: str | None = Field(description="The cursor of the next page.")
