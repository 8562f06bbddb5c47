"""What goes in and out about checks."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Name = Literal["labels", "patients", "releases", "missing", "contents", "pixels", "stray"]

FINDING_EXAMPLE: dict[str, Any] = {
    "kind": "preview_missing",
    "subject": "contribution",
    "id": "5f0e9d5a-58a0-4c3b-9d0f-3f6f1c1e2a77",
    "text": "The preview of a contributed recording is not stored any more.",
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
    """What a check is to look for."""

    model_config = ConfigDict(extra="forbid")

    deep: bool = Field(default=False, description="Also read and hash all stored bytes.")
    fix: bool = Field(default=False, description="Mend what takes nobody's judgement.")
    only: list[Name] = Field(
        default=[], max_length=10, description="Kinds of damage; empty for all."
    )


class CountOut(BaseModel):
    """How many findings there were of one kind."""

    found: int
    mendable: int = Field(description="Can be mended without anybody's judgement.")
    mended: int


class FindingOut(BaseModel):
    """One thing that is not as it should be."""

    model_config = ConfigDict(json_schema_extra={"examples": [FINDING_EXAMPLE]})

    kind: str = Field(description="A stable name for programs.")
    subject: str = Field(description="What it is about: `contribution`, `recording`, `storage` …")
    id: str
    text: str
    advice: str = Field(description="What a person should do, where it cannot be mended.")
    mendable: bool
    mended: bool


class CheckRunOut(BaseModel):
    """A check, and how far it is."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [CHECK_EXAMPLE]})

    id: UUID
    state: Literal["queued", "running", "done", "failed"]
    deep: bool
    fix: bool
    only: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stage: str = Field(description="What is looked for now.")
    looked_at: int = Field(description="Rows or objects that this stage has looked at.")
    ended: list[str] = Field(description="What was looked for already.")
    counts: dict[str, CountOut] = Field(description="By kind of finding.")
    error: str | None = Field(description="Why it could not look at everything.")


class CheckRunDetail(CheckRunOut):
    """A check with what it found."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{**CHECK_EXAMPLE, "findings": [FINDING_EXAMPLE]}]},
    )

    findings: list[FindingOut] = Field(description="The first 1,000.")


class CheckRuns(BaseModel):
    """The last checks, the newest first, without what they found."""

    items: list[CheckRunOut]
