"""What goes in and out about reviews."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.core.pagination import NO_NUL
from backend.recordings.schemas import Crop
from backend.reviews.verdicts import Outcome
from backend.screenings.schemas import Result
from backend.tables.vocabulary import (
    AgeBand,
    BluePoint,
    ContributionState,
    Finding,
    Label,
    Licence,
    Probe,
    Reason,
    Sex,
    Verdict,
)

LONGEST_COMMENT = 2000

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_APPROVE: dict[str, Any] = {
    "verdict": "approve",
    "label": "covid19",
    "findings": {"b_lines": True, "consolidation": False},
    "square": {"x": 301, "y": 42, "size": 640},
    "trim_start_s": 0.4,
    "trim_end_s": 3.2,
    "no_identifying_marks": True,
    "comment": "Confluent B-lines, thickened pleura.",
}
_REJECT: dict[str, Any] = {
    "verdict": "reject",
    "reason": "identifying_text",
    "comment": "A name stands in the upper left corner.",
}


class QueueFilters(BaseModel):
    """Which part of the queue is wanted; what is left out is no filter."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    label: Label | None = Field(None, description="The class in the contributor's words.")
    source: str | None = Field(
        None, max_length=200, pattern=NO_NUL, description="Part of the source's name."
    )
    probe: Probe | None = None
    older_than_h: float | None = Field(
        None, ge=0, le=100_000, allow_inf_nan=False, description="Hours since it was submitted."
    )
    disputed: bool | None = Field(None, description="Two readers differ; a third decides.")


class EarlierRound(BaseModel):
    """A verdict of a round that is over, without its author."""

    verdict: Verdict
    reason: Reason | None
    comment: str
    at: datetime


class Report(BaseModel):
    """Somebody's word that the released label is wrong."""

    label: Label | None
    message: str
    at: datetime


class ReviewItem(BaseModel):
    """A recording in review: what is said of it, and nothing of who sent it or judged it."""

    id: UUID
    state: ContributionState
    kind: Literal["image", "video"]
    width: int
    height: int
    duration_s: float | None
    frames: int
    proposed_crop: Crop
    preview_url: str | None
    label: Label | None = Field(description="In the contributor's words.")
    probe: Probe | None
    licence: Licence | None
    source: str
    has_patient: bool
    age_band: AgeBand | None
    sex: Sex | None
    blue_point: BluePoint | None
    findings: dict[str, bool]
    symptoms: list[str]
    note: str
    answer_to_reviewer: str = Field(description="What the contributor said to the last question.")
    submitted_at: datetime | None
    round: int
    earlier_rounds: list[EarlierRound]
    reports: list[Report] = Field(description="Open reports of a wrong label, once released.")
    standing_label: Label | None = Field(description="In the dataset, until it is decided anew.")
    trouble: str | None = Field(description="Why it could not be taken in after its approval.")
    disputed: bool
    prepared: bool = Field(description="Whether there is something to look at.")
    claimed_until: datetime | None = Field(description="Somebody is at work on it until then.")
    claimed_by_me: bool


class QueueOut(BaseModel):
    """What waits for a verdict that you may give, oldest first."""

    items: list[ReviewItem]
    next: str | None = Field(description="The cursor of the next page.")
    total: int


class CineOut(BaseModel):
    """What a player needs: when each frame is shown, and where the frames are."""

    state: Literal["preparing", "ready"]
    times_s: list[float] = Field(description="Empty while it is being prepared.")
    duration_s: float | None
    width: int = Field(description="Of the recording, in the pixels in which squares are given.")
    height: int
    proposed_crop: Crop
    frame_url: str = Field(description="With `{n}` for the frame's place, from 0.")
    contact_sheet_url: str


class ReviewIn(BaseModel):
    """A verdict. What is left out stays as the contributor said, or as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_APPROVE, _REJECT]})

    verdict: Verdict
    reason: Reason | None = Field(None, description="Of a rejection; `other` needs a comment.")
    label: Label | None = None
    findings: dict[Finding, bool] | None = None
    square: Crop | None = None
    trim_start_s: Seconds | None = None
    trim_end_s: Seconds | None = None
    no_identifying_marks: bool = Field(
        default=False, description="The tick on the contact sheet; an approval needs it."
    )
    comment: str = Field(
        "", max_length=LONGEST_COMMENT, pattern=NO_NUL, description="Published with the item."
    )


class ReviewOut(BaseModel):
    """A verdict that was given; the model's answer is shown from here on."""

    id: UUID
    contribution_id: UUID
    verdict: Verdict
    reason: Reason | None
    label: Label | None
    findings: dict[str, bool]
    square: Crop | None
    trim_start_s: float | None
    trim_end_s: float | None
    comment: str
    round: int
    reading: int = Field(ge=1, description="1, 2, or 3 for the one who decides.")
    claimed_at: datetime
    created_at: datetime
    undone_at: datetime | None
    model_answer: Result | None = Field(description="Null where the model had none.")


class GivenOut(ReviewOut):
    """A verdict just given, and what follows from it."""

    outcome: Outcome


class MineOut(ReviewOut):
    """A verdict of one's own, and where the recording stands now."""

    state: ContributionState
    undoable: bool


class MinePage(BaseModel):
    """One's own verdicts, the newest first."""

    items: list[MineOut]
    next: str | None


class ReviewerThroughput(BaseModel):
    """How much one reviewer has done."""

    name: str
    reviews: int
    per_hour: float | None = Field(
        description="In the time between claim and verdict; null before ten minutes of that."
    )
    median_seconds: float | None


class DayShare(BaseModel):
    """One reviewer's verdicts of a day."""

    name: str
    reviews: int


class DayThroughput(BaseModel):
    """The verdicts of a day (UTC)."""

    day: date
    reviews: int
    reviewers: list[DayShare]


class StatsOut(BaseModel):
    """How far independent readers agree, and how much is done."""

    kappa: float | None = Field(
        description="Cohen's, over verdict and label of first and second readers; null where "
        "there are no pairs, or chance alone would agree."
    )
    pairs: int
    agreement: float | None = Field(description="Share of the pairs that agree.")
    per_reviewer: list[ReviewerThroughput]
    per_day: list[DayThroughput]
