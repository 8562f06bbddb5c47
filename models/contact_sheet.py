"""Many frames on one picture, on which a person looks for names and marks."""

from collections.abc import Iterable

import cv2
import numpy as np

from models.square import Picture

CELL = 320
COLUMNS = 6


def contact_sheet(pictures: Iterable[Picture], side: int = CELL, columns: int = COLUMNS) -> Picture:
    """Pictures in a grid, left to right and top to bottom, each at most `side` pixels.

    Raises:
        ValueError: no picture was given.
    """
    cells = [_fitted(each, side) for each in pictures]
    if not cells:
        raise ValueError("expected at least one picture, got none")
    height, width = cells[0].shape[:2]
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    sheet = np.zeros((rows * height, columns * width, 3), dtype=np.uint8)
    for n, cell in enumerate(cells):
        top, left = n // columns * height, n % columns * width
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell[:height, :width]
    return sheet


def _fitted(picture: Picture, side: int) -> Picture:
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
