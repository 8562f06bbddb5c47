"""An answer as it is written into the record: what was found, and what may be shown of it."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from uuid import UUID

from backend.tables import Screening
from models.contract import Prediction, Square

PRODUCT = "POCOVIDScreen"
MANUFACTURER = "POCOVIDScreen (research use only)"
FORMAT = "1"
"""Of the objects below: part of their UIDs, since other content needs another UID."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a screening that is done.

    `shows_class`: whether its class is told, which is not the case for a recording that does not
    look like lung ultrasound, unless an account asked for an answer anyway.
    """

    screening_id: UUID
    finished_at: datetime
    square: Square
    prediction: Prediction
    shows_class: bool

    @classmethod
    def of(cls, screening: Screening) -> "Answer | None":
        """The answer of a screening; None where it is not done."""
        result, finished_at = screening.result, screening.finished_at
        if result is None or finished_at is None:
            return None
        square = Square(screening.crop_x, screening.crop_y, screening.crop_size)
        shows_class = result.usable or screening.answered_anyway_at is not None
        return cls(screening.id, finished_at, square, result, shows_class)

    @property
    def key(self) -> str:
        """What tells this answer's objects from those of any other answer."""
        return f"{self.screening_id}/{FORMAT}/{'class' if self.shows_class else 'no-class'}"

    @property
    def summary(self) -> str:
        """One or more sentences for people."""
        told = self.prediction.sentence or ""
        if not self.shows_class:
            told = " ".join(reason.message for reason in self.prediction.reasons) or (
                "This recording cannot be answered for."
            )
        elif not self.prediction.usable:
            told = f"{told} Answered on request, although it does not look usable.".strip()
        return told


def software_version() -> str:
    """The version of this software."""
    return version("pocovidscreen")
