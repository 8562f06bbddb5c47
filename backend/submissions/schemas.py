"""Request and response bodies of submissions and their contributions."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from backend.core.pagination import NO_NUL
from backend.recordings.schemas import Crop, DepthMm, MmPerPixel, Notes
from backend.recordings.text_boxes import TextBoxOut, TextDecisionIn
from backend.submissions.fields import MAX_TEXT, unusable
from backend.submissions.uploads.limits import MAX_FILES
from backend.submissions.uploads.schemas import ReportRow
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
    Symptom,
    Verdict,
)
from models.media.text.search import MOST_BOXES

Title = Annotated[str, Field(max_length=200, pattern=NO_NUL)]


def _usable(name: str, text: str | None) -> str | None:
    if text is not None and (reason := unusable(name, text)) is not None:
        raise PydanticCustomError("unusable", "{reason}", {"reason": reason.removesuffix(".")})
    return text


EXAMPLE: dict[str, Any] = {
    "label": "covid19",
    "probe": "convex",
    "licence": "CC BY 4.0",
    "source": "University Hospital, Ward 3",
    "age_band": "40-59",
    "findings": {"b_lines": True},
}


class FieldsIn(BaseModel):
    """The fields of a recording. Omitted fields stay as they are; null clears a field."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    label: Label | None = None
    probe: Probe | None = None
    licence: Licence | None = None
    source: Annotated[str | None, AfterValidator(lambda text: _usable("source", text))] = Field(
        None, max_length=MAX_TEXT["source"], pattern=NO_NUL
    )
    patient: str | None = Field(
        None,
        max_length=MAX_TEXT["patient"],
        description="A pseudonym, never a name. Only a keyed hash of it is stored.",
    )
    age_band: AgeBand | None = None
    sex: Sex | None = None
    blue_point: BluePoint | None = None
    findings: dict[Finding, bool] | None = None
    symptoms: list[Symptom] | None = Field(None, max_length=len(Symptom))
    note: str | None = Field(None, max_length=MAX_TEXT["note"], pattern=NO_NUL)


class FieldsOut(BaseModel):
    """The fields of a recording; of the patient only whether one is given."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    label: Label | None = None
    probe: Probe | None = None
    licence: Licence | None = None
    source: str = ""
    has_patient: bool = False
    age_band: AgeBand | None = None
    sex: Sex | None = None
    blue_point: BluePoint | None = None
    findings: dict[Finding, bool] = {}
    symptoms: list[Symptom] = []
    note: str = ""


class SubmissionIn(BaseModel):
    """A draft: its title, and the default fields of its recordings."""

    model_config = ConfigDict(extra="forbid")

    title: Title = ""
    defaults: FieldsIn = FieldsIn()


class SubmissionPatch(BaseModel):
    """Changes of a draft."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    defaults: FieldsIn | None = None


class SubmissionOut(BaseModel):
    """A submission, with counts of its recordings and of its files."""

    id: UUID
    title: str
    state: Literal["draft", "submitted"]
    defaults: FieldsOut
    contributions: int
    states: dict[ContributionState, int] = Field(description="Contributions in each state.")
    files: dict[str, int] = Field(description="Files in each state; see the list of files.")
    created_at: datetime
    touched_at: datetime = Field(
        description="A draft is deleted when it was last touched too long ago."
    )
    consent_at: datetime | None
    submitted_at: datetime | None


class SubmissionPage(BaseModel):
    """A page of submissions."""

    items: list[SubmissionOut]
    next: str | None


class ReviewerComment(BaseModel):
    """A reviewer's verdict and comment, without the reviewer's name."""

    verdict: Verdict
    reason: Reason | None
    comment: str
    at: datetime


class TextIn(BaseModel):
    """Decisions on boxes of text; boxes that are not named stay as they are."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"decisions": [{"box": 0, "decision": "mask"}]}]},
    )

    decisions: list[TextDecisionIn] = Field(min_length=1, max_length=MOST_BOXES)


class ContributionOut(FieldsOut):
    """A recording of a submission, as its contributor sees it."""

    id: UUID
    submission_id: UUID
    state: ContributionState
    file_name: str = Field(description="Shown to its contributor only.")
    kind: Literal["image", "video"]
    format: str
    width: int
    height: int
    duration_s: float | None
    frames: int
    sampled_frames: int
    bytes: int
    proposed_crop: Crop
    depth_mm: DepthMm
    mm_per_pixel: MmPerPixel
    notes: Notes
    preview_url: str | None
    text_boxes: list[TextBoxOut] | None = Field(
        description="Text in the picture; null where nobody has looked for it yet."
    )
    fields_from: list[str] = Field(description="Fields whose value is the default.")
    fields_from_file: list[str] = Field(
        description="Fields whose value was proposed from the file's own header."
    )
    reviewer_words: list[ReviewerComment]
    final_label: Label | None = Field(
        default=None,
        description="The class that the reviewers decided on, once it is approved.",
    )
    answer: str = Field(description="The contributor's answer to a request for changes.")
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    withdrawn_at: datetime | None


class ContributionPage(BaseModel):
    """A page of contributions."""

    items: list[ContributionOut]
    next: str | None


class BulkEdit(BaseModel):
    """The same fields for several recordings."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(min_length=1, max_length=MAX_FILES)
    fields: FieldsIn


class Changed(BaseModel):
    """How many rows were changed."""

    changed: int


class RowOut(ReportRow):
    """The outcome of a manifest row; `problem` is null if it is used."""


class ManifestOut(BaseModel):
    """The outcome of a manifest: how many rows were used without a problem, and every row."""

    applied: int
    rows: list[RowOut]


class CheckProblem(BaseModel):
    """Why a submission cannot be submitted yet."""

    contribution_id: UUID | None
    field: str
    message: str


class Duplicate(BaseModel):
    """A recording that equals or resembles another one."""

    contribution_id: UUID
    of: Literal["batch", "queue", "dataset"]
    other_id: UUID | None = Field(description="Only within the batch.")
    kind: Literal["exact", "near"]


class CheckOut(BaseModel):
    """What keeps a draft from being submitted. Duplicates are reported, but may be submitted."""

    ready: bool
    waiting: int = Field(description="Files that are still being uploaded or imported.")
    problems: list[CheckProblem]
    duplicates: list[Duplicate]
    manifest: list[RowOut] = Field(
        description="Rows without a file, or with several possible files. They do not block."
    )
    loose: list[RowOut] = Field(
        description="Rows applied to a file whose name differs in case or punctuation."
    )


class SubmitIn(BaseModel):
    """The consent, whose text is in the vocabulary."""

    model_config = ConfigDict(extra="forbid")

    consent: Literal[True]


class AnswerIn(BaseModel):
    """The answer to a request for changes."""

    model_config = ConfigDict(extra="forbid")

    answer: str = Field(min_length=1, max_length=2000, pattern=NO_NUL)
    fields: FieldsIn = FieldsIn()


class Choice(BaseModel):
    """A choice in a list: the key for programs, the name for people."""

    key: str
    name: str


class ColumnOut(BaseModel):
    """A column of the manifest."""

    name: str
    also: list[str] = Field(description="Other accepted names.")
    about: str


class LimitsOut(BaseModel):
    """The limits of a submission."""

    files: int
    file_bytes: int
    archive_bytes: int
    archive_entries: int
    unpacked_bytes: int
    manifest_bytes: int
    manifest_rows: int


class VocabularyOut(BaseModel):
    """Every list of choices, the manifest's columns, and the limits."""

    labels: list[Choice]
    probes: list[Choice]
    licences: list[Choice]
    age_bands: list[Choice]
    sexes: list[Choice]
    blue_points: list[Choice]
    findings: list[Choice]
    symptoms: list[Choice]
    verdicts: list[Choice]
    reasons: list[Choice]
    states: list[Choice]
    required: list[str]
    manifest_columns: list[ColumnOut]
    limits: LimitsOut
    consent: str = Field(description="What a contributor agrees to by submitting.")
