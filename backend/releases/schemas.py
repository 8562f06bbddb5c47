"""Request and response bodies of releases."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.core.pagination import NO_NUL
from backend.tables.releases import Difference, Summary
from backend.tables.vocabulary import JobState, Label, Licence, Probe

MAX_NOTE = 2000
MAX_MESSAGE = 1000


class FileOut(BaseModel):
    """A file at the top level of a release."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str


class MakingProgress(BaseModel):
    """How far building a release has come, in recordings."""

    done: int = Field(ge=0)
    total: int = Field(ge=0)


class ReleaseLine(BaseModel):
    """A release in a list. Only administrators see unfinished ones."""

    number: int = Field(ge=1)
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    note: str
    error: str | None
    progress: MakingProgress
    summary: Summary | None = Field(description="Null until it is done.")
    archive_bytes: int | None = Field(description="Size of the archive when it was built.")


class ReleaseOut(ReleaseLine):
    """One version of the dataset."""

    diff: Difference | None = Field(description="Null until it is done.")
    files: list[FileOut]
    withdrawn: list[UUID] = Field(
        description="Withdrawn since: still in the table, but without pixels."
    )
    archive_url: str
    csv_url: str
    croissant_url: str


class NextRelease(BaseModel):
    """What a release would hold if it were created now."""

    ready: bool
    reason: str | None = Field(description="Why none can be created now.")
    waiting_for_ingest: int = Field(
        ge=0, description="Approved recordings that are still to be de-identified."
    )
    summary: Summary
    diff: Difference


class ItemOut(BaseModel):
    """A recording in a release."""

    id: UUID
    label: Label
    probe: Probe
    kind: str
    licence: Licence
    licence_url: str
    attribution: str
    patient: int | None = Field(description="The patient's number in this dataset.")
    fold: int = Field(ge=0, description="The fold that tests it, from 0.")
    left_out: bool = Field(
        description="Whether it is excluded from training and testing, since its patient or a copy "
        "of it is tested in another fold."
    )
    frames: int = Field(ge=0, description="The number of …/frames/{n}.jpg.")
    comment: str = Field(description="The reviewers' comments.")
    findings: dict[str, bool]
    withdrawn: bool = Field(description="Its pixels are deleted.")
    frame_url: str = Field(description="Replace {n} by the frame's index, from 0.")


class ReleaseIn(BaseModel):
    """A release to be created."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(default="", max_length=MAX_NOTE, pattern=NO_NUL, description="Release notes.")


class ReportIn(BaseModel):
    """A report that a label is wrong."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = Field(default=None, description="What it should be.")
    message: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=MAX_MESSAGE, pattern=NO_NUL
        ),
    ]


class ReportOut(BaseModel):
    """The recorded report; reviewers will review the recording again."""

    id: UUID
    created_at: datetime


class ReleasePage(BaseModel):
    """A page of releases, newest first."""

    items: list[ReleaseLine]
    next: str | None = Field(description="The cursor of the next page.")


class ItemPage(BaseModel):
    """A page of recordings of a release."""

    items: list[ItemOut]
    next: str | None = Field(description="The cursor of the next page.")
