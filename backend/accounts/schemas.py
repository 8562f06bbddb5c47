"""Request and response bodies of accounts."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from backend.tables.vocabulary import Role, Scope

USER_EXAMPLE: dict[str, Any] = {
    "id": "0b6f2f0c-8a3c-4b63-9d6e-0e4d0d8f8b51",
    "email": "jane.doe@example.org",
    "name": "Jane Doe",
    "affiliation": "Charité, Berlin",
    "role": "contributor",
    "created_at": "2025-03-01T12:00:00Z",
    "disabled_at": None,
}
TOKEN_EXAMPLE: dict[str, Any] = {
    "id": "5f0e9d5a-58a0-4c3b-9d0f-3f6f1c1e2a77",
    "name": "the ward's upload script",
    "hint": "pocovid_Qm9vNg",
    "scopes": ["submit"],
    "created_at": "2025-03-01T12:00:00Z",
    "expires_at": "2025-05-30T12:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}
MAX_TOKEN_DAYS = 3650

_ON_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_STRICT = ConfigDict(extra="forbid")

Address = Annotated[
    EmailStr, StringConstraints(max_length=254), AfterValidator(lambda text: text.lower())
]
"""An e-mail address in lower case."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_ON_ONE_LINE),
]
Affiliation = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_ON_ONE_LINE)
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""As typed; `backend.core.passwords.check` has the rules for a new one."""


class UserOut(BaseModel):
    """An account as seen by its owner and by administrators."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [USER_EXAMPLE]})

    id: UUID
    email: str
    name: str
    affiliation: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = Field(
        description="Nobody has been able to sign in to it since then."
    )


class SignUpIn(BaseModel):
    """A new account."""

    model_config = _STRICT

    email: Address
    name: Name
    affiliation: Affiliation = ""
    password: Password = Field(description="12 to 200 characters.")


class SignInIn(BaseModel):
    """The credentials of a sign-in."""

    model_config = _STRICT

    email: Address
    password: Password


class ProfileIn(BaseModel):
    """What people change about themselves; omitted fields stay as they are."""

    model_config = _STRICT

    name: Name | None = None
    affiliation: Affiliation | None = None


class NewPasswordIn(BaseModel):
    """The current password and the new one."""

    model_config = _STRICT

    current_password: Password
    new_password: Password = Field(description="12 to 200 characters.")


class ResetIn(BaseModel):
    """The account whose password was forgotten."""

    model_config = _STRICT

    email: Address


class ResetPasswordIn(BaseModel):
    """The new password to set with a reset link."""

    model_config = _STRICT

    password: Password = Field(description="12 to 200 characters.")


class TokenIn(BaseModel):
    """A new API token."""

    model_config = _STRICT

    name: Name = Field(description="For its owner, to tell tokens apart.")
    scopes: Annotated[set[Scope], Field(min_length=1)]
    expires_in_days: Annotated[int, Field(ge=1, le=MAX_TOKEN_DAYS)] | None = Field(
        90, description="Null: never."
    )


class TokenOut(BaseModel):
    """An API token; its secret is not stored."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [TOKEN_EXAMPLE]})

    id: UUID
    name: str
    hint: str = Field(description="Its first characters.")
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Accurate to a few minutes.")
    revoked_at: datetime | None


class TokenMade(TokenOut):
    """A new API token with its secret, which is shown only once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [TOKEN_EXAMPLE | {"secret": "pocovid_Qm9vNg…"}]}
    )

    secret: str = Field(description="What goes in `Authorization: Bearer …`.")


class Tokens(BaseModel):
    """All API tokens of an account, newest first."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    items: list[TokenOut]
    next: None = None
