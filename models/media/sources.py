"""From a file to its pictures and their times: the only place that opens uploaded files."""

import math
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import av
import cv2
from PIL import Image

from models.media.acquisition import Acquisition
from models.media.clips import Clip
from models.media.dicom.bounded import unreadable
from models.media.dicom.source import DicomSource
from models.media.formats import (
    Format,
    MediaError,
    check_complete,
    png_durations_ms,
    sniff,
    truncated,
    webp_durations_ms,
)
from models.media.limits import LIMITS, too_many_pixels
from models.media.square import Picture
from models.media.stills import Animation, Still

_TIME_TOLERANCE_S = 1e-3
"""Times from a player are rounded; a frame at the very start or end is included."""

# Pillow's own limit applies while it opens a file, ours right after; both give the same error.
Image.MAX_IMAGE_PIXELS = LIMITS.image_pixels
warnings.simplefilter("error", Image.DecompressionBombWarning)

_LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    av.FFmpegError,
    cv2.error,
    struct.error,
    zlib.error,
)
"""What libraries raise for a bad file. A worker's stop signal raises something else."""


_ANIMATED: dict[str, Callable[[Path], Sequence[float]]] = {
    "png": png_durations_ms,
    "webp": webp_durations_ms,
}
"""Functions for the frame durations of an animation, for the formats that Pillow reads."""


class Source(Protocol):
    """An opened file: the times of its frames in seconds, ascending; `duration_s` is None for a
    still.
    """

    times_s: Sequence[float]
    duration_s: float | None

    @property
    def acquisition(self) -> Acquisition:
        """What the file says of how its pictures were made."""

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The upright pictures at these places of `times_s`, in order."""


def open_source(path: Path) -> tuple[Format, Source]:
    """Recognise a file by its bytes, refuse what breaks a limit, and read its time line.

    Raises:
        MediaError: `empty_file`, `unsupported_type`, `unreadable_file`, `truncated_file`,
            `too_many_pixels`, `too_small`, `no_frames`, `too_long` or `too_many_frames`.
        OSError: the system does not let the file be read.
    """
    file_format = sniff(path)
    with _as_media_errors(file_format):
        check_complete(path, file_format)
        return file_format, _SafeSource(_source(path, file_format), file_format)


def _source(path: Path, file_format: Format) -> Source:
    if file_format.name == "dicom":
        return DicomSource(path)
    if file_format.name in _ANIMATED:
        durations_ms = _ANIMATED[file_format.name](path)
        if len(durations_ms) > 1:
            return Animation(path, file_format, durations_ms)
    if file_format.demuxer is None:
        return Still(path, file_format)
    clip = Clip(path, file_format)
    if file_format.name == "gif" and len(clip.times_s) == 1:
        return Still(path, file_format)
    return clip


class _SafeSource:
    """A source that turns the exceptions of any library into `MediaError`."""

    def __init__(self, source: Source, file_format: Format) -> None:
        self._source = source
        self._form = file_format
        self.times_s = source.times_s
        self.duration_s = source.duration_s
        self.acquisition = source.acquisition

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The pictures at the wanted places."""
        with _as_media_errors(self._form):
            yield from self._source.read(indices)


@contextmanager
def _as_media_errors(file_format: Format) -> Iterator[None]:
    """Turn what a library raises for a bad file into a `MediaError`, with its cause."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(LIMITS.image_pixels) from error
    except _LIBRARY_ERRORS as error:
        if _is_system_error(error):
            raise
        if file_format.name == "dicom":
            raise unreadable() from error
        is_still = file_format.demuxer is None
        if is_still and ("truncated" in str(error) or isinstance(error, EOFError)):
            raise truncated() from error
        raise MediaError(
            "unreadable_file",
            f"The {'picture' if is_still else 'video'} could not be read "
            f"({file_format.name.upper()}): it may be damaged. Export it again, as "
            f"{'PNG' if is_still else 'MP4'} for example.",
        ) from error


def _is_system_error(error: Exception) -> bool:
    """Whether the operating system failed, rather than the file's content being invalid."""
    return (
        isinstance(error, OSError)
        and error.errno is not None
        and not isinstance(error, av.FFmpegError)
    )


class Trimmed:
    """The part of a clip between two times in seconds; its own times start at 0.

    Raises:
        MediaError: `trim_outside` where no frame is shown in between.
    """

    def __init__(self, source: Source, start_s: float | None, end_s: float | None) -> None:
        first = -math.inf if start_s is None else start_s - _TIME_TOLERANCE_S
        last = math.inf if end_s is None else end_s + _TIME_TOLERANCE_S
        self._source = source
        self._indices = [n for n, time_s in enumerate(source.times_s) if first <= time_s <= last]
        if not self._indices:
            raise MediaError(
                "trim_outside",
                f"No frame is shown between {start_s} and {end_s} s: the recording lasts "
                f"{source.duration_s} s. Move the start or the end.",
            )
        begin, end = self._indices[0], self._indices[-1]
        self.times_s: Sequence[float] = [
            source.times_s[n] - source.times_s[begin] for n in self._indices
        ]
        after = source.times_s[end + 1] if end + 1 < len(source.times_s) else source.duration_s
        self.duration_s: float | None = None if after is None else after - source.times_s[begin]
        self.acquisition = source.acquisition

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The pictures at these places of the part."""
        return self._source.read([self._indices[n] for n in indices])
