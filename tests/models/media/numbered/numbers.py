"""Pictures that carry a number in large blocks, and tell which way up they are."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 64, 48
DARK, BRIGHT = 50, 200
"""Grey levels of a 0 and a 1: what any codec and any range of values keeps apart."""

_SIDE = 4
_MARKS = {(0, 0): 1, (0, 1): 1, (1, 0): 0, (0, 3): 0, (3, 0): 0, (3, 3): 0}
"""Blocks (row, column) whose value is fixed: no two of the eight orientations agree on them."""

_BITS = [
    (row, column) for row in range(_SIDE) for column in range(_SIDE) if (row, column) not in _MARKS
]
"""Eight bits of the number, the least significant first, then two that check it."""

_LEAST_CONTRAST = 60


class Shown(NamedTuple):
    """What a picture says: its number, and how the picture was turned (EXIF: 1 is upright)."""

    number: int
    orientation: int = 1


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A picture (height, width, 3) that carries a number from 0 to 255."""
    grid = np.zeros((_SIDE, _SIDE), dtype=bool)
    for place, value in _MARKS.items():
        grid[place] = value
    for place, bit in zip(_BITS, _bits(number), strict=True):
        grid[place] = bit
    grey = np.where(grid, BRIGHT, DARK).astype(np.uint8)
    large = cv2.resize(grey, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.repeat(large[:, :, None], 3, axis=2)


def read(picture: Picture) -> Shown | None:
    """The number of a picture of any size and orientation; None where it cannot be told."""
    grid = _grid(picture)
    if grid is None:
        return None
    for orientation, upright in _as_turned(grid):
        if all(upright[place] == value for place, value in _MARKS.items()):
            bits = [int(upright[place]) for place in _BITS]
            number = sum(bit << place for place, bit in enumerate(bits[:8]))
            return Shown(number, orientation) if bits == _bits(number) else None
    return None


def turned(picture: Picture, orientation: int) -> Picture:
    """How a picture is stored whose EXIF orientation (1 to 8) then brings it upright."""
    if orientation in (2, 4, 5, 7):
        picture = picture[:, ::-1]
    quarters = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 1, 7: 3, 8: 3}[orientation]
    return np.ascontiguousarray(np.rot90(picture, quarters))


def _bits(number: int) -> list[int]:
    bits = [number >> place & 1 for place in range(8)]
    return [*bits, sum(bits[:4]) % 2, sum(bits[4:]) % 2]


def _grid(picture: Picture) -> npt.NDArray[np.bool_] | None:
    """Which blocks are bright, by their middles; None where bright and dark are not apart."""
    grey = picture.astype(float).mean(axis=2)
    height, width = grey.shape
    middles = np.empty((_SIDE, _SIDE))
    for row in range(_SIDE):
        for column in range(_SIDE):
            top, bottom = ((4 * row + 1) * height // 16, (4 * row + 3) * height // 16)
            left, right = ((4 * column + 1) * width // 16, (4 * column + 3) * width // 16)
            middles[row, column] = grey[top:bottom, left:right].mean()
    bright = np.asarray(middles > (middles.min() + middles.max()) / 2, dtype=np.bool_)
    if middles[bright].min(initial=255) - middles[~bright].max(initial=0) < _LEAST_CONTRAST:
        return None
    return bright


def _as_turned(grid: npt.NDArray[np.bool_]) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """A stored grid with each orientation (EXIF) that could bring it upright, so brought."""
    yield 1, grid
    yield 2, grid[:, ::-1]
    yield 3, grid[::-1, ::-1]
    yield 4, grid[::-1]
    yield 5, grid.T
    yield 6, np.rot90(grid, -1)
    yield 7, grid[::-1, ::-1].T
    yield 8, np.rot90(grid, 1)
