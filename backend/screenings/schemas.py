"""Request and response bodies of screenings."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.recordings.schemas import Crop
from backend.tables import Status
from models.contract import DISCLAIMER, Prediction, ReasonCode

ClassKey = Literal["covid19", "pneumonia", "healthy"]
ProbeKey = Literal["convex", "linear"]
PartKey = Literal["pocovidnet", "signs"]
MapKey = Literal[
    "pleura",
    "a_lines",
    "b_lines",
    "consolidation",
    "effusion",
    "tissue",
    "shadow",
    "covid19",
    "pneumonia",
    "healthy",
]
Share = Annotated[float, Field(ge=0, le=1)]

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
    "probe": "convex",
    "progress": {"done": 0, "total": 2, "seconds_left": 3.1, "ahead": 0},
    "frames_available": False,
    "result": None,
    "error": None,
}
_FRAME_SIGNS = {
    "a_lines": 0.05,
    "b_lines": 0.88,
    "consolidation": 0.11,
    "effusion": 0.02,
    "pleural_irregularity": 0.71,
    "air_bronchogram": 0.04,
}
_SIGNS = {
    key: {"probability": value, "highest": value, "frames": 2 if value >= 0.5 else 0}
    for key, value in _FRAME_SIGNS.items()
}
_RESULT: dict[str, Any] = {
    "usable": True,
    "reasons": [],
    "answered_anyway": None,
    "label": "covid19",
    "probability": 0.91,
    "probabilities": _SCORES,
    "models": [{"probabilities": _SCORES}] * 5,
    "majority_vote": "covid19",
    "frames": [
        {
            "index": n,
            "time_s": round(n / 3, 3),
            "probabilities": _SCORES,
            "usable": True,
            "signs": _FRAME_SIGNS,
        }
        for n in range(2)
    ],
    "agreement": 5,
    "reliability": {"right": 31, "answers": 36, "low": 0.85, "high": 1.0, "group": "source"},
    "signs": _SIGNS,
    "sentence": "B-lines and an irregular pleura; no consolidation; no effusion.",
    "parts": ["pocovidnet", "signs"],
    "crop": {"x": 301, "y": 42, "size": 640},
    "model_version": "pocovidnet-5",
    "disclaimer": DISCLAIMER,
}
_DONE: dict[str, Any] = _QUEUED | {
    "status": "done",
    "started_at": "2025-03-01T12:00:01Z",
    "finished_at": "2025-03-01T12:00:02Z",
    "progress": {"done": 2, "total": 2, "seconds_left": 0.0, "ahead": None},
    "frames_available": True,
    "result": _RESULT,
}
_REFUSED: dict[str, Any] = _DONE | {
    "result": _RESULT
    | {
        "usable": False,
        "reasons": [
            {
                "code": "not_lung",
                "message": "This does not look like lung ultrasound with a convex probe.",
            }
        ],
        "label": None,
        "probability": None,
        "probabilities": None,
        "models": [],
        "majority_vote": None,
        "frames": [frame | {"probabilities": None, "usable": False} for frame in _RESULT["frames"]],
        "agreement": None,
        "reliability": None,
    },
}
_FAILED: dict[str, Any] = _QUEUED | {
    "status": "failed",
    "started_at": "2025-03-01T12:00:01Z",
    "finished_at": "2025-03-01T12:00:02Z",
    "progress": {"done": 0, "total": 2, "seconds_left": None, "ahead": None},
    "error": {"code": "no_frames", "message": "No frame of the video could be decoded."},
}
EXAMPLES: list[Any] = [_QUEUED, _DONE, _REFUSED, _FAILED]


class Probabilities(BaseModel):
    """One probability per class; they add up to 1."""

    covid19: float = Field(ge=0, le=1)
    pneumonia: float = Field(ge=0, le=1)
    healthy: float = Field(ge=0, le=1)


class ModelAnswer(BaseModel):
    """The result of one of the five models, over all frames."""

    probabilities: Probabilities


class FrameSigns(BaseModel):
    """How plainly each sign is seen in a frame, 0 to 1."""

    a_lines: Share
    b_lines: Share
    consolidation: Share
    effusion: Share
    pleural_irregularity: Share
    air_bronchogram: Share


class SignFinding(BaseModel):
    """How plainly a sign is seen in a recording."""

    probability: Share = Field(description="The mean over the frames that show a lung.")
    highest: Share = Field(description="That of the frame which shows it most plainly.")
    frames: int = Field(ge=0, description="In how many frames it is rather seen than not.")


class Signs(BaseModel):
    """The signs that a doctor names in a picture, and how plainly each is seen."""

    a_lines: SignFinding
    b_lines: SignFinding
    consolidation: SignFinding
    effusion: SignFinding
    pleural_irregularity: SignFinding
    air_bronchogram: SignFinding


class FrameAnswer(BaseModel):
    """The result of the five models together for one frame."""

    index: int = Field(ge=0, description="Its index among the screened frames.")
    time_s: float = Field(description="Its time in the recording, in seconds.")
    probabilities: Probabilities | None = Field(description="Null where no class is shown.")
    usable: bool = Field(description="Whether it shows a lung; others do not count.")
    signs: FrameSigns | None = Field(description="Null where the models know no signs.")


class ResultReason(BaseModel):
    """Why a recording, or some of its frames, are not answered for."""

    code: ReasonCode
    message: str = Field(description="One sentence for people.")


class Reliability(BaseModel):
    """How often answers as sure as this one were right, on recordings held out from training."""

    right: int = Field(ge=0, description="So many of these recordings.")
    answers: int = Field(ge=1, description="Recordings whose answer was as sure as this one.")
    low: Share = Field(description="The lowest probability of their labels.")
    high: Share = Field(description="The highest.")
    group: Literal["source", "patient"] = Field(
        description="What of each recording no model had seen: its source, or only its patient."
    )


class AnsweredAnyway(BaseModel):
    """Somebody asked for the class although the recording does not look like lung ultrasound."""

    at: datetime


_WITHHELD = "Null where the recording is not usable and nobody asked for an answer anyway."


class Result(BaseModel):
    """The result of a screening.

    A recording that does not look like lung ultrasound of the probe asked for is not `usable`. No
    class is shown then, unless an account asked for an answer anyway.
    """

    usable: bool = Field(description="Whether it looks like lung ultrasound of the probe.")
    reasons: list[ResultReason] = Field(
        description="Why it is not usable, or which frames were left out."
    )
    answered_anyway: AnsweredAnyway | None = Field(
        description="Since when the class is shown although it is not usable; never taken back."
    )
    label: ClassKey | None = Field(description=_WITHHELD)
    probability: Share | None = Field(description="Calibrated probability of the label.")
    probabilities: Probabilities | None = Field(description=_WITHHELD)
    models: list[ModelAnswer] = Field(description="Empty where no class is shown.")
    majority_vote: ClassKey | None = Field(description="The most frequent class over the frames.")
    frames: list[FrameAnswer]
    agreement: int | None = Field(ge=0, description="How many of the models agree on the label.")
    reliability: Reliability | None = Field(
        description="Null where no class is shown, or where it was not measured."
    )
    signs: Signs | None = Field(description="Null where the models know no signs.")
    sentence: str | None = Field(description="The signs in words.")
    parts: list[PartKey] = Field(description="What answered: POCOVID-Net, the signs, or both.")
    crop: Crop
    model_version: str
    disclaimer: str

    @classmethod
    def of(cls, prediction: Prediction, answered_anyway_at: datetime | None = None) -> Self:
        """The prediction as the API returns it; without a class where none is to be shown.

        Args:
            prediction: as it is stored.
            answered_anyway_at: when an account asked for the class of what is not usable.
        """
        fields = prediction.to_dict()
        fields["answered_anyway"] = answered_anyway_at and {"at": answered_anyway_at}
        if not prediction.usable and answered_anyway_at is None:
            fields |= dict.fromkeys(_OF_A_CLASS) | {"models": []}
            fields["frames"] = [each | {"probabilities": None} for each in fields["frames"]]
        return cls.model_validate(fields)


_OF_A_CLASS = (
    "label",
    "probability",
    "probabilities",
    "majority_vote",
    "agreement",
    "reliability",
)
"""What would tell the class of a recording, besides the models' and the frames' probabilities."""


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
    probe: ProbeKey = Field(description="The probe that it was asked for.")
    progress: Progress
    frames_available: bool = Field(
        description="Whether …/frames/{n}.jpg returns images, and where the result has signs "
        "…/frames/{n}/signs.png."
    )
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
                {"recording_id": _RECORDING_ID, "probe": "linear"},
            ]
        },
    )

    recording_id: UUID
    crop: Crop | None = Field(default=None, description="Left out: the proposed square.")
    probe: ProbeKey = Field(
        default="convex", description="The signs alone answer for a linear probe."
    )
