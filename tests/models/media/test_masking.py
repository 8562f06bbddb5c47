"""What is painted black of a recording, and what has to be decided first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from models.contract import Square
from models.media.acquisition import Acquisition
from models.media.masking import (
    Covered,
    TextBox,
    TextDecision,
    decided,
    is_inside,
    is_masked,
    needs_decision,
)
from models.media.square import Picture

SQUARE = Square(20, 20, 60)
INSIDE = TextBox(30, 30, 20, 10, name_like=False)
OUTSIDE = TextBox(30, 2, 20, 10, name_like=False)


class Bright:
    """Three white pictures, 100 pixels wide and 100 high."""

    times_s: Sequence[float] = [0.0, 0.5, 1.0]
    duration_s: float | None = 1.5
    acquisition = Acquisition()

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        return (np.full((100, 100, 3), 255, dtype=np.uint8) for _ in indices)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (INSIDE, True),
        (OUTSIDE, False),
        (replace(INSIDE, x=18), True),
        (replace(INSIDE, x=1), False),  # a twentieth of it is inside
        (replace(INSIDE, x=10), True),
        (replace(INSIDE, x=80), False),
    ],
)
def test_text_is_inside_where_enough_of_it_is_seen(box: TextBox, expected: bool) -> None:
    assert is_inside(box, SQUARE) is expected


def test_a_person_decides_on_names_inside_only() -> None:
    name = replace(INSIDE, name_like=True)
    assert needs_decision(name, SQUARE)
    assert not needs_decision(INSIDE, SQUARE)
    assert not needs_decision(replace(OUTSIDE, name_like=True), SQUARE)
    for decision in TextDecision:
        assert not needs_decision(replace(name, decision=decision), SQUARE)


def test_text_outside_and_names_are_masked_until_somebody_decides() -> None:
    assert not is_masked(INSIDE, SQUARE)
    assert is_masked(OUTSIDE, SQUARE)
    assert is_masked(replace(INSIDE, name_like=True), SQUARE)


def test_a_decision_counts_whatever_the_text_is() -> None:
    kept = decided([INSIDE, replace(INSIDE, name_like=True)], {1: TextDecision.KEEP})
    assert [is_masked(box, SQUARE) for box in kept] == [False, False]
    masked = decided(kept, {0: TextDecision.MASK})
    assert [is_masked(box, SQUARE) for box in masked] == [True, False]
    for place in (-1, 2):
        with pytest.raises(IndexError, match=f"got {place}"):
            decided(kept, {place: TextDecision.MASK})


def test_boxes_are_black_in_every_picture_and_nothing_else_is() -> None:
    covered = Covered(Bright(), [replace(INSIDE, x=95, width=50)])
    pictures = list(covered.read([0, 2]))
    assert len(pictures) == 2
    for picture in pictures:
        assert not picture[30:40, 95:].any()
        assert (picture == 0).sum() == 10 * 5 * 3
    assert (covered.times_s, covered.duration_s) == ([0.0, 0.5, 1.0], 1.5)


def test_around_the_squares_everything_is_black() -> None:
    (picture,) = Covered(Bright(), [], [Square(10, 40, 20), Square(50, 30, 10)]).read([1])
    assert picture[30:60, 10:60].all()
    assert (picture > 0).sum() == 30 * 50 * 3
