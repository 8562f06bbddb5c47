"""The contact sheet: every frame, in order, and none cut off."""

import numpy as np
import pytest

from models.media.contact_sheet import contact_sheet


def flat(grey: int, height: int = 100, width: int = 200) -> np.ndarray:
    return np.full((height, width, 3), grey, dtype=np.uint8)


def test_frames_stand_in_rows_from_left_to_right() -> None:
    sheet = contact_sheet([flat(n * 10) for n in range(8)], 8, width=300, columns=3)
    assert sheet.shape == (150, 300, 3)
    seen = [
        int(sheet[row * 50 + 25, column * 100 + 50, 0]) for row in range(3) for column in range(3)
    ]
    assert seen == [0, 10, 20, 30, 40, 50, 60, 70, 0]


def test_few_frames_are_shown_larger() -> None:
    assert contact_sheet([flat(9)] * 2, 2, width=300).shape == (75, 300, 3)
    assert contact_sheet([flat(9)], 1, width=180).shape == (90, 180, 3)


def test_small_frames_are_not_blown_up() -> None:
    assert contact_sheet([flat(9), flat(9)], 2, width=2000).shape == (100, 400, 3)


def test_a_frame_that_did_not_decode_leaves_its_place_black() -> None:
    assert contact_sheet([flat(9), flat(9)], 3, width=300).shape == (50, 300, 3)


def test_no_frame_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([], 0)
