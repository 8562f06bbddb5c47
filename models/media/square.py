"""Detection of the ultrasound field in a picture: the proposed crop square."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from models.contract import Square

Picture = npt.NDArray[np.uint8]

SMALLEST_SIDE = 32
"""Minimum side in pixels of a picture or square that can be assessed."""

_WORKING_SIDE = 256
_DARK = 10
_MIN_COLOUR_SPREAD = 40
_MIN_FIELD_SHARE = 0.03
_MIN_PART_SHARE = 0.05
_MAX_ASPECT = 6
_NEARLY_SQUARE = 1.1
_FILLS_PICTURE = 0.95
_FILLS_SQUARE = 0.4


def propose_square(pictures: Sequence[Picture]) -> Square:
    """The square around the ultrasound field of a recording.

    The field is the largest connected bright, grey area after a morphological opening (which
    removes rulers, text and markers) and without coloured areas (bars, logos), joined with the
    parts above and below that a shadow separates. A picture that the field fills is taken whole,
    with a lower threshold if it is nearly square and so probably cropped already.

    Args:
        pictures: one or more uint8 RGB pictures (h, w, 3) of the same recording.

    Raises:
        ValueError: no picture was given.
    """
    if not pictures:
        raise ValueError("expected at least one picture, got none")
    height, width = pictures[0].shape[:2]
    shorter_side = min(width, height)
    box = _field(pictures)
    if box is None:
        return Square((width - shorter_side) // 2, (height - shorter_side) // 2, shorter_side)
    left, top, right, bottom = box
    side = min(max(right - left, bottom - top, SMALLEST_SIDE), shorter_side)
    cropped_before = max(width, height) <= _NEARLY_SQUARE * shorter_side
    if side >= (_FILLS_SQUARE if cropped_before else _FILLS_PICTURE) * shorter_side:
        side = shorter_side
    return Square(
        x=_start(left, right, side, width), y=_start(top, bottom, side, height), size=side
    )


def _start(low: int, high: int, side: int, limit: int) -> int:
    return max(0, min((low + high - side) // 2, limit - side))


def _field(pictures: Sequence[Picture]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the ultrasound field in source pixels, or None."""
    height, width = pictures[0].shape[:2]
    scale = min(1.0, _WORKING_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures]
    grey = np.max([picture.max(axis=2) for picture in small], axis=0)
    spread = np.max(
        [picture.max(axis=2).astype(int) - picture.min(axis=2) for picture in small], axis=0
    )
    mask = ((grey > _DARK) & (spread < _MIN_COLOUR_SPREAD)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None
    shape = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    parts = stats[1:][shape.max(axis=1) <= _MAX_ASPECT * shape.min(axis=1)]
    if not len(parts):
        return None
    main = parts[int(np.argmax(parts[:, cv2.CC_STAT_AREA]))]
    if main[cv2.CC_STAT_AREA] < _MIN_FIELD_SHARE * mask.size:
        return None
    left, right = main[cv2.CC_STAT_LEFT], main[cv2.CC_STAT_LEFT] + main[cv2.CC_STAT_WIDTH]
    centre = parts[:, cv2.CC_STAT_LEFT] + parts[:, cv2.CC_STAT_WIDTH] / 2
    belongs = (parts[:, cv2.CC_STAT_AREA] >= _MIN_PART_SHARE * main[cv2.CC_STAT_AREA]) & (
        (centre >= left) & (centre <= right)
    )
    lefts, tops, wides, highs = (parts[belongs, n] for n in range(4))
    return (
        int(lefts.min() / scale),
        int(tops.min() / scale),
        min(width, round((lefts + wides).max() / scale)),
        min(height, round((tops + highs).max() / scale)),
    )
