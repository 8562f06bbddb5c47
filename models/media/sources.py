"""From a file to its pictures and their times: the one place that opens what people send."""

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

from models.media.clips import Clip
from models.media.formats import (
    Format,
    MediaError,
    check_whole,
    png_durations_ms,
    sniff,
    truncated,
    webp_durations_ms,
)
from models.media.limits import LIMITS, too_many_pixels
from models.media.square import Picture
from models.media.stills import Animation, Still

_SAME_MOMENT_S = 1e-3
"""Moments from a player are rounded; a frame that they name is in."""

# Pillow's own guard acts while it opens a file, ours right after; both mean the same refusal.
Image.MAX_IMAGE_PIXELS = LIMITS.image_pixels
warnings.simplefilter("error", Image.DecompressionBombWarning)

_FOREIGN = (
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
"""What libraries raise over a file. A worker that is told to stop raises something else."""


_ANIMATED: dict[str, Callable[[Path], Sequence[float]]] = {
    "png": png_durations_ms,
    "webp": webp_durations_ms,
}
"""How long each picture of an animation is shown, for the formats that Pillow reads."""


class Source(Protocol):
    """A file that can show its pictures; `duration_s` is None for one without a time line."""

    times_s: Sequence[float]
    duration_s: float | None

    def read(self, wanted: Sequence[int]) -> Iterator[Picture]:
        """The upright pictures at these places of `times_s`, in order."""


def open_source(path: Path) -> tuple[Format, Source]:
    """Recognise a file by its bytes, refuse what breaks a limit, and read its time line.

    Raises:
        MediaError: `empty_file`, `unsupported_type`, `unreadable_file`, `truncated_file`,
            `too_many_pixels`, `too_small`, `no_frames`, `too_long` or `too_many_frames`.
        OSError: the system does not let the file be read.
    """
    form = sniff(path)
    with _errors_named(form):
        check_whole(path, form)
        return form, _Guarded(_source(path, form), form)


def _source(path: Path, form: Format) -> Source:
    if form.name in _ANIMATED:
        durations_ms = _ANIMATED[form.name](path)
        if len(durations_ms) > 1:
            return Animation(path, form, durations_ms)
    if form.demuxer is None:
        return Still(path, form)
    clip = Clip(path, form)
    if form.name == "gif" and len(clip.times_s) == 1:
        return Still(path, form)
    return clip


class _Guarded:
    """A source whose every failure is a `MediaError`, whichever library reads it."""

    def __init__(self, source: Source, form: Format) -> None:
        self._source = source
        self._form = form
        self.times_s = source.times_s
        self.duration_s = source.duration_s

    def read(self, wanted: Sequence[int]) -> Iterator[Picture]:
        """The pictures at the wanted places."""
        with _errors_named(self._form):
            yield from self._source.read(wanted)


@contextmanager
def _errors_named(form: Format) -> Iterator[None]:
    """Turn whatever a library raises over a file into a `MediaError`; its cause is kept."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels(LIMITS.image_pixels) from error
    except _FOREIGN as error:
        if _is_the_systems(error):
            raise
        picture = form.demuxer is None
        if picture and ("truncated" in str(error) or isinstance(error, EOFError)):
            raise truncated() from error
        raise MediaError(
            "unreadable_file",
            f"The {'picture' if picture else 'video'} could not be read ({form.name.upper()}): it "
            f"may be damaged. Export it again, as {'PNG' if picture else 'MP4'} for example.",
        ) from error


def _is_the_systems(error: Exception) -> bool:
    """Whether the disk or the system refused, rather than what the file holds."""
    return (
        isinstance(error, OSError)
        and error.errno is not None
        and not isinstance(error, av.FFmpegError)
    )


class Trimmed:
    """The part of a clip that is shown from one moment to another; its own time line starts at 0.

    Raises:
        MediaError: `trim_outside` where no frame is shown in between.
    """

    def __init__(self, whole: Source, start_s: float | None, end_s: float | None) -> None:
        first = -math.inf if start_s is None else start_s - _SAME_MOMENT_S
        last = math.inf if end_s is None else end_s + _SAME_MOMENT_S
        self._whole = whole
        self._places = [n for n, time_s in enumerate(whole.times_s) if first <= time_s <= last]
        if not self._places:
            raise MediaError(
                "trim_outside",
                f"No frame is shown between {start_s} and {end_s} s: the recording lasts "
                f"{whole.duration_s} s. Move the start or the end.",
            )
        begin, end = self._places[0], self._places[-1]
        self.times_s: Sequence[float] = [
            whole.times_s[n] - whole.times_s[begin] for n in self._places
        ]
        after = whole.times_s[end + 1] if end + 1 < len(whole.times_s) else whole.duration_s
        self.duration_s: float | None = None if after is None else after - whole.times_s[begin]

    def read(self, wanted: Sequence[int]) -> Iterator[Picture]:
        """The pictures at these places of the part."""
        return self._whole.read([self._places[n] for n in wanted])
