"""The tables of contributions: submissions, and their recordings on the way into the dataset."""

from datetime import datetime
from typing import Required
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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from typing_extensions import TypedDict

from backend.core.columns import TypedJSON, string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.accounts import User
from backend.tables.leases import LeaseMixin
from backend.tables.media import MediaMixin
from backend.tables.predictions import StoredPrediction
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
from models.contract import Prediction
from models.media.masking import TextBox

FILE_NAME = String(255).with_variant(String(1024), "postgresql")
"""Up to 1024 characters, with folders; SQLite does not hold a text to the length of its column."""


def _where(condition: str, name: str, *columns: str) -> Index:
    """An index of the rows for which a condition holds."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class FieldValues(TypedDict, total=False):
    """The fields of a recording that somebody filled in, by column; None: left empty on purpose."""

    label: Label | None
    probe: Probe | None
    licence: Licence | None
    source: str | None
    patient_hash: str | None
    age_band: AgeBand | None
    sex: Sex | None
    blue_point: BluePoint | None
    findings: dict[Finding, bool] | None
    symptoms: list[Symptom] | None
    note: str | None


class ManifestRow(TypedDict, total=False):
    """A row of a manifest, with its `line` in the file, counted from 1.

    `table` is the manifest's file name, and `within` the id of the archive whose files alone it is
    about, empty where it is about all of them; rows of earlier versions have neither. `refused`
    names the fields whose cells could not be used, so that no default takes their place.
    """

    table: str
    within: str
    line: Required[int]
    file_name: Required[str]
    values: Required[FieldValues]
    refused: list[str]


class Submission(Base):
    """What a contributor sends at once. A draft until `submitted_at`, which needs the consent.

    `defaults` holds the fields set once for all, which a recording's own fields override.
    `manifest` holds, by a key of their own, the rows of all tables that were sent, in a draft also
    those for files that are still to come (`submissions.apply_manifest`). A submitted one keeps
    only the rows of its recordings, which `pocovid check` compares them with. A draft that nobody
    has touched since `touched_at` is deleted.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_contributor_id_created_at_id", "contributor_id", "created_at", "id"),
        Index(
            "ix_submissions_drafts_touched_at",
            "touched_at",
            sqlite_where=text("submitted_at IS NULL"),
            postgresql_where=text("submitted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    contributor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(200), default="")
    defaults: Mapped[FieldValues] = mapped_column(TypedJSON(FieldValues), default=dict)
    manifest: Mapped[dict[str, ManifestRow]] = mapped_column(
        TypedJSON(dict[str, ManifestRow]), default=dict
    )
    consent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    touched_at: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

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


class Contribution(MediaMixin, Base):
    """One recording of a submission, from its upload to its place in the dataset.

    What the contributor says stands in `label` … `note`, empty where the submission's defaults
    count, which are copied here when it is submitted; what the reviewers decided in `final_*`,
    which is what a release holds. While it is a draft, `set_by_hand` and `set_by_table` name the
    fields that a person and a table filled, `withheld` those whose default does not count, since a
    table says something of them that cannot be used; `table_digest` is that of what the table
    says, null where no row tells of this recording.

    `original_key` is the private upload and null once it is deleted; `pixels_key` is the re-encoded
    recording without any metadata (the de-identification made it), and `dataset_frames` counts its
    sampled square frames, at `storage.dataset_frame_key(id, n)`.

    `deidentified_key` is the de-identified copy in full length and full frame, which is private
    and is what a reopened review plays. `cine` describes the player's frames, null where there are
    none.

    `text_boxes` is where text is burned into its pictures, with what was decided on it, null where
    nobody has looked for it yet; the text itself is stored nowhere. `set_by_file` names the fields
    that were proposed from the file's own header.

    `models_agreement` and `signs_agreement` say how far the models agree with each other, and the
    signs with their class, 0 to 1 (`reviews.agreement`); 1 without a `model_answer`. They order the
    queue and are shown to nobody.

    `claimed_by` is the reviewer at work on it until `claimed_until`. `previews_*` and
    `deidentify_*` are the columns of its two jobs (see `tables.leases`): the first makes what
    reviewers look at, the second what releases are made of. A job that was not asked for has the
    state null.
    """

    __tablename__ = "contributions"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'pending', 'changes_requested', 'approved', 'rejected', "
            "'withdrawn')",
            name="state_known",
        ),
        Index("ix_contributions_submission_id_created_at_id", "submission_id", "created_at", "id"),
        Index("ix_contributions_state_submitted_at", "state", "submitted_at", "id"),
        *(
            _where(
                "state = 'pending'",
                f"ix_contributions_queue_{name}",
                "state",  # SQLite takes the index of which a query compares most columns
                column,
                "submitted_at",
                "id",
            )
            for name, column in (
                ("label", "label"),
                ("probe", "probe"),
                ("source", "source"),
                ("disputed", "disputed"),
                ("models", "models_agreement"),
                ("signs", "signs_agreement"),
            )
        ),
        _where("claimed_by IS NOT NULL", "ix_contributions_claimed_by", "claimed_by"),
        Index("ix_contributions_previews", "previews_state", "state", "submitted_at", "id"),
        _where(
            "final_label IS NOT NULL",
            "ix_contributions_deidentification",
            "deidentify_state",
            "decided_at",
            "id",
        ),
        _where(
            "state IN ('withdrawn', 'rejected') AND (original_key IS NOT NULL "
            "OR preview_key IS NOT NULL OR deidentified_key IS NOT NULL OR pixels_key IS NOT NULL "
            "OR cine IS NOT NULL)",
            "ix_contributions_ended_with_bytes",
            "state",
            "decided_at",
        ),
        _where(
            "state = 'approved' AND deidentify_state = 'done' AND (original_key IS NOT NULL "
            "OR cine IS NOT NULL OR previews_state IN ('queued', 'running'))",
            "ix_contributions_deidentified_with_bytes",
            "state",
            "decided_at",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
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
    fingerprints: Mapped[list[str]] = mapped_column(JSON)  # perceptual hashes, hexadecimal
    text_boxes: Mapped[list[TextBox] | None] = mapped_column(TypedJSON(list[TextBox]))

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
    set_by_file: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    set_by_hand: Mapped[list[str]] = mapped_column(JSON, default=list)
    set_by_table: Mapped[list[str]] = mapped_column(JSON, default=list)
    withheld: Mapped[list[str]] = mapped_column(JSON, default=list)
    table_digest: Mapped[str | None] = mapped_column(String(64))

    # previews: what the reviewers look at
    previews_state: Mapped[JobState | None] = mapped_column(string_enum(JobState, 10))
    previews_attempt: Mapped[int] = mapped_column(default=0)
    previews_notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    previews_heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    previews_lost: Mapped[int] = mapped_column(default=0)
    previews_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    previews_away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    previews_error: Mapped[str | None] = mapped_column(String(500))
    cine: Mapped[Cine | None] = mapped_column(TypedJSON(Cine))
    model_answer: Mapped[Prediction | None] = mapped_column(TypedJSON(StoredPrediction))
    models_agreement: Mapped[float] = mapped_column(default=1.0, server_default="1")
    signs_agreement: Mapped[float] = mapped_column(default=1.0, server_default="1")

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

    # de-identification
    deidentify_state: Mapped[JobState | None] = mapped_column(string_enum(JobState, 10))
    deidentify_attempt: Mapped[int] = mapped_column(default=0)
    deidentify_notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deidentify_heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deidentify_lost: Mapped[int] = mapped_column(default=0)
    deidentify_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deidentify_away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    deidentify_error: Mapped[str | None] = mapped_column(String(500))
    deidentified_key: Mapped[str | None] = mapped_column(String(200))
    pixels_key: Mapped[str | None] = mapped_column(String(200))
    pixels_sha256: Mapped[str | None] = mapped_column(String(64))
    dataset_frames: Mapped[int] = mapped_column(default=0)

    submission: Mapped[Submission] = relationship(back_populates="contributions", lazy="raise")


class Fingerprint(Base):
    """One perceptual hash of a contribution, as a signed number of 64 bits, with its three bands.

    By these columns contributions that look alike are found, whatever their number
    (`submissions.near_copies`), in the indexes alone; equal hashes of one contribution have one
    row.
    """

    __tablename__ = "fingerprints"
    __table_args__ = tuple(
        Index(f"ix_fingerprints_{band}", band, "hash", "contribution_id")
        for band in ("first_band", "second_band", "third_band")
    )

    contribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("contributions.id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_band: Mapped[int]
    second_band: Mapped[int]
    third_band: Mapped[int]


class NearCopy(Base):
    """Two contributions of other bytes that look alike, each as the other's copy: two rows.

    Whatever their states are: those that do not count are left out when the rows are read.
    """

    __tablename__ = "near_copies"

    contribution_id: Mapped[UUID] = mapped_column(
        ForeignKey("contributions.id", ondelete="CASCADE"), primary_key=True
    )
    other_id: Mapped[UUID] = mapped_column(
        ForeignKey("contributions.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class UploadReportRow(TypedDict, total=False):
    """The outcome of a row of a manifest, or a remark on an archive.

    `line` is counted from 1, and 0 where a remark concerns no line; `problem` is None for a row
    that was used. `status` is one of `uploads.schemas.RowStatus`; rows of before it have none.
    """

    table: str
    line: Required[int]
    file_name: Required[str]
    status: str | None
    problem: Required[str | None]
    note: str | None


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
        Index("ix_uploads_submission_id_created_at_id", "submission_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
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
    report: Mapped[list[UploadReportRow]] = mapped_column(
        TypedJSON(list[UploadReportRow]), default=list
    )
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
