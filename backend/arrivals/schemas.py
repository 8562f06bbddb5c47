"""What goes out about files on their way into a submission."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from backend.tables.vocabulary import ArrivalState


class ArrivalError(BaseModel):
    """Why a file was not taken in."""

    code: str
    message: str


class ReportRow(BaseModel):
    """A row of a manifest, and why it did not count; null where it did."""

    line: int
    file_name: str
    problem: str | None


class ArrivalOut(BaseModel):
    """A file that was sent for a submission, and what became of it."""

    id: UUID = Field(description="Also the last part of the upload's URL.")
    parent_id: UUID | None = Field(description="The archive that it is an entry of.")
    file_name: str
    bytes: int
    received: int = Field(description="Bytes that are here.")
    state: ArrivalState
    kind: str | None = Field(description="recording, archive or manifest, once it is known.")
    done: int = Field(description="Entries of an archive that are through.")
    total: int
    error: ArrivalError | None
    report: list[ReportRow] = Field(description="What became of a manifest's rows.")
    contribution_id: UUID | None
    created_at: datetime
    expires_at: datetime = Field(description="Its last byte must be here by then.")


class ArrivalPage(BaseModel):
    """A page of files."""

    items: list[ArrivalOut]
    next: str | None
