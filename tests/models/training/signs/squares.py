"""Drawings that are quickly learnt from: a bright square, somewhere or nowhere."""

import numpy as np

from models.contract import SIGN_PLACES, SIGN_SIDE
from models.training.signs.drawings import Drawings

MAPS, SIGNS = ("square",), ("any",)
_CELL = SIGN_SIDE // SIGN_PLACES


def draw(rng: np.random.Generator) -> Drawings:
    """A dark, noisy picture with a square of two by two places in half of all."""
    picture = rng.integers(0, 60, (1, SIGN_SIDE, SIGN_SIDE), dtype=np.uint8)
    truth = np.zeros((1, SIGN_PLACES, SIGN_PLACES, 1), dtype=np.uint8)
    there = rng.random() < 0.5
    if there:
        y, x = rng.integers(0, SIGN_PLACES - 1, 2)
        picture[0, y * _CELL : (y + 2) * _CELL, x * _CELL : (x + 2) * _CELL] += 150
        truth[0, y : y + 2, x : x + 2] = 255
    return Drawings(picture, truth, np.array([[there]], dtype=np.float32))
