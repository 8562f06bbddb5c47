"""The words that rows, requests and files are made of: each list in one place.

Classes come first in `Label`, in the order of `models.contract.CLASSES`; the others are kept and
labelled in the dataset, and left out of training (POCOVID-Net, section 3).
"""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do; each role may also do what those before it may."""

    CONTRIBUTOR = "contributor"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API token may be used for, within its owner's role."""

    SUBMIT = "submit"
    REVIEW = "review"
    ADMIN = "admin"


class Label(StrEnum):
    """What a recording shows, in its contributor's or a reviewer's words."""

    COVID19 = "covid19"
    PNEUMONIA = "pneumonia"
    HEALTHY = "healthy"
    VIRAL = "viral"
    OTHER = "other"


class Probe(StrEnum):
    """The kind of transducer."""

    CONVEX = "convex"
    LINEAR = "linear"


class Licence(StrEnum):
    """What a contributor allows others to do with a recording."""

    CC_BY = "CC BY 4.0"
    CC_BY_NC = "CC BY-NC 4.0"
    CC_BY_NC_SA = "CC BY-NC-SA 4.0"
    CC0 = "CC0 1.0"
    PMC_COVID19 = "PMC COVID-19 licence"


class Sex(StrEnum):
    """As in the public dataset's column Gender."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class AgeBand(StrEnum):
    """Age in years, coarse enough to lead to nobody."""

    UNDER_18 = "0-17"
    UNDER_40 = "18-39"
    UNDER_60 = "40-59"
    UNDER_80 = "60-79"
    OVER_80 = "80+"


class BluePoint(StrEnum):
    """Where the probe stood (BLUE protocol, Lichtenstein and Mezière 2008)."""

    RIGHT_UPPER = "right_upper"
    RIGHT_LOWER = "right_lower"
    RIGHT_PLAPS = "right_plaps"
    RIGHT_DIAPHRAGM = "right_diaphragm"
    LEFT_UPPER = "left_upper"
    LEFT_LOWER = "left_lower"
    LEFT_PLAPS = "left_plaps"
    LEFT_DIAPHRAGM = "left_diaphragm"


class Finding(StrEnum):
    """What can be seen on a recording; the paper's Table of findings (appendix A)."""

    B_LINES = "b_lines"
    A_LINES = "a_lines"
    CONSOLIDATION = "consolidation"
    PLEURAL_IRREGULARITY = "pleural_irregularity"
    EFFUSION = "effusion"
    AIR_BRONCHOGRAM = "air_bronchogram"


class Symptom(StrEnum):
    """What the patient reported, as in the public dataset's columns."""

    FEVER = "fever"
    COUGH = "cough"
    RESPIRATORY_PROBLEMS = "respiratory_problems"
    HEADACHE = "headache"
    LOSS_OF_SMELL_OR_TASTE = "loss_of_smell_or_taste"
    FATIGUE = "fatigue"
    SORE_THROAT = "sore_throat"
    ASYMPTOMATIC = "asymptomatic"


class Verdict(StrEnum):
    """What a reviewer says about a recording."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"


class Reason(StrEnum):
    """Why a recording was rejected."""

    BURNED_IN_MARKS = "burned_in_marks"
    UNCLEAR_DIAGNOSIS = "unclear_diagnosis"
    POOR_QUALITY = "poor_quality"
    NO_LICENCE = "no_licence"
    DUPLICATE = "duplicate"
    NOT_LUNG_ULTRASOUND = "not_lung_ultrasound"
    IDENTIFYING_TEXT = "identifying_text"
    OTHER = "other"


class ContributionState(StrEnum):
    """The life of a submitted recording (docs/ARCHITECTURE.md)."""

    DRAFT = "draft"
    PENDING = "pending"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class JobState(StrEnum):
    """The life of a job: its row is the truth, and its message only announces it."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UploadState(StrEnum):
    """The life of a file on its way into a submission: `receiving` until its last byte is here."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
