"""Text drawn into pictures in ten faces and sizes, its place known: what a search has to find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import matplotlib.font_manager
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Picture = npt.NDArray[np.uint8]

LETTERS = 205
"""Brightness of the letters, 0 to 255: machines write in light grey."""


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface at a size: a font of Matplotlib's in pixels, or one of OpenCV's by its scale."""

    name: str
    size: float


FACES = (
    Face("DejaVu Sans", 12),
    Face("DejaVu Sans", 16),
    Face("DejaVu Sans Mono", 14),
    Face("DejaVu Serif", 18),
    Face("DejaVu Sans:bold", 22),
    Face("DejaVu Sans:italic", 15),
    Face("STIXGeneral", 20),
    Face("cmr10", 24),
    Face("hershey_simplex", 0.5),
    Face("hershey_plain", 1.0),
)
"""Ten of them, letters from 9 to 24 pixels high."""

_HERSHEY = {"hershey_simplex": cv2.FONT_HERSHEY_SIMPLEX, "hershey_plain": cv2.FONT_HERSHEY_PLAIN}


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was drawn, and the box around its letters in pixels."""

    text: str
    x: int
    y: int
    width: int
    height: int

    def share_in(self, boxes: Sequence[tuple[int, int, int, int]]) -> float:
        """Which share of its box other boxes (x, y, width, height) cover, 0 to 1."""
        covered = np.zeros((self.height, self.width), dtype=bool)
        for x, y, width, height in boxes:
            left, top = max(0, x - self.x), max(0, y - self.y)
            covered[top : max(0, y + height - self.y), left : max(0, x + width - self.x)] = True
        return float(covered.mean())


def size_of(text: str, face: Face) -> tuple[int, int]:
    """Width and height in pixels of a text in a face."""
    mask = _drawn(text, face)
    return mask.shape[1], mask.shape[0]


def write(picture: Picture, text: str, face: Face, x: int, y: int) -> tuple[Picture, Written]:
    """A copy of a picture (h, w, 3) with a text whose box begins at x, y.

    Raises:
        ValueError: the text does not fit there.
    """
    mask = _drawn(text, face)
    height, width = mask.shape
    if x < 0 or y < 0 or x + width > picture.shape[1] or y + height > picture.shape[0]:
        raise ValueError(f"expected {width}×{height} pixels of room at {x}, {y} for the text")
    written = picture.copy()
    part = written[y : y + height, x : x + width].astype(np.float32)
    share = mask[..., None].astype(np.float32) / 255
    mixed = part * (1 - share) + LETTERS * share
    written[y : y + height, x : x + width] = np.rint(mixed).astype(np.uint8)
    return written, Written(text, x, y, width, height)


def _drawn(text: str, face: Face) -> Picture:
    """The letters alone, 255 on 0, cut to their box."""
    draw: Callable[[str, Face], Picture] = _hershey if face.name in _HERSHEY else _truetype
    picture = draw(text, face)
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _truetype(text: str, face: Face) -> Picture:
    path = matplotlib.font_manager.findfont(face.name, fallback_to_default=False)
    font = ImageFont.truetype(path, face.size)
    width, height = font.getbbox(text)[2:]
    canvas = Image.new("L", (int(width) + 8, int(height) + 8))
    ImageDraw.Draw(canvas).text((4, 2), text, font=font, fill=255)
    return np.asarray(canvas, dtype=np.uint8)


def _hershey(text: str, face: Face) -> Picture:
    font = _HERSHEY[face.name]
    (width, height), below = cv2.getTextSize(text, font, face.size, 1)
    canvas = np.zeros((height + below + 8, width + 8, 1), dtype=np.uint8)
    cv2.putText(canvas, text, (4, height + 4), font, face.size, (255,), 1, cv2.LINE_AA)
    return canvas[..., 0]
