"""What goes in and out about releases."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.core.pagination import NO_NUL
from backend.tables.releases import Difference, Summary
from backend.tables.vocabulary import JobState, Label, Licence, Probe

MOST_NOTE = 2000
MOST_MESSAGE = 1000


class FileOut(BaseModel):
    """A file at the top of a release."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str


class MakingProgress(BaseModel):
    """How far the making of a release is, in recordings."""

    done: int = Field(ge=0)
    total: int = Field(ge=0)


class ReleaseLine(BaseModel):
    """A release in a list. Only an admin sees others than finished ones."""

    number: int = Field(ge=1)
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    note: str
    error: str | None
    progress: MakingProgress
    summary: Summary | None = Field(description="Null until it is done.")
    archive_bytes: int | None = Field(description="Size of the archive when it was made.")


class ReleaseOut(ReleaseLine):
    """One version of the dataset."""

    diff: Difference | None = Field(description="Null until it is done.")
    files: list[FileOut]
    withdrawn: list[UUID] = Field(
        description="Withdrawn since: still listed in the table, their pixels are gone."
    )
    archive_url: str
    csv_url: str
    croissant_url: str


class NextRelease(BaseModel):
    """What a release would hold if it were made now."""

    ready: bool
    reason: str | None = Field(description="Why none can be made now.")
    waiting_for_ingest: int = Field(
        ge=0, description="Approved recordings that a worker has still to take in."
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
        description="Whether no model learns from it or is tested on it: its patient or a copy of "
        "it is tested in another fold."
    )
    frames: int = Field(ge=0, description="How many …/frames/{n}.jpg there are.")
    comment: str = Field(description="What a medical doctor said of it.")
    findings: dict[str, bool]
    withdrawn: bool = Field(description="Its pixels are gone.")
    frame_url: str = Field(description="Put a number from 0 in place of {n}.")


class ReleaseIn(BaseModel):
    """A release to be made."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(
        default="", max_length=MOST_NOTE, pattern=NO_NUL, description="What people should know."
    )


class ReportIn(BaseModel):
    """Somebody's word that a label is wrong."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = Field(default=None, description="What it should be.")
    message: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=MOST_MESSAGE, pattern=NO_NUL
        ),
    ]


class ReportOut(BaseModel):
    """The report is noted, and somebody will look at the recording again."""

    id: UUID
    created_at: datetime


class ReleasePage(BaseModel):
    """Some releases, the newest first."""

    items: list[ReleaseLine]
    next: str | None = Field(description="Give it as `cursor` for those that follow.")


class ItemPage(BaseModel):
    """Some recordings of a release."""

    items: list[ItemOut]
    next: str | None = Field(description="Give it as `cursor` for those that follow.")
