"""What goes in and out about accounts."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.tables.vocabulary import Role


class UserOut(BaseModel):
    """An account, as its owner and administrators see it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "0b6f2f0c-8a3c-4b63-9d6e-0e4d0d8f8b51",
                    "email": "jane.doe@example.org",
                    "name": "Jane Doe",
                    "affiliation": "Charité, Berlin",
                    "role": "contributor",
                    "created_at": "2025-03-01T12:00:00Z",
                    "disabled_at": None,
                }
            ]
        },
    )

    id: UUID
    email: str
    name: str
    affiliation: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since then nobody can sign in to it.")
