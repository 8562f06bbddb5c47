"""The tables of releases: numbered versions of the dataset, their items, reported labels."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.columns import TypedJSON, string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.contributions import Contribution
from backend.tables.leases import LeaseMixin
from backend.tables.vocabulary import Label, Probe

MetadataRow = dict[str, str]
"""What a release publishes of a recording: the cells of its row by column (`releases.metadata`)."""


class StoredFile(BaseModel):
    """One file of a release: its `path` in the archive, and what lies under `key` in the storage.

    `bytes` is its size, `sha256` its digest in hexadecimal, `crc32` that of the ZIP format.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    key: str
    bytes: int
    sha256: str
    crc32: int


class TopFiles(BaseModel):
    """The files at the top of a release, such as its tables; none until it is done."""

    model_config = ConfigDict(frozen=True)

    files: list[StoredFile] = []


class ItemFiles(BaseModel):
    """The files of one recording in a release: itself, and its sampled frames in their order."""

    model_config = ConfigDict(frozen=True)

    recording: StoredFile
    frames: list[StoredFile]

    def all(self) -> list[StoredFile]:
        """Every one of them, the recording first, as the archive has them."""
        return [self.recording, *self.frames]


class Facts(BaseModel):
    """What was found in a recording: size in pixels, frames, and frames a second (of a video)."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    frames: int
    rate: float | Literal[""]


class Counts(BaseModel):
    """How many recordings of one class were made with one kind of probe."""

    videos: int = Field(ge=0)
    images: int = Field(ge=0)
    frames: int = Field(ge=0, description="Sampled frames of both.")


class ClassCounts(BaseModel):
    """One class, as a line of the paper's Table 1."""

    label: Label
    convex: Counts
    linear: Counts


class Summary(BaseModel):
    """What is in a release, in numbers."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    recordings: int = Field(ge=0)
    frames: int = Field(ge=0)
    patients: int = Field(ge=0, description="Of those recordings that name one.")
    left_out: int = Field(
        default=0,
        ge=0,
        description="Recordings that no model learns from or is tested on, since their patient or "
        "a copy of them is tested in another fold.",
    )
    classes: list[ClassCounts]
    licences: dict[str, int]


class Relabelled(BaseModel):
    """A recording that had another label in the release before."""

    id: UUID
    before: Label
    after: Label


class Difference(BaseModel):
    """What has changed since the release before."""

    since: int | None = Field(description="Its number; null for the first release.")
    added: list[UUID]
    withdrawn: list[UUID] = Field(description="What was in it and is not in this one.")
    relabelled: list[Relabelled]
    corrected: list[UUID] = Field(description="Another word in its row than the label.")


class Release(LeaseMixin, Base):
    """A version of the dataset: immutable once `done`.

    `summary` holds counts per class and probe, `diff` the difference to the release before; both
    are None until then. `diff` may name every recording: it is only read where it is asked for
    (`backend.releases.repository.diff`). `files` holds each file below
    `storage.release_folder(number)`.
    `done` of `total` counts recordings; `archive_bytes` is the archive's size as it was then.
    `removals` counts how often a recording of it was removed (withdrawn, or rejected after a
    report) or came back; `measured_removals` is what it was when its `ArchivePart`s were measured,
    null without any, and `measured_bytes` and `measured_etag` are those of the archive then.
    """

    __tablename__ = "releases"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(String(500))
    summary: Mapped[Summary | None] = mapped_column(
        TypedJSON(Summary, none_as_empty=True), nullable=False
    )
    diff: Mapped[Difference | None] = mapped_column(
        TypedJSON(Difference), deferred=True, deferred_raiseload=True
    )
    files: Mapped[TopFiles] = mapped_column(TypedJSON(TopFiles), default=TopFiles)
    archive_bytes: Mapped[int | None] = mapped_column(BigInteger)
    removals: Mapped[int] = mapped_column(default=0)
    measured_removals: Mapped[int | None]
    measured_bytes: Mapped[int | None] = mapped_column(BigInteger)
    measured_etag: Mapped[str | None] = mapped_column(String(40))

    items: Mapped[list["ReleaseItem"]] = relationship(back_populates="release", lazy="raise")


class ReleaseItem(Base):
    """A contribution in a release: its fold, and its row in the table as it was then.

    `files` tells where each of its files lies in the release and in the storage, `facts` what was
    found in the recording itself. Both are null until the worker has come to it. `copies` lists the
    contributions of the same release that look like it (null in releases of before that was known);
    `left_out` says that no model may learn from it or be tested on it, since its patient or a copy
    of it is tested in another fold. `removed` says that it must no longer be shown: a trigger keeps
    it, and the `removals` of the release, in step with the contribution's state.
    """

    __tablename__ = "release_items"
    __table_args__ = (
        Index(
            "ix_release_items_removed",
            "release_number",
            "contribution_id",
            sqlite_where=text("removed = 1"),
            postgresql_where=text("removed"),
        ),
        Index("ix_release_items_label", "release_number", "label", "contribution_id"),
        Index("ix_release_items_probe", "release_number", "probe", "contribution_id"),
        Index(
            "ix_release_items_unmeasured",
            "release_number",
            "removed",  # SQLite takes the index of which a query compares most columns
            "contribution_id",
            sqlite_where=text("files IS NULL"),
            postgresql_where=text("files IS NULL"),
        ),
    )

    release_number: Mapped[int] = mapped_column(ForeignKey("releases.number"), primary_key=True)
    contribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("contributions.id"), primary_key=True, index=True
    )
    group_key: Mapped[str] = mapped_column(ForeignKey("fold_assignments.group_key"))
    fold: Mapped[int]
    copies: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    left_out: Mapped[bool] = mapped_column(default=False)
    removed: Mapped[bool] = mapped_column(default=False)
    label: Mapped[Label] = mapped_column(string_enum(Label, 20))
    probe: Mapped[Probe] = mapped_column(string_enum(Probe, 10))
    row: Mapped[MetadataRow] = mapped_column(JSON)
    facts: Mapped[Facts | None] = mapped_column(TypedJSON(Facts))
    files: Mapped[ItemFiles | None] = mapped_column(TypedJSON(ItemFiles))

    release: Mapped[Release] = relationship(back_populates="items", lazy="raise")
    contribution: Mapped[Contribution] = relationship(lazy="raise")


class ArchivePart(Base):
    """The size of a run of recordings in a release's archive (`backend.releases.archive.Run`).

    It has the recordings from `first_id` on, up to the next part's, without the removed ones, whose
    lines of `WITHDRAWN.csv` are in `withdrawn`.
    """

    __tablename__ = "archive_parts"

    release_number: Mapped[int] = mapped_column(ForeignKey("releases.number"), primary_key=True)
    first_id: Mapped[UUID] = mapped_column(primary_key=True)
    members: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    directory_bytes: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    withdrawn: Mapped[str] = mapped_column(Text)


class FoldAssignment(Base):
    """The fold of a group (a patient, or a recording without one): never changed once given.

    Where it becomes known later that groups belong together, `backend.releases.folds` says which
    one counts.

    `number` is what is published of a patient: counted through, it leads back to nobody.
    """

    __tablename__ = "fold_assignments"

    group_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    fold: Mapped[int]
    assigned_in: Mapped[int]


class LabelReport(Base):
    """Somebody's word that a released label is wrong; it opens a review of the contribution."""

    __tablename__ = "label_reports"
    __table_args__ = (UniqueConstraint("contribution_id", "client"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    contribution_id: Mapped[UUID] = mapped_column(ForeignKey("contributions.id"), index=True)
    release_number: Mapped[int] = mapped_column(ForeignKey("releases.number"))
    client: Mapped[str] = mapped_column(String(32))
    label: Mapped[Label | None] = mapped_column(string_enum(Label, 20))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
