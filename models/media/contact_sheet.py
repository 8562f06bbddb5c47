"""Contact sheets: many frames in one picture, for a visual check for burnt-in text."""

from collections.abc import Iterable

import cv2
import numpy as np

from models.media.square import Picture

WIDTH = 2400
COLUMNS = 5


def contact_sheet(
    pictures: Iterable[Picture], count: int, width: int = WIDTH, columns: int = COLUMNS
) -> Picture:
    """Pictures in a grid, left to right and top to bottom, as large as the sheet's width allows.

    Args:
        pictures: uint8 RGB (h, w, 3), of one size. They are scaled down one by one.
        number: how many they are, at most.
        width: maximum width of the sheet in pixels; small pictures are not enlarged.
        columns: maximum number of columns.

    Raises:
        ValueError: no picture was given.
    """
    columns = min(columns, count)
    cells = [_scaled_to_fit(picture, width // max(1, columns)) for picture in pictures]
    if not cells:
        raise ValueError("expected at least one picture, got none")
    height, wide = cells[0].shape[:2]
    rows = -(-len(cells) // columns)
    sheet = np.zeros((rows * height, columns * wide, 3), dtype=np.uint8)
    for n, cell in enumerate(cells):
        top, left = n // columns * height, n % columns * wide
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell[:height, :wide]
    return sheet


def _scaled_to_fit(picture: Picture, side: int) -> Picture:
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
