"""Request and response bodies of reviews."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.core.pagination import NO_NUL
from backend.recordings.schemas import Crop, DepthMm, MmPerPixel, Notes
from backend.recordings.text_boxes import TextBoxOut, TextDecisionIn
from backend.reviews.repository import QueueOrder
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
from models.media.text.search import MOST_BOXES

MAX_COMMENT = 2000

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
    "comment": "A name is visible in the upper left corner.",
}


class QueueFilters(BaseModel):
    """Filters of the queue, of which omitted ones match everything, and its order."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    label: Label | None = Field(None, description="The contributor's label.")
    source: str | None = Field(
        None, max_length=200, pattern=NO_NUL, description="Part of the source's name."
    )
    probe: Probe | None = None
    older_than_h: float | None = Field(
        None, ge=0, le=100_000, allow_inf_nan=False, description="Hours since it was submitted."
    )
    disputed: bool | None = Field(None, description="Two reviewers disagree; a third decides.")
    order: QueueOrder = Field(
        QueueOrder.OLDEST,
        description="What comes first: what waits longest, what the models agree least on, or "
        "where the signs agree least with the class. How far they agree is shown nowhere.",
    )


class EarlierRound(BaseModel):
    """A verdict of an earlier round, without its author."""

    verdict: Verdict
    reason: Reason | None
    comment: str
    at: datetime


class Report(BaseModel):
    """A report that the released label is wrong."""

    label: Label | None
    message: str
    at: datetime


class ReviewItem(BaseModel):
    """A recording in review, without its contributor and reviewers."""

    id: UUID
    state: ContributionState
    kind: Literal["image", "video"]
    width: int
    height: int
    duration_s: float | None
    frames: int
    proposed_crop: Crop
    depth_mm: DepthMm
    mm_per_pixel: MmPerPixel
    notes: Notes
    preview_url: str | None
    label: Label | None = Field(description="The contributor's label.")
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
    answer_to_reviewer: str = Field(
        description="The contributor's answer to the last request for changes."
    )
    submitted_at: datetime | None
    round: int
    earlier_rounds: list[EarlierRound]
    reports: list[Report] = Field(description="Open reports of a wrong label, if it is released.")
    standing_label: Label | None = Field(
        description="Its label in the dataset, until there is a new decision."
    )
    text_boxes: list[TextBoxOut] | None = Field(
        description="Text in the picture; null where nobody has looked for it yet."
    )
    trouble: str | None = Field(description="Why de-identification failed after its approval.")
    disputed: bool
    prepared: bool = Field(description="Whether its images are ready.")
    claimed_until: datetime | None = Field(description="A reviewer has claimed it until then.")
    claimed_by_me: bool


class QueueOut(BaseModel):
    """Recordings that you may review, in the order asked for."""

    items: list[ReviewItem]
    next: str | None = Field(description="The cursor of the next page.")
    total: int


class CineOut(BaseModel):
    """What a player needs: the time of every frame, and the URLs of the frames."""

    state: Literal["preparing", "ready"]
    times_s: list[float] = Field(description="Empty while it is being prepared.")
    duration_s: float | None
    width: int = Field(description="Of the recording, in the pixels that crops refer to.")
    height: int
    proposed_crop: Crop
    frame_url: str = Field(description="With `{n}` for the frame's index, from 0.")
    contact_sheet_url: str


class ReviewIn(BaseModel):
    """A verdict. Omitted fields stay as the contributor set them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_APPROVE, _REJECT]})

    verdict: Verdict
    reason: Reason | None = Field(None, description="Of a rejection; `other` needs a comment.")
    label: Label | None = None
    findings: dict[Finding, bool] | None = None
    square: Crop | None = None
    trim_start_s: Seconds | None = None
    trim_end_s: Seconds | None = None
    no_identifying_marks: bool = Field(
        default=False, description="The tick below the contact sheet; an approval requires it."
    )
    text: list[TextDecisionIn] = Field(
        [],
        max_length=MOST_BOXES,
        description="What is masked or kept of the text in the picture, for good.",
    )
    comment: str = Field(
        "", max_length=MAX_COMMENT, pattern=NO_NUL, description="Published with the item."
    )


class ReviewOut(BaseModel):
    """A verdict that was given, with the model's result."""

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
    reading: int = Field(ge=1, description="1, 2, or 3 for the deciding one.")
    claimed_at: datetime
    created_at: datetime
    undone_at: datetime | None
    model_answer: Result | None = Field(description="Null if the model had none.")


class GivenOut(ReviewOut):
    """A verdict just given, and its outcome."""

    outcome: Outcome


class MineOut(ReviewOut):
    """A verdict of your own, and the recording's current state."""

    state: ContributionState
    undoable: bool


class MinePage(BaseModel):
    """Your own verdicts, newest first."""

    items: list[MineOut]
    next: str | None


class ReviewerThroughput(BaseModel):
    """The throughput of one reviewer."""

    name: str
    reviews: int
    per_hour: float | None = Field(
        description="Over the time between claims and verdicts; null for less than ten minutes."
    )
    median_seconds: float | None


class DayShare(BaseModel):
    """The number of one reviewer's verdicts on a day."""

    name: str
    reviews: int


class DayThroughput(BaseModel):
    """The number of verdicts on a day (UTC)."""

    day: date
    reviews: int
    reviewers: list[DayShare]


class StatsOut(BaseModel):
    """Agreement between independent readers, and throughput."""

    kappa: float | None = Field(
        description="Cohen's, over verdict and label of first and second readers; null if "
        "there are no pairs, or if agreement by chance is certain."
    )
    pairs: int
    agreement: float | None = Field(description="Share of pairs that agree.")
    per_reviewer: list[ReviewerThroughput]
    per_day: list[DayThroughput]
