"""How pictures come out of a file: Pillow for stills, FFmpeg for clips, within limits."""

import itertools
import math
import statistics
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageOps, UnidentifiedImageError

from models.formats import Format, MediaError, check_whole, sniff, truncated, webp_durations_ms
from models.square import SMALLEST_SIDE, Picture


@dataclass(frozen=True, slots=True)
class Limits:
    """What a recording may ask of us before any of its pixels is decoded."""

    image_pixels: int = 50_000_000
    video_pixels: int = 9_000_000
    seconds: float = 600.0
    frames: int = 40_000
    smallest_side: int = SMALLEST_SIDE
    undecodable_frames: int = 300


LIMITS = Limits()

_SAME_MOMENT_S = 1e-3
"""Moments from a player are rounded; a frame that they name is in."""

# Pillow's own guard acts while it opens a file, ours right after; both mean the same refusal.
Image.MAX_IMAGE_PIXELS = LIMITS.image_pixels
warnings.simplefilter("error", Image.DecompressionBombWarning)


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
    """
    form = sniff(path)
    check_whole(path, form)
    if form.name == "webp":
        durations = webp_durations_ms(path)
        if len(durations) > 1:
            return form, AnimatedWebP(path, form, durations)
    if form.demuxer is None:
        return form, Still(path, form)
    clip = Clip(path, form)
    if form.name == "gif" and len(clip.times_s) == 1:
        return form, Still(path, form)
    return form, clip


class Still:
    """A picture: one frame, no time line."""

    times_s: Sequence[float] = (0.0,)
    duration_s: float | None = None

    def __init__(self, path: Path, form: Format) -> None:
        self._path = path
        self._form = form
        with _pillow(path, form) as image:
            _check_size(*image.size, LIMITS.image_pixels)

    def read(self, wanted: Sequence[int]) -> Iterator[Picture]:
        """The picture, once for each wanted place."""
        with _pillow(self._path, self._form) as image:
            picture = _rgb(ImageOps.exif_transpose(image))
        for _ in wanted:
            yield picture


class AnimatedWebP:
    """An animated WebP: FFmpeg does not read its time line, Pillow does."""

    def __init__(self, path: Path, form: Format, durations_ms: Sequence[int]) -> None:
        self._path = path
        self._form = form
        starts = [0.0]
        for duration in durations_ms:
            starts.append(starts[-1] + duration / 1000)
        self.times_s: Sequence[float] = starts[:-1]
        self.duration_s: float | None = starts[-1]
        with _pillow(path, self._form) as image:
            _check_size(*image.size, LIMITS.video_pixels)
        _check_length(self.times_s, starts[-1])

    def read(self, wanted: Sequence[int]) -> Iterator[Picture]:
        """The pictures at the wanted places."""
        with _pillow(self._path, self._form) as image:
            for place in wanted:
                image.seek(place)
                yield _rgb(image)


class Clip:
    """A video or animated GIF, through FFmpeg."""

    def __init__(self, path: Path, form: Format) -> None:
        self._path = path
        self._form = form
        with self._opened() as (container, stream):
            context = stream.codec_context
            if not context.width or not context.height:
                raise no_frames()
            _check_size(context.width, context.height, LIMITS.video_pixels)
            if stream.duration is not None and stream.time_base is not None:
                _check_length((), float(stream.duration * stream.time_base))
            declared = stream.frames
            self._numbered, stamps = _stamps(container, stream)
        if not stamps:
            raise no_frames()
        if len(stamps) < 0.95 * declared:
            raise truncated()
        self.times_s: Sequence[float] = [each - stamps[0] for each in stamps]
        gaps = [b - a for a, b in itertools.pairwise(stamps)] or [0.0]
        self.duration_s: float | None = self.times_s[-1] + statistics.median(gaps)
        self._start_s = stamps[0]
        _check_length(self.times_s, self.duration_s)

    def read(self, wanted: Sequence[int]) -> Iterator[Picture]:
        """The first decodable picture at or after each wanted place."""
        targets = [self.times_s[place] for place in wanted]
        missed = 0
        last: VideoFrame | None = None
        given = 0
        with self._opened() as (container, stream):
            stream.thread_type = "AUTO"
            for number, shown in enumerate(_decoded(container, stream)):
                if isinstance(shown, av.FFmpegError):
                    missed += 1
                    if last is None and missed > LIMITS.undecodable_frames:
                        raise no_frames() from shown
                    continue
                last = shown
                moment = self._moment(shown, number)
                while given < len(targets) and moment >= targets[given] - 1e-4:
                    yield _upright(shown)
                    given += 1
                if given == len(targets):
                    return
        if last is None:
            raise no_frames()
        # The last frames of a file may not decode; the final picture stands in for one of them.
        if given == 0:
            yield _upright(last)

    def _moment(self, shown: VideoFrame, number: int) -> float:
        if self._numbered or shown.time is None:
            return self.times_s[min(number, len(self.times_s) - 1)]
        return float(shown.time) - self._start_s

    @contextmanager
    def _opened(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        try:
            with av.open(
                str(self._path),
                format=self._form.demuxer,
                options={"protocol_whitelist": "file"},
                metadata_errors="replace",
            ) as container:
                if not container.streams.video:
                    raise no_frames()
                stream = container.streams.video[0]
                if self._form.name == "gif":
                    # Transparent parts become black, as in stills; FFmpeg's default is white.
                    stream.codec_context.options = {"trans_color": "0"}
                yield container, stream
        except av.FFmpegError as error:
            raise MediaError(
                "unreadable_file",
                f"The video could not be read ({self._form.name.upper()}): "
                "it may be damaged. Export it again, as MP4 for example.",
            ) from error


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


def _stamps(container: InputContainer, stream: VideoStream) -> tuple[bool, list[float]]:
    """Whether pictures are told by counting, for want of true stamps, and all times in seconds."""
    stamps: list[int | None] = []
    for packet in container.demux(stream):
        if packet.size:
            stamps.append(packet.pts if packet.pts is not None else packet.dts)
        if len(stamps) > LIMITS.frames:
            raise _too_many_frames()
    if stream.time_base is not None and None not in stamps:
        known = [stamp for stamp in stamps if stamp is not None]
        # H.264 in an AVI: its stamps count packets, though pictures are not stored as shown.
        counted = stream.codec_context.has_b_frames and known == sorted(known)
        return counted, [float(stamp * stream.time_base) for stamp in sorted(set(known))]
    rate = float(stream.average_rate or stream.base_rate or 25)
    return True, [number / rate for number in range(len(stamps))]


def _decoded(
    container: InputContainer, stream: VideoStream
) -> Iterator[VideoFrame | av.FFmpegError]:
    """Frames in order of showing; an error stands where a packet could not be decoded."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError as error:
            yield error


def _upright(shown: VideoFrame) -> Picture:
    picture = shown.to_ndarray(format="rgb24")
    turns = round(shown.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns), dtype=np.uint8)


@contextmanager
def _pillow(path: Path, form: Format) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=[form.name.upper()]) as image:
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(LIMITS.image_pixels) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        if "truncated" in str(error) or isinstance(error, EOFError):
            raise truncated() from error
        raise MediaError(
            "unreadable_file",
            f"The picture could not be read ({form.name.upper()}): it may be damaged. "
            "Export it again, as PNG for example.",
        ) from error


def _rgb(image: Image.Image) -> Picture:
    """Upright 8-bit RGB; transparent parts become black, as the ground of an ultrasound is."""
    if image.mode in ("I", "F"):
        raise MediaError(
            "unreadable_file",
            "The picture has 32 bits for each point, and nothing says which of them is white. "
            "Export it with 8 or 16.",
        )
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image, dtype=np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, "black")
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _check_size(width: int, height: int, most_pixels: int) -> None:
    if width * height > most_pixels:
        raise _too_many_pixels(most_pixels)
    if min(width, height) < LIMITS.smallest_side:
        raise MediaError(
            "too_small",
            f"The picture measures {width}×{height} pixels; "
            f"each side must have at least {LIMITS.smallest_side}.",
        )


def _check_length(times_s: Sequence[float], duration_s: float) -> None:
    if len(times_s) > LIMITS.frames:
        raise _too_many_frames()
    if duration_s > LIMITS.seconds:
        raise MediaError(
            "too_long",
            f"The video lasts {duration_s / 60:.0f} minutes; at most {LIMITS.seconds / 60:.0f} "
            "can be screened. Cut out the part that shows the lung.",
        )


def _too_many_pixels(most: int) -> MediaError:
    return MediaError(
        "too_many_pixels",
        f"The picture has more than {most / 1e6:.0f} million pixels. Export it smaller.",
    )


def _too_many_frames() -> MediaError:
    return MediaError(
        "too_many_frames",
        f"The video has more than {LIMITS.frames} frames. Cut out the part that shows the lung.",
    )


def no_frames() -> MediaError:
    """The error for a file in which nothing could be decoded."""
    return MediaError(
        "no_frames", "No picture could be decoded from this file. Export it again, as MP4 say."
    )
