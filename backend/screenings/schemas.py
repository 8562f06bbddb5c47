"""Request and response bodies of screenings."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.recordings.schemas import Crop
from backend.tables import Status
from models.contract import DISCLAIMER

ClassKey = Literal["covid19", "pneumonia", "healthy"]

_ID = "0b0e7c66-6f0a-4f4c-8a53-5a0f0f9f6f0d"
_RECORDING_ID = "6f1c1f0e-7f0b-4b8e-9a52-0c6c6a0d9e11"
_SCORES = {"covid19": 0.91, "pneumonia": 0.06, "healthy": 0.03}
_QUEUED: dict[str, Any] = {
    "id": _ID,
    "recording_id": _RECORDING_ID,
    "status": "queued",
    "created_at": "2025-03-01T12:00:00Z",
    "started_at": None,
    "finished_at": None,
    "crop": {"x": 301, "y": 42, "size": 640},
    "progress": {"done": 0, "total": 2, "seconds_left": 3.1, "ahead": 0},
    "frames_available": False,
    "result": None,
    "error": None,
}
_DONE: dict[str, Any] = _QUEUED | {
    "status": "done",
    "started_at": "2025-03-01T12:00:01Z",
    "finished_at": "2025-03-01T12:00:02Z",
    "progress": {"done": 2, "total": 2, "seconds_left": 0.0, "ahead": None},
    "frames_available": True,
    "result": {
        "label": "covid19",
        "probability": 0.91,
        "probabilities": _SCORES,
        "models": [{"probabilities": _SCORES}] * 5,
        "majority_vote": "covid19",
        "frames": [
            {"index": 0, "time_s": 0.0, "probabilities": _SCORES},
            {"index": 1, "time_s": 0.333, "probabilities": _SCORES},
        ],
        "agreement": 5,
        "crop": {"x": 301, "y": 42, "size": 640},
        "model_version": "pocovidnet-1",
        "disclaimer": DISCLAIMER,
    },
}
_FAILED: dict[str, Any] = _QUEUED | {
    "status": "failed",
    "started_at": "2025-03-01T12:00:01Z",
    "finished_at": "2025-03-01T12:00:02Z",
    "progress": {"done": 0, "total": 2, "seconds_left": None, "ahead": None},
    "error": {"code": "no_frames", "message": "No frame of the video could be decoded."},
}
EXAMPLES: list[Any] = [_QUEUED, _DONE, _FAILED]


class Probabilities(BaseModel):
    """One probability per class; they add up to 1."""

    covid19: float = Field(ge=0, le=1)
    pneumonia: float = Field(ge=0, le=1)
    healthy: float = Field(ge=0, le=1)


class ModelAnswer(BaseModel):
    """The result of one of the five models, over all frames."""

    probabilities: Probabilities


class FrameAnswer(BaseModel):
    """The result of the five models together for one frame."""

    index: int = Field(ge=0, description="Its index among the screened frames.")
    time_s: float = Field(description="Its time in the recording, in seconds.")
    probabilities: Probabilities


class Result(BaseModel):
    """The result of a screening."""

    label: ClassKey
    probability: float = Field(ge=0, le=1, description="Probability of the label.")
    probabilities: Probabilities
    models: list[ModelAnswer]
    majority_vote: ClassKey = Field(description="The most frequent class over the frames.")
    frames: list[FrameAnswer]
    agreement: int = Field(ge=0, description="How many of the models agree on the label.")
    crop: Crop
    model_version: str
    disclaimer: str


class Progress(BaseModel):
    """Progress in frames."""

    done: int = Field(ge=0)
    total: int = Field(ge=0)
    seconds_left: float | None = Field(
        ge=0,
        description="Estimated time until the result, from the pace of recent screenings and the "
        "queue ahead; null while no pace is known or no worker is running.",
    )
    ahead: int | None = Field(
        ge=0,
        description="How many screenings are ahead of it in the queue; null once it has started.",
    )


class Failure(BaseModel):
    """Why the screening failed."""

    code: str
    message: str = Field(description="One sentence for people.")


class ScreeningOut(BaseModel):
    """A screening: a recording, and once it is done the result."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    id: UUID
    recording_id: UUID
    status: Status
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    crop: Crop
    progress: Progress
    frames_available: bool = Field(description="Whether …/frames/{n}.jpg returns images.")
    result: Result | None
    error: Failure | None


class ScreeningIn(BaseModel):
    """A screening of a recording that was uploaded earlier."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"recording_id": _RECORDING_ID},
                {"recording_id": _RECORDING_ID, "crop": {"x": 301, "y": 42, "size": 640}},
            ]
        },
    )

    recording_id: UUID
    crop: Crop | None = Field(default=None, description="Left out: the proposed square.")
