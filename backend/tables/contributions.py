"""The tables of contributions: submissions, and their recordings on the way into the dataset."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.columns import TypedJSON, string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.accounts import User
from backend.tables.leases import LeaseMixin
from backend.tables.vocabulary import (
    AgeBand,
    BluePoint,
    ContributionState,
    Finding,
    JobState,
    Label,
    Licence,
    Probe,
    Sex,
    Symptom,
    UploadState,
)

FILE_NAME = String(255).with_variant(String(1024), "postgresql")
"""Up to 1024 characters, with folders; SQLite does not hold a text to the length of its column."""


class Submission(Base):
    """What a contributor sends at once. A draft until `submitted_at`, which needs the consent.

    `defaults` holds the fields set once for all (`ContributionFields` of the API), which a
    recording's own fields override. `manifest` holds the rows of all tables that were sent, in a
    draft also those for files that are still to come (`submissions.apply_manifest`). A submitted
    one keeps only the rows of its recordings, which `pocovid check` compares them with. A draft
    that nobody has touched since `touched_at` is deleted.
    """

    __tablename__ = "submissions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    contributor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str] = mapped_column(String(200), default="")
    defaults: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    consent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    touched_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)

    contributor: Mapped[User] = relationship(lazy="raise")
    contributions: Mapped[list["Contribution"]] = relationship(
        back_populates="submission", lazy="raise", passive_deletes=True
    )


class Cine(BaseModel):
    """The frames of the reviewers' player: when each is shown, in seconds, and their size as read,
    in pixels.
    """

    model_config = ConfigDict(frozen=True)

    times_s: list[float]
    width: int
    height: int


class Contribution(Base):
    """One recording of a submission, from its upload to its place in the dataset.

    What the contributor says stands in `label` … `note`, empty where the submission's defaults
    count, which are copied here when it is submitted; what the reviewers decided in `final_*`,
    which is what a release holds. While it is a draft, `set_by_hand` and `set_by_table` name the
    fields that a person and a table filled, `withheld` those whose default does not count, since a
    table says something of them that cannot be used; `table_digest` is that of what the table
    says, null where no row tells of this recording.

    `original_key` is the private upload and null once it is deleted; `pixels_key` is the re-encoded
    recording without any metadata (ingest made it), and `dataset_frames` counts its sampled square
    frames, at `storage.dataset_frame_key(id, n)`.

    `whole_key` is the de-identified copy in full length and full frame, which is private and is
    what a review plays that is opened again. `cine` tells of the player's frames, null where there
    are none.

    `claimed_by` is the reviewer at work on it until `claimed_until`. `prep_state` and
    `ingest_state` are those of the worker's two tasks (`vocabulary.JobState`, null where nothing
    was asked), each fenced by its attempt as screenings are; `*_lost` counts the workers that
    vanished since it was asked, `*_queued_at` is when the queue was last told; `*_due_at` and
    `*_away_since` are as a screening's.
    """

    __tablename__ = "contributions"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'pending', 'changes_requested', 'approved', 'rejected', "
            "'withdrawn')",
            name="state_known",
        ),
        Index("ix_contributions_state_submitted_at", "state", "submitted_at"),
        Index("ix_contributions_prep_state_prep_notified_at", "prep_state", "prep_notified_at"),
        Index(
            "ix_contributions_ingest_state_ingest_notified_at", "ingest_state", "ingest_notified_at"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[ContributionState] = mapped_column(
        string_enum(ContributionState, 20), default=ContributionState.DRAFT
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    pixels_deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # of a withdrawn one

    # the file, as it came
    file_name: Mapped[str] = mapped_column(FILE_NAME)  # the contributor's own; never published
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    original_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    preview_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    format: Mapped[str] = mapped_column(String(10))
    media_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    duration_s: Mapped[float | None]
    frames: Mapped[int]
    sampled_frames: Mapped[int]
    square_x: Mapped[int]
    square_y: Mapped[int]
    square_size: Mapped[int]
    fingerprints: Mapped[list[str]] = mapped_column(JSON)  # perceptual hashes, hexadecimal

    # what the contributor says
    label: Mapped[Label | None] = mapped_column(string_enum(Label, 20))
    probe: Mapped[Probe | None] = mapped_column(string_enum(Probe, 10))
    licence: Mapped[Licence | None] = mapped_column(string_enum(Licence, 40))
    source: Mapped[str] = mapped_column(String(200), default="")
    patient_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    age_band: Mapped[AgeBand | None] = mapped_column(string_enum(AgeBand, 10))
    sex: Mapped[Sex | None] = mapped_column(string_enum(Sex, 10))
    blue_point: Mapped[BluePoint | None] = mapped_column(string_enum(BluePoint, 20))
    findings: Mapped[dict[Finding, bool]] = mapped_column(
        TypedJSON(dict[Finding, bool]), default=dict
    )
    symptoms: Mapped[list[Symptom]] = mapped_column(TypedJSON(list[Symptom]), default=list)
    note: Mapped[str] = mapped_column(Text, default="")
    answer_to_reviewer: Mapped[str] = mapped_column(Text, default="")
    set_by_hand: Mapped[list[str]] = mapped_column(JSON, default=list)
    set_by_table: Mapped[list[str]] = mapped_column(JSON, default=list)
    withheld: Mapped[list[str]] = mapped_column(JSON, default=list)
    table_digest: Mapped[str | None] = mapped_column(String(64))

    # preparation for the reviewers
    prep_state: Mapped[JobState | None] = mapped_column(string_enum(JobState, 10))
    prep_attempt: Mapped[int] = mapped_column(default=0)
    prep_notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    prep_heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    prep_lost: Mapped[int] = mapped_column(default=0)
    prep_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    prep_away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    prep_error: Mapped[str | None] = mapped_column(String(500))
    cine: Mapped[Cine | None] = mapped_column(TypedJSON(Cine))
    model_answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    # review
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    review_round: Mapped[int] = mapped_column(default=1)
    disputed: Mapped[bool] = mapped_column(default=False)

    # what was decided
    final_label: Mapped[Label | None] = mapped_column(string_enum(Label, 20))
    final_findings: Mapped[dict[Finding, bool]] = mapped_column(
        TypedJSON(dict[Finding, bool]), default=dict
    )
    final_square_x: Mapped[int | None]
    final_square_y: Mapped[int | None]
    final_square_size: Mapped[int | None]
    trim_start_s: Mapped[float | None]
    trim_end_s: Mapped[float | None]
    md_comment: Mapped[str] = mapped_column(Text, default="")

    # ingest
    ingest_state: Mapped[JobState | None] = mapped_column(string_enum(JobState, 10))
    ingest_attempt: Mapped[int] = mapped_column(default=0)
    ingest_notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ingest_heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ingest_lost: Mapped[int] = mapped_column(default=0)
    ingest_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ingest_away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ingest_error: Mapped[str | None] = mapped_column(String(500))
    whole_key: Mapped[str | None] = mapped_column(String(200))
    pixels_key: Mapped[str | None] = mapped_column(String(200))
    pixels_sha256: Mapped[str | None] = mapped_column(String(64))
    dataset_frames: Mapped[int] = mapped_column(default=0)

    submission: Mapped[Submission] = relationship(back_populates="contributions", lazy="raise")


class Upload(LeaseMixin, Base):
    """A file on its way into a submission, sent in pieces, and what became of it.

    Its bytes lie in the storage, in pieces (`UploadPiece`), of which `received` bytes are there,
    until a worker has imported it: as a contribution, as the rows of a manifest (`report`), or,
    for an archive, as one further upload for each of its entries (`parent_id`, `entry`), of which
    `done` of `total` are through.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(
            "state IN ('receiving', 'queued', 'running', 'done', 'failed')", name="state_known"
        ),
        # As it was named when an upload was an upload: SQLite cannot rename it.
        UniqueConstraint("parent_id", "entry", name="uq_arrivals_parent_id_entry"),
        Index("ix_uploads_state_queued_at", "state", "queued_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), index=True
    )
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"))
    entry: Mapped[int | None]
    file_name: Mapped[str] = mapped_column(FILE_NAME)  # the contributor's own; never published
    bytes: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[UploadState] = mapped_column(  # type: ignore[assignment]  # also `receiving`
        string_enum(UploadState, 10), default=UploadState.RECEIVING
    )
    kind: Mapped[str | None] = mapped_column(String(10))  # recording, archive or manifest
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    queued_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(String(500))
    report: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    contribution_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("contributions.id", ondelete="SET NULL"), index=True
    )


class UploadPiece(Base):
    """Some bytes of an arriving file, from `start` on, and where in the storage they lie.

    The pieces of a file have no gaps between them and end where `received` says.
    """

    __tablename__ = "upload_pieces"

    upload_id: Mapped[UUID] = mapped_column(
        ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    bytes: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(200), unique=True)
