"""Response bodies of artifacts."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.tables.trainings import Metrics
from models.contract import Manifest


class ArtifactLine(BaseModel):
    """An artifact in a list."""

    version: str
    created_at: datetime
    active: bool = Field(description="Whether it is used for screenings.")
    shipped: bool = Field(description="Whether it ships with the service.")
    available: bool = Field(
        description="Whether it can be activated; those shipped with earlier versions cannot."
    )
    release: int | None = Field(
        description="The release it was trained on, if it was trained here."
    )
    training: UUID | None = Field(description="The training it came from.")
    group: str = Field(description="What the folds of its models keep together.")
    metrics: dict[str, Metrics] = Field(
        description="Cross-validated figures, by what the folds keep together."
    )


class ArtifactOut(ArtifactLine):
    """An artifact with its manifest."""

    manifest: Manifest


class ActivationOut(BaseModel):
    """An activation of an artifact."""

    version: str
    at: datetime
    by: UUID | None


class ArtifactList(BaseModel):
    """All artifacts, newest first."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    items: list[ArtifactLine]
    next: None = None
    active: str | None = Field(description="The active version.")
    previous: str | None = Field(description="Activate it to roll back.")
    history: list[ActivationOut] = Field(description="The latest activations, newest first.")
