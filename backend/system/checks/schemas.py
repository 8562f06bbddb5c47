"""Request and response bodies of checks."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Name = Literal["labels", "patients", "releases", "missing", "contents", "pixels", "stray"]

FINDING_EXAMPLE: dict[str, Any] = {
    "kind": "preview_missing",
    "subject": "contribution",
    "id": "5f0e9d5a-58a0-4c3b-9d0f-3f6f1c1e2a77",
    "text": "The preview of a contributed recording is no longer stored.",
    "advice": "",
    "mendable": True,
    "mended": False,
}
CHECK_EXAMPLE: dict[str, Any] = {
    "id": "0b6f2f0c-8a3c-4b63-9d6e-0e4d0d8f8b51",
    "state": "done",
    "deep": False,
    "fix": False,
    "only": [],
    "created_at": "2025-03-01T12:00:00Z",
    "started_at": "2025-03-01T12:00:01Z",
    "finished_at": "2025-03-01T12:00:09Z",
    "stage": "",
    "looked_at": 0,
    "ended": ["labels", "patients", "releases", "missing", "contents", "pixels", "stray"],
    "counts": {"preview_missing": {"found": 1, "mendable": 1, "mended": 0}},
    "error": None,
}


class CheckRunIn(BaseModel):
    """The options of a check."""

    model_config = ConfigDict(extra="forbid")

    deep: bool = Field(default=False, description="Also read and hash all stored bytes.")
    fix: bool = Field(default=False, description="Mend what needs no human judgement.")
    only: list[Name] = Field(
        default=[], max_length=10, description="Kinds of damage; empty for all."
    )


class CountOut(BaseModel):
    """The number of findings of one kind."""

    found: int
    mendable: int = Field(description="Can be mended without human judgement.")
    mended: int


class FindingOut(BaseModel):
    """One thing that is not as it should be."""

    model_config = ConfigDict(json_schema_extra={"examples": [FINDING_EXAMPLE]})

    kind: str = Field(description="A stable name for programs.")
    subject: str = Field(description="What it is about: `contribution`, `recording`, `storage` …")
    id: str
    text: str
    advice: str = Field(description="What a person should do if it cannot be mended.")
    mendable: bool
    mended: bool


class CheckRunOut(BaseModel):
    """A check with its progress."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [CHECK_EXAMPLE]})

    id: UUID
    state: Literal["queued", "running", "done", "failed"]
    deep: bool
    fix: bool
    only: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stage: str = Field(description="The current stage.")
    looked_at: int = Field(description="Rows or objects checked in this stage.")
    ended: list[str] = Field(description="The finished stages.")
    counts: dict[str, CountOut] = Field(description="By kind of finding.")
    error: str | None = Field(description="Why it is incomplete.")


class CheckRunDetail(CheckRunOut):
    """A check with its findings."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{**CHECK_EXAMPLE, "findings": [FINDING_EXAMPLE]}]},
    )

    findings: list[FindingOut] = Field(description="The first 1,000.")


class CheckRuns(BaseModel):
    """The latest checks, newest first, without their findings."""

    items: list[CheckRunOut]
