"""Reading of the text in one picture, offline, by PP-OCR on OpenVINO.

The networks come with the package `rapidocr` (PP-OCRv6 small, Apache 2.0), so nothing has to be
installed beside this program. On the same planted names Tesseract 5.3 found a third of what this
finds (docs/CONTRIBUTING_DATA.md, "Names in the picture").
"""

import functools
import math
import threading
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from models.media.square import Picture

LONGEST_SIDE = 2000
"""A larger picture is scaled down to this many pixels before it is read."""

LOOK_SIDES = (256, 512, 1024)
"""Pixels of the side of the square in which the networks see a picture or tile.

Few sizes, since OpenVINO keeps memory for each that it has met: half a gigabyte for these.
"""

MOST_ENLARGED = 2.0
"""Letters grow no more legible when a picture is enlarged further."""

TILE, TILE_OVERLAP = 640, 160
"""Pixels of a tile's side and of what neighbours share: the networks miss small letters in a large
picture.
"""

MOST_LINES = 200
"""Lines of text that are read in one picture; the largest of them."""

_FAINT = 40
"""Brightness, 0 to 255, below which letters are no letters: such a part need not be read."""

_MIN_SCORE = 0.5
_MIN_LETTERS = 2
_MAX_SHARE = 0.4
"""A box over more of the picture than this is no line of text."""

_ENGINE_TURN = threading.Lock()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: what it says, and the box around it in pixels of the picture.

    `text` may be a patient's name: it is neither logged nor stored.
    """

    x: int
    y: int
    width: int
    height: int
    text: str


def read_lines(picture: Picture, *, closely: bool = True) -> list[Line]:
    """The lines of text in a picture; a line across two tiles may be there in pieces, or twice.

    Args:
        picture: uint8 RGB (h, w, 3).
        closely: read a large picture also in tiles, which finds small letters and takes longer.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    scaled = _scaled(picture, scale)
    lines = _read(scaled)
    if closely and max(scaled.shape) > TILE:
        for top in _starts(scaled.shape[0]):
            for left in _starts(scaled.shape[1]):
                tile = scaled[top : top + TILE, left : left + TILE]
                lines += [replace(line, x=line.x + left, y=line.y + top) for line in _read(tile)]
    return lines if scale == 1 else [_enlarged(line, 1 / scale) for line in lines]


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side, evenly and overlapping."""
    count = max(1, math.ceil((length - TILE_OVERLAP) / (TILE - TILE_OVERLAP)))
    if count == 1:
        return [0]
    return [round(n * (length - TILE) / (count - 1)) for n in range(count)]


def _read(picture: Picture) -> list[Line]:
    """The lines of a picture in one look, as large as it may be for that."""
    if picture.max() < _FAINT:
        return []
    height, width = picture.shape[:2]
    scale = min(MOST_ENLARGED, LOOK_SIDES[-1] / max(height, width))
    scaled = _scaled(picture, scale)
    side = next(side for side in LOOK_SIDES if side >= max(scaled.shape))
    canvas = np.zeros((side, side, 3), dtype=np.uint8)
    canvas[: scaled.shape[0], : scaled.shape[1]] = scaled
    with _ENGINE_TURN:
        found = _engine()(cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), use_cls=False)
    if found.boxes is None:
        return []
    lines = [
        _line(box, text, scale)
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if score >= _MIN_SCORE and sum(letter.isalnum() for letter in text) >= _MIN_LETTERS
    ]
    return [line for line in lines if line.width * line.height <= _MAX_SHARE * width * height]


def _scaled(picture: Picture, scale: float) -> Picture:
    if scale == 1:
        return picture
    size = tuple(max(1, round(scale * side)) for side in picture.shape[1::-1])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), dtype=np.uint8)


def _enlarged(line: Line, scale: float) -> Line:
    left, top = math.floor(line.x * scale), math.floor(line.y * scale)
    right = math.ceil((line.x + line.width) * scale)
    bottom = math.ceil((line.y + line.height) * scale)
    return Line(left, top, right - left, bottom - top, line.text)


def _line(corners: Any, text: str, scale: float) -> Line:
    left, top = np.floor(np.min(corners, axis=0) / scale).astype(int)
    right, bottom = np.ceil(np.max(corners, axis=0) / scale).astype(int)
    return Line(max(0, int(left)), max(0, int(top)), int(right - left), int(bottom - top), text)


@functools.cache
def _engine() -> Any:
    """The networks, compiled once for each process; takes a second."""
    # Imported here, so that programs which never look for text do not wait for it.
    from rapidocr import EngineType, RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": LOOK_SIDES[-1],
            "Global.text_score": _MIN_SCORE,
            "Det.engine_type": EngineType.OPENVINO,
            "Det.limit_type": "max",
            "Det.limit_side_len": LOOK_SIDES[-1],
            "Det.max_candidates": MOST_LINES,
            "Cls.engine_type": EngineType.OPENVINO,
            "Rec.engine_type": EngineType.OPENVINO,
            "EngineConfig.openvino.inference_num_threads": 1,
        }
    )
