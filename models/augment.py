"""The augmentation of the paper (section 4.1): rotation to 10°, flips both ways, shifts to 10 %."""

import cv2
import numpy as np

from models.square import Picture

MOST_DEGREES = 10.0
MOST_SHIFT = 0.1


def augment(frame: Picture, rng: np.random.Generator) -> Picture:
    """A rotated, shifted and perhaps flipped copy of a square uint8 RGB frame (side, side, 3).

    What a shift uncovers repeats the frame's edge, so that no new black border can be learnt.
    """
    side = frame.shape[0]
    centre = ((side - 1) / 2, (side - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-MOST_DEGREES, MOST_DEGREES), 1.0)
    matrix[:, 2] += rng.uniform(-MOST_SHIFT, MOST_SHIFT, size=2) * side
    moved = np.asarray(
        cv2.warpAffine(frame, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
    if rng.random() < 0.5:
        moved = moved[:, ::-1]
    if rng.random() < 0.5:
        moved = moved[::-1]
    return np.ascontiguousarray(moved)
