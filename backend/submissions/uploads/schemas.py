"""Response bodies of uploads for submissions."""

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
    """The outcome of a manifest row; `problem` is null if it was used."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    table: str = Field("", description="The name of the table, if it was sent with one.")
    line: int = Field(description="In the file, counted from 1; line 1 names the columns.")
    file_name: str
    status: RowStatus | None = Field(
        None,
        description=(
            "used: it filled in a recording; loose: one whose name differs in case or punctuation; "
            "waiting: its file has not been uploaded; doubt: several files or rows may match; "
            "partly: some cells cannot be used; refused: none of it is used."
        ),
    )
    problem: str | None
    note: str | None = Field(None, description="A remark on a row that was used.")


class UploadOut(BaseModel):
    """A file uploaded for a submission, and its outcome."""

    id: UUID = Field(description="Also the last part of the upload's URL.")
    parent_id: UUID | None = Field(description="The archive that it is an entry of.")
    file_name: str
    bytes: int
    received: int = Field(description="Bytes received so far.")
    state: UploadState
    kind: str | None = Field(description="recording, archive or manifest, once it is known.")
    done: int = Field(description="Finished entries of an archive.")
    total: int
    error: UploadError | None
    report: list[ReportRow] = Field(
        description="The outcome of a manifest's rows; for an archive, what was skipped."
    )
    contribution_id: UUID | None
    created_at: datetime
    expires_at: datetime = Field(description="The upload must be complete by then.")


class UploadPage(BaseModel):
    """A page of files."""

    items: list[UploadOut]
    next: str | None
