"""The tables of retraining: runs, their folds, and the artifacts that can answer."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.columns import string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.leases import LeaseMixin
from backend.tables.vocabulary import JobState


class Training(Base):
    """A cross-validation on a release. `settings` are `models.training.retrain.Request.config`.

    `assembly_*` are the lease of its last stage, in which the folds become an artifact (see
    `backend.tables.leases`). `comparison` holds the figures of the new
    and of the then active artifact on the same recordings. `left_out` lists the release's
    recordings that are not trained on, since their patient or a copy of them is tested in another
    fold.
    """

    __tablename__ = "trainings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    release_number: Mapped[int] = mapped_column(ForeignKey("releases.number"), index=True)
    state: Mapped[JobState] = mapped_column(string_enum(JobState, 10), default=JobState.QUEUED)
    stage: Mapped[str] = mapped_column(String(60), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
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
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    folds: Mapped[list["TrainingFold"]] = relationship(back_populates="training", lazy="raise")


class TrainingFold(LeaseMixin, Base):
    """One fold of a training; `done` of `total` steps of what `stage` names."""

    __tablename__ = "training_folds"

    training_id: Mapped[UUID] = mapped_column(
        ForeignKey("trainings.id", ondelete="CASCADE"), primary_key=True
    )
    fold: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(60), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    training: Mapped[Training] = relationship(back_populates="folds", lazy="raise")


class Artifact(Base):
    """Five models that can answer. `storage_folder` is null for the one that ships with the code.

    The active one is that of the newest row of `activations`.
    """

    __tablename__ = "artifacts"

    version: Mapped[str] = mapped_column(String(100), primary_key=True)
    storage_folder: Mapped[str | None] = mapped_column(String(200))
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Activation(Base):
    """One change of the artifact that answers; the newest row counts, older ones are history."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(ForeignKey("artifacts.version"))
    activated_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    activated_at: Mapped[datetime] = mapped_column(UTCDateTime)
