"""Response bodies of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

EVENT_EXAMPLE: dict[str, Any] = {
    "id": 4711,
    "at": "2025-03-01T12:00:00Z",
    "actor_id": "0b6f2f0c-8a3c-4b63-9d6e-0e4d0d8f8b51",
    "actor_name": "Jane Doe",
    "actor_role": "admin",
    "action": "users.role_changed",
    "subject_kind": "user",
    "subject_id": "5f0e9d5a-58a0-4c3b-9d0f-3f6f1c1e2a77",
    "detail": {"before": "contributor", "now": "reviewer"},
    "request_id": "6f1c1f0e-7f0b-4b8e-9a52-0c6c6a0d9e11",
}


class AuditEventOut(BaseModel):
    """Who did what to what, and when."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EVENT_EXAMPLE]})

    id: int
    at: datetime
    actor_id: UUID | None = Field(
        description="Null for the service itself and for anonymous requests."
    )
    actor_name: str | None = Field(description="The current name; the log itself holds no names.")
    actor_role: str = Field(description="At the time; or `service`, or `anonymous`.")
    action: str = Field(description="`feature.verb`.")
    subject_kind: str
    subject_id: str
    detail: dict[str, Any]
    request_id: str = Field(description="As in the response's `X-Request-ID` and in log lines.")


class AuditEvents(BaseModel):
    """A page of events, newest first."""

    items: list[AuditEventOut]
    next: str | None = Field(description="The cursor of the next page.")
