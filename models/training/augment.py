"""The copies of a frame that training sees beside the frame itself."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from models.media.square import Picture


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a copy may differ from its frame; by default as in the paper (section 4.1).

    `gamma` stands for what a machine's gain and grey map do to the same lung: brightness, as a part
    of the brightest, is raised to a power.

    Attributes:
        degrees: of rotation, either way.
        shift: along each side, as a part of it, either way.
        flips: whether half of the copies are mirrored, along each side apart.
        gamma: the highest power; powers lie between its inverse and it, evenly in their logarithm.
    """

    degrees: float = 10.0
    shift: float = 0.1
    flips: bool = True
    gamma: float = 1.0


PAPER = Augmentation()
BRIGHTNESS = Augmentation(degrees=0.0, shift=0.0, flips=False, gamma=2.0)
BOTH = Augmentation(gamma=2.0)

NAMED = {"paper": PAPER, "brightness": BRIGHTNESS, "both": BOTH}
"""As a training is asked for them; docs/MODEL_CARD.md has what each gave."""


def augment(
    frame: Picture, rng: np.random.Generator, augmentation: Augmentation = PAPER
) -> Picture:
    """A moved, turned, lighter or darker copy of a square uint8 RGB frame (side, side, 3).

    What a shift uncovers repeats the frame's edge, so that no new black border can be learnt.
    """
    side = frame.shape[0]
    most_degrees, most_shift = augmentation.degrees, augmentation.shift
    centre = ((side - 1) / 2, (side - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-most_degrees, most_degrees), 1.0)
    matrix[:, 2] += rng.uniform(-most_shift, most_shift, size=2) * side
    moved = np.asarray(
        cv2.warpAffine(frame, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
    for axis in (1, 0) if augmentation.flips else ():
        if rng.random() < 0.5:
            moved = np.flip(moved, axis)
    if augmentation.gamma > 1.0:
        most = math.log(augmentation.gamma)
        moved = _shades(math.exp(rng.uniform(-most, most)))[moved]
    return np.ascontiguousarray(moved)


def _shades(power: float) -> Picture:
    """What each of 256 brightnesses becomes when it is raised to a power; the ends stay."""
    return np.rint(255 * np.linspace(0, 1, 256) ** power).astype(np.uint8)
