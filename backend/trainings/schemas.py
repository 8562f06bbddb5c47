"""Request and response bodies of trainings."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.tables.trainings import Comparison, FoldMetrics, TrainingSettings
from backend.tables.vocabulary import JobState


class TrainingIn(BaseModel):
    """A training to be started."""

    model_config = ConfigDict(extra="forbid")

    release: int = Field(ge=1, le=2**31 - 1, description="The release to train on.")
    settings: TrainingSettings = TrainingSettings()


class FoldOut(BaseModel):
    """One of five folds, each trained by whichever trainer is free."""

    fold: int = Field(ge=0)
    state: JobState
    stage: str = Field(description="The current step.")
    done: int = Field(ge=0)
    total: int = Field(ge=0)
    error: str | None
    metrics: FoldMetrics | None = Field(description="On its test recordings.")


class TrainingOut(BaseModel):
    """A cross-validation on a release."""

    id: UUID
    release: int
    state: JobState
    stage: str = Field(description="The current step.")
    settings: TrainingSettings
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    folds: list[FoldOut]
    artifact_version: str | None = Field(
        description="The resulting artifact; activate it to use it."
    )
    left_out: list[UUID] = Field(
        description="Recordings of the release excluded from training, since their patient or a "
        "copy of them is tested in another fold."
    )
    comparison: Comparison | None = Field(
        description="The figures of the new and of the then active artifact (`new`, `active`) on "
        "the same recordings, each answered by models that never saw it, nor a copy of it. "
        "`metrics` of both are null where that cannot be known (`may_have_seen`)."
    )


class TrainingPage(BaseModel):
    """A page of trainings, newest first."""

    items: list[TrainingOut]
    next: str | None = Field(description="The cursor of the next page.")
