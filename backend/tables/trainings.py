"""The tables of retraining: runs, their folds, and the artifacts that can answer."""

from datetime import datetime
from typing import Literal, NotRequired
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship
from typing_extensions import TypedDict

from backend.core.columns import TypedJSON, string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.leases import LeaseMixin
from backend.tables.vocabulary import JobState
from models.contract import Manifest


class TrainingSettings(BaseModel):
    """What can be chosen; everything else is as for the shipped models."""

    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(default=15, ge=1, le=200, description="Of each fold; with patience, "
                        "at most.")  # fmt: skip
    copies: int = Field(default=4, ge=0, le=20, description="Augmented copies of each frame.")
    augmentation: Literal["brightness", "paper", "both"] = Field(
        default="brightness",
        description="How copies differ from their frame: a gamma between 0.5 and 2; rotation, "
        "shifts and flips as in the paper; or both.",
    )
    batch: int = Field(default=16, ge=1, le=128)
    learning_rate: float = Field(default=1e-4, gt=0, le=0.1)
    patience: int = Field(
        default=0,
        ge=0,
        le=50,
        description="Epochs without progress before a fold ends; 0: train all epochs.",
    )
    seed: int = Field(default=1, ge=0, le=2**31 - 1)


class ClassMetrics(TypedDict, total=False):
    """One class against the others, each 0 to 1; `count` is the number of frames or videos."""

    sensitivity: float
    specificity: float
    precision: float
    f1: float
    count: int


class Metrics(TypedDict, total=False):
    """Figures of a cross-validation, 0 to 1; those of videos are null without videos."""

    # as models.evaluation.metrics makes them; artifacts of earlier versions lack some

    frames: int
    videos: int
    frame_accuracy: float | None
    frame_balanced_accuracy: float
    video_accuracy: float | None
    video_accuracy_majority: float | None
    frame_classes: dict[str, ClassMetrics]
    video_classes: dict[str, ClassMetrics] | None


class FoldMetrics(TypedDict, total=False):
    """Figures of one fold on its test recordings; of a fold without any, only `frames`."""

    frames: int
    frame_accuracy: float
    loss: list[float]


class NewMetrics(TypedDict):
    """The new artifact in a comparison; the metrics are null where they cannot be compared."""

    version: str
    metrics: Metrics | None


class ActiveMetrics(NewMetrics):
    """The then active artifact in a comparison, and how many recordings it had held out."""

    held_out: NotRequired[int]
    new_to_it: NotRequired[int]
    may_have_seen: bool


class Comparison(TypedDict):
    """A new and the then active artifact on the same recordings."""

    # as models.training.retrain makes it; earlier versions lacked what is not required

    recordings: int
    frames: NotRequired[int]
    left_out: NotRequired[int]
    known_by: NotRequired[list[str]]
    new: NewMetrics
    active: ActiveMetrics


class Training(Base):
    """A cross-validation on a release.

    `assembly_*` are the lease of its last stage, in which the folds become an artifact (see
    `backend.tables.leases`). `comparison` holds the figures of the new
    and of the then active artifact on the same recordings. `left_out` lists the release's
    recordings that are not trained on, since their patient or a copy of them is tested in another
    fold.
    """

    __tablename__ = "trainings"
    __table_args__ = (Index("ix_trainings_created_at_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    release_number: Mapped[int] = mapped_column(ForeignKey("releases.number"), index=True)
    state: Mapped[JobState] = mapped_column(
        string_enum(JobState, 10), default=JobState.QUEUED, index=True
    )
    stage: Mapped[str] = mapped_column(String(60), default="")
    settings: Mapped[TrainingSettings] = mapped_column(TypedJSON(TrainingSettings))
    left_out: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(String(500))
    artifact_version: Mapped[str | None] = mapped_column(ForeignKey("artifacts.version"))
    assembly_state: Mapped[JobState] = mapped_column(
        string_enum(JobState, 10), default=JobState.QUEUED
    )
    assembly_attempt: Mapped[int] = mapped_column(default=0)
    assembly_lost: Mapped[int] = mapped_column(default=0)
    assembly_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    assembly_away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    assembly_notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    assembly_heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    comparison: Mapped[Comparison | None] = mapped_column(TypedJSON(Comparison))

    folds: Mapped[list["TrainingFold"]] = relationship(back_populates="training", lazy="raise")


class TrainingFold(LeaseMixin, Base):
    """One fold of a training; `done` of `total` steps of what `stage` names."""

    __tablename__ = "training_folds"
    __table_args__ = (Index("ix_training_folds_state", "state"),)

    training_id: Mapped[UUID] = mapped_column(
        ForeignKey("trainings.id", ondelete="CASCADE"), primary_key=True
    )
    fold: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(60), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    metrics: Mapped[FoldMetrics | None] = mapped_column(TypedJSON(FoldMetrics))

    training: Mapped[Training] = relationship(back_populates="folds", lazy="raise")


class Artifact(Base):
    """Five models that can answer. `storage_folder` is null for the one that ships with the code.

    The active one is that of the newest row of `activations`.
    """

    __tablename__ = "artifacts"

    version: Mapped[str] = mapped_column(String(100), primary_key=True)
    storage_folder: Mapped[str | None] = mapped_column(String(200))
    manifest: Mapped[Manifest] = mapped_column(TypedJSON(Manifest))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Activation(Base):
    """One change of the artifact that answers; the newest row counts, older ones are history."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(ForeignKey("artifacts.version"))
    activated_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    activated_at: Mapped[datetime] = mapped_column(UTCDateTime)
