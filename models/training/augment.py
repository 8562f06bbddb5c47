"""Data augmentation of frames."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from models.media.square import Picture


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Ranges of the random transformations; by default as in the paper (section 4.1).

    Gamma imitates the gain and grey map of different scanners.

    Attributes:
        degrees: maximum rotation, in either direction.
        shift: maximum translation along each axis, as a fraction of the side.
        flips: whether to flip along each axis with probability 1/2.
        gamma: maximum exponent, at least 1; exponents are log-uniform in [1 / gamma, gamma].
    """

    degrees: float = 10.0
    shift: float = 0.1
    flips: bool = True
    gamma: float = 1.0


PAPER = Augmentation()
BRIGHTNESS = Augmentation(degrees=0.0, shift=0.0, flips=False, gamma=2.0)
BOTH = Augmentation(gamma=2.0)

NAMED = {"paper": PAPER, "brightness": BRIGHTNESS, "both": BOTH}
"""Augmentations by the names of the --augment option; docs/MODEL_CARD.md compares them."""


def augment(
    frame: Picture, rng: np.random.Generator, augmentation: Augmentation = PAPER
) -> Picture:
    """A randomly transformed copy of a square uint8 RGB frame (side, side, 3).

    Edges are replicated, so that no artificial black border can be learnt.
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
    """The lookup table of a gamma correction, uint8 (256,)."""
    return np.rint(255 * np.linspace(0, 1, 256) ** power).astype(np.uint8)
