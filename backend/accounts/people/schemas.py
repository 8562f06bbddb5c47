"""Request and response bodies for administering accounts."""

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts.schemas import UserOut
from backend.tables.vocabulary import Role


class PersonIn(BaseModel):
    """What an administrator changes; omitted fields stay as they are."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    disabled: bool | None = Field(
        None, strict=True, description="True: sessions end, API tokens stop working."
    )


class People(BaseModel):
    """A page of accounts, sorted by address."""

    items: list[UserOut]
    next: str | None = Field(description="The cursor of the next page.")
