"""Boxes of text in a recording, what was decided on each, and what is painted black for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.contract import Square
from models.media.sources import Source
from models.media.square import Picture

_INSIDE_SHARE = 0.1
"""A box that overlaps the square by more than this share of its own area is inside."""


class TextDecision(StrEnum):
    """What a person decided on a box of text."""

    MASK = "mask"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where text was found, in pixels; the text itself is not kept.

    `name_like`: it may name a person. `decision` is None until a person decides.
    """

    x: int
    y: int
    width: int
    height: int
    name_like: bool
    decision: TextDecision | None = None


def is_inside(box: TextBox, square: Square) -> bool:
    """Whether text is seen on the square."""
    width = min(box.x + box.width, square.x + square.size) - max(box.x, square.x)
    height = min(box.y + box.height, square.y + square.size) - max(box.y, square.y)
    if width <= 0 or height <= 0:
        return False
    return width * height > _INSIDE_SHARE * box.width * box.height


def needs_decision(box: TextBox, square: Square) -> bool:
    """Whether a recording must wait for a person, because of this box."""
    return box.decision is None and box.name_like and is_inside(box, square)


def is_masked(box: TextBox, square: Square) -> bool:
    """Whether a box is painted black.

    What a person decided counts. Where nobody did, everything is that may name a person or lies
    outside the square; other text inside it, such as a scale, stays.
    """
    if box.decision is not None:
        return box.decision is TextDecision.MASK
    return box.name_like or not is_inside(box, square)


def decided(boxes: Sequence[TextBox], decisions: dict[int, TextDecision]) -> list[TextBox]:
    """The boxes with these decisions, by place.

    Raises:
        IndexError: there is no such box.
    """
    changed = list(boxes)
    for place, decision in decisions.items():
        if not 0 <= place < len(changed):
            raise IndexError(f"expected a box from 0 to {len(changed) - 1}, got {place}")
        changed[place] = replace(changed[place], decision=decision)
    return changed


class Covered:
    """A source whose pictures are black at these boxes and, if squares are given, around them.

    Args:
        source: what is covered.
        boxes: what is painted black.
        fields: outside the smallest rectangle around these squares everything is black; none for
            no such frame.
    """

    def __init__(
        self, source: Source, boxes: Sequence[TextBox], fields: Sequence[Square] = ()
    ) -> None:
        self._source = source
        self._boxes = list(boxes)
        self._fields = list(fields)
        self.times_s = source.times_s
        self.duration_s = source.duration_s
        self.acquisition = source.acquisition

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The pictures at these places, covered."""
        return (self._covered(picture) for picture in self._source.read(indices))

    def _covered(self, picture: Picture) -> Picture:
        covered = picture.copy()
        for box in self._boxes:
            covered[max(0, box.y) : box.y + box.height, max(0, box.x) : box.x + box.width] = 0
        if not self._fields:
            return covered
        left, top = (min(getattr(each, axis) for each in self._fields) for axis in "xy")
        right = max(each.x + each.size for each in self._fields)
        bottom = max(each.y + each.size for each in self._fields)
        framed = np.zeros_like(covered)
        framed[top:bottom, left:right] = covered[top:bottom, left:right]
        return framed
