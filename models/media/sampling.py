"""From a file to square frames: decode, probe, sample at 3 Hz, crop; for training and inference.

Both use the same path (paper, section 3), so that an upload is preprocessed as training data was.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from models.contract import FRAME_SIDE, Square
from models.media.formats import Format, MediaError
from models.media.limits import LIMITS, no_frames
from models.media.masking import Covered, TextBox
from models.media.sources import Source, Trimmed, open_source
from models.media.square import Picture, propose_square

__all__ = ["LIMITS", "Frame", "MediaError", "Picture", "Probe", "Recording", "probe", "read_inputs"]

SAMPLING_HZ = 3.0
MAX_FRAMES = 30
COLOUR = "grey"
"""Colour mode of the network's input, as recorded in the manifest."""

PREVIEW_SIDE = 1024
"""Longer side of a preview in pixels."""

_PREVIEW_FRAMES = 300


@dataclass(frozen=True, slots=True)
class Probe:
    """Properties of a recording, determined by decoding only a few of its frames.

    `width` and `height` (pixels) are those of the upright picture; `frames` counts the file's
    frames, `sampled` the frames that are screened (1 to 30); `square` is the proposed crop.
    `depth_mm`, `mm_per_pixel` and `notes` are those of `models.media.acquisition.Acquisition`.
    """

    kind: Literal["image", "video"]
    format: str
    media_type: str
    width: int
    height: int
    duration_s: float | None
    frames: int
    sampled: int
    square: Square
    depth_mm: float | None = None
    mm_per_pixel: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One sampled frame: its index, time in seconds and crop, uint8 RGB (size, size, 3)."""

    index: int
    time_s: float
    pixels: Picture


@dataclass(frozen=True)
class Recording:
    """An opened recording: its format, its frame times, and its pictures, decoded on demand."""

    format: Format
    source: Source = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> "Recording":
        """Detect a file's format by its content and read its frame times.

        Raises:
            MediaError: see `models.media.sources.open_source`.
        """
        return cls(*open_source(path))

    @property
    def kind(self) -> Literal["image", "video"]:
        """`video` if the file has frame times, even of a single frame."""
        return "image" if self.source.duration_s is None else "video"

    def sampled(self) -> list[int]:
        """Indices of the frames that are screened, see `sample`."""
        return sample(self.source.times_s)

    def preview_frames(self, limit: int = 5) -> list[Picture]:
        """A few pictures from the beginning, enough to detect the ultrasound field."""
        indices = [index_ for index_ in self.sampled() if index_ < _PREVIEW_FRAMES]
        step = max(1, math.ceil(len(indices) / limit))
        return list(self.source.read(indices[::step]))

    def probe(self) -> "Probe":
        """The recording's properties and the proposed square; decodes a few of its frames.

        Raises:
            MediaError: `no_frames`, or the recording could not be decoded.
        """
        pictures = self.preview_frames()
        if not pictures:
            raise no_frames()
        height, width = pictures[0].shape[:2]
        return Probe(
            kind=self.kind,
            format=self.format.name,
            media_type=self.format.media_type,
            width=width,
            height=height,
            duration_s=self.source.duration_s,
            frames=len(self.source.times_s),
            sampled=len(self.sampled()),
            square=self.proposed_square(pictures),
            depth_mm=self.source.acquisition.depth_mm,
            mm_per_pixel=self.source.acquisition.mm_per_pixel,
            notes=self.source.acquisition.notes,
        )

    def proposed_square(self, pictures: Sequence[Picture] = ()) -> Square:
        """The square around the ultrasound field, as the file says or else as its pictures show.

        Args:
            pictures: some of the recording's, where they are decoded already.

        Raises:
            MediaError: the recording could not be decoded.
        """
        known = self.source.acquisition.square
        return known or propose_square(pictures or self.preview_frames())

    def still(self) -> Picture:
        """The first sampled picture, upright and uncropped: (h, w, 3) uint8 RGB."""
        return next(self.source.read(self.sampled()[:1]))

    def preview(self) -> bytes:
        """The first sampled picture as JPEG, its longer side at most `PREVIEW_SIDE` pixels."""
        return encode_jpeg(self.still(), PREVIEW_SIDE)

    def trimmed(self, start_s: float | None, end_s: float | None) -> "Recording":
        """The part from `start_s` to `end_s` seconds (None: from the start, to the end).

        A still is returned unchanged.

        Raises:
            MediaError: `trim_outside` if there is no frame in between.
        """
        if self.kind == "image" or (start_s is None and end_s is None):
            return self
        return Recording(self.format, Trimmed(self.source, start_s, end_s))

    def covered(self, boxes: Sequence[TextBox], fields: Sequence[Square] = ()) -> "Recording":
        """The recording, black at these boxes and, if squares are given, around all of them."""
        return Recording(self.format, Covered(self.source, boxes, fields))

    def frames(self, square: Square) -> Iterator[Frame]:
        """The sampled frames, cropped to the square, at most 30, decoded lazily.

        Raises:
            MediaError: `crop_outside`; `no_frames` if nothing could be decoded.
        """
        indices = self.sampled()
        index = -1
        for index, picture in enumerate(self.source.read(indices)):
            if index == 0:
                check_square(square, picture.shape[1], picture.shape[0])
            pixels = np.ascontiguousarray(
                picture[square.y : square.y + square.size, square.x : square.x + square.size]
            )
            yield Frame(index, self.source.times_s[indices[index]], pixels)
        if index < 0:
            raise no_frames()


def probe(path: Path) -> Probe:
    """The properties of a file that can be screened, and the proposed square.

    Raises:
        MediaError: see `models.media.sources.open_source`.
    """
    return Recording.open(path).probe()


def sample(times_s: Sequence[float]) -> list[int]:
    """Indices of the frames nearest to 0, 1/3, 2/3 … s; if over 30, then 30 of them, evenly spaced.

    Uses timestamps alone, and so works with any constant or variable frame rate.

    Args:
        times_s: ascending times of all frames in seconds, at least one.
    """
    start, end = times_s[0], times_s[-1]
    count = math.floor((end - start) * SAMPLING_HZ + 1e-6) + 1
    grid_times_s = [start + n / SAMPLING_HZ for n in range(count)]
    indices = sorted({_nearest(times_s, time_s) for time_s in grid_times_s})
    if len(indices) <= MAX_FRAMES:
        return indices
    step = (len(indices) - 1) / (MAX_FRAMES - 1)
    return [indices[round(n * step)] for n in range(MAX_FRAMES)]


def check_square(square: Square, width: int, height: int) -> None:
    """Refuse a square that is not entirely inside the picture, or too small to assess.

    Raises:
        MediaError: `crop_outside`.
    """
    inside = (
        square.x >= 0
        and square.y >= 0
        and square.x + square.size <= width
        and square.y + square.size <= height
    )
    if square.size < LIMITS.smallest_side or not inside:
        raise MediaError(
            "crop_outside",
            f"The square (x {square.x}, y {square.y}, size {square.size}) must lie inside the "
            f"picture of {width}×{height} pixels and measure at least "
            f"{LIMITS.smallest_side} pixels.",
        )


def to_input(pixels: Picture) -> Picture:
    """The network's input: a square of any size as uint8 (224, 224, 3), grey in three channels.

    A tint comes from the scanner or the screen, not from the lung, and must not be learnt.
    """
    grey = cv2.cvtColor(resize(pixels, FRAME_SIDE), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def read_inputs(path: Path) -> Picture:
    """Every sampled frame of a file, cropped to the proposed square: uint8 (n, 224, 224, 3), grey.

    Raises:
        MediaError: see `models.media.sources.open_source`.
    """
    recording = Recording.open(path)
    square = recording.proposed_square()
    return np.stack([to_input(frame.pixels) for frame in recording.frames(square)])


def resize(pixels: Picture, side: int) -> Picture:
    """A square picture resized to `side` pixels: area averaging down, bicubic up."""
    interpolation = cv2.INTER_AREA if pixels.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=interpolation), dtype=np.uint8)


def encode_jpeg(pixels: Picture, longest: int, quality: int = 88) -> bytes:
    """A picture as JPEG without metadata, its longer side at most `longest` pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    encoded, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not encoded:
        raise RuntimeError(f"could not encode a picture of {width}×{height} pixels as JPEG")
    return data.tobytes()


def _nearest(times_s: Sequence[float], time_s: float) -> int:
    after = min(bisect_left(times_s, time_s), len(times_s) - 1)
    before = max(after - 1, 0)
    return before if time_s - times_s[before] < times_s[after] - time_s else after
