"""What goes out about files on their way into a submission."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.tables.vocabulary import UploadState

RowStatus = Literal["used", "loose", "waiting", "doubt", "partly", "refused"]


class UploadError(BaseModel):
    """Why a file was not imported."""

    code: str
    message: str


class ReportRow(BaseModel):
    """A row of a manifest, and why it did not count; null where it did."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    table: str = Field("", description="The name of the table, where it was sent under one.")
    line: int = Field(description="In the file, counted from 1; line 1 names the columns.")
    file_name: str
    status: RowStatus | None = Field(
        None,
        description=(
            "used: it filled a recording; loose: one whose name differs in case or punctuation; "
            "waiting: its file is not here; doubt: it cannot be told which file or row counts; "
            "partly: some cells cannot be used; refused: nothing of it counts."
        ),
    )
    problem: str | None
    note: str | None = Field(None, description="What to know of it, where it does count.")


class UploadOut(BaseModel):
    """A file that was sent for a submission, and what became of it."""

    id: UUID = Field(description="Also the last part of the upload's URL.")
    parent_id: UUID | None = Field(description="The archive that it is an entry of.")
    file_name: str
    bytes: int
    received: int = Field(description="Bytes that are here.")
    state: UploadState
    kind: str | None = Field(description="recording, archive or manifest, once it is known.")
    done: int = Field(description="Entries of an archive that are through.")
    total: int
    error: UploadError | None
    report: list[ReportRow] = Field(
        description="What became of a manifest's rows; of an archive, what was skipped."
    )
    contribution_id: UUID | None
    created_at: datetime
    expires_at: datetime = Field(description="Its last byte must be here by then.")


class UploadPage(BaseModel):
    """A page of files."""

    items: list[UploadOut]
    next: str | None
