"""Text burned into a recording's pictures, as the API returns it and takes decisions on it."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from backend.core.errors import InvalidInputError
from models.contract import Square
from models.media.masking import TextBox, TextDecision, decided, is_inside, is_masked
from models.media.text.search import MOST_BOXES


class TextBoxOut(BaseModel):
    """Text burned into the picture: where it is, in pixels. What it says is stored nowhere."""

    x: int
    y: int
    width: int
    height: int
    name_like: bool = Field(description="It may name a person, a date of birth or a hospital.")
    inside: bool = Field(description="It is seen on the proposed square.")
    decision: TextDecision | None = Field(description="Null until a person decides.")
    masked: bool = Field(description="As things are, it is painted black in the dataset.")


class TextDecisionIn(BaseModel):
    """What is decided on one box of text."""

    model_config = ConfigDict(extra="forbid")

    box: int = Field(ge=0, lt=MOST_BOXES, description="Its place in `text_boxes`, from 0.")
    decision: TextDecision


def to_text_boxes(boxes: Sequence[TextBox] | None, square: Square) -> list[TextBoxOut] | None:
    """Boxes of text with what becomes of them on this square; None where nobody has looked."""
    if boxes is None:
        return None
    return [
        TextBoxOut(
            x=box.x,
            y=box.y,
            width=box.width,
            height=box.height,
            name_like=box.name_like,
            inside=is_inside(box, square),
            decision=box.decision,
            masked=is_masked(box, square),
        )
        for box in boxes
    ]


def with_decisions(
    boxes: Sequence[TextBox] | None, decisions: Sequence[TextDecisionIn]
) -> list[TextBox]:
    """The boxes with these decisions.

    Raises:
        InvalidInputError: there is no such box.
    """
    try:
        return decided(boxes or (), {each.box: each.decision for each in decisions})
    except IndexError as error:
        raise InvalidInputError(
            f"This recording has {len(boxes or ())} boxes of text, counted from 0.",
            field="decisions",
        ) from error
