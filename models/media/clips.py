"""Clips read with FFmpeg, as a player presents them.

Hidden content is skipped: packets outside an edit list, cover pictures and thumbnails, frames
that a camera marked as dropped. Times start at 0 with the first presented frame.
"""

import itertools
import statistics
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Literal, cast

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideDataContainer, Type
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from models.media import limits
from models.media.acquisition import Acquisition
from models.media.depth import Pixels16, bits_used, to_eight_bits
from models.media.formats import Format, MediaError, count_avi_frames, displayed_ms, truncated
from models.media.limits import (
    check_length,
    check_size,
    no_frames,
    too_many_frames,
    too_many_pixels,
)
from models.media.origin import notes_of_clip
from models.media.square import Picture

_NOT_THE_RECORDING = Disposition.attached_pic | Disposition.timed_thumbnails
_MIN_STORED_SHARE = 0.95
"""Share of the announced frames that must be stored; the last one may be cut off."""

_MAX_STEP_BACK_S, _MAX_STEP_AHEAD_S = 0.1, 10.0
"""A timestamp discontinuity beyond these is a restarted clock (as in the ffmpeg program)."""

TIME_TOLERANCE_S = 1e-4
"""Timestamps that differ by less are equal."""

_ASPECT_TOLERANCE = Fraction(1, 200)
"""Relative difference of its sides up to which a pixel counts as square."""

_MAX_PIXEL_ASPECT = 16
_DEEP_BITS = 16
_VP8_SHOW_FRAME = 0x10

Clock = Literal["pts", "dts", "count"]
"""Source of a frame's time: presentation timestamp, decoding timestamp, or frame count."""

_MAX_REORDERED = 16
"""Frames a decoder may hold back to restore presentation order (H.264 max_num_reorder_frames)."""

_UPRIGHT = (False, False, False)
_QUARTER_TURNS = (_UPRIGHT, (True, False, True), (False, True, True), (True, True, False))
"""For each quarter turn anticlockwise: whether to transpose, then mirror, then flip a frame."""

_EDIT_LIST_DEMUXERS = ("mp4", "mov")
"""Demuxers that apply edit lists, so that their packets need not follow one clock."""


class Clip:
    """A video or animated GIF, through FFmpeg.

    Args:
        path: of the file.
        file_format: names the demuxer.
        content: opens the stream of video where it is only a part of the file.
    """

    def __init__(
        self, path: Path, file_format: Format, content: Callable[[], BinaryIO] | None = None
    ) -> None:
        self._path = path
        self._content = content
        self._form = file_format
        self._restarted = False
        self._skips_unstamped = False
        with self._open() as (container, stream):
            context = stream.codec_context
            self.codec: str = context.name
            if not context.width or not context.height:
                raise no_frames()
            check_size(context.width, context.height, limits.LIMITS.video_pixels)
            # With a restarting clock the announced duration is meaningless.
            if self._form.demuxer != "mpeg" and stream.duration and stream.time_base:
                check_length((), float(stream.duration * stream.time_base))
            tags = {**container.metadata, **stream.metadata}
            self.acquisition = Acquisition(notes=notes_of_clip(tags))
            pixel_aspect = self._pixel_aspect(stream)
            self._clock, stamps = self._stamps(container, stream)
            in_order = not context.has_b_frames
        first_frames = self._first_frames(1 if in_order else _MAX_REORDERED)
        first = first_frames[0]
        first_s = frame_time_s(first, self._clock)
        if first_s is not None:
            # Frames before the first decodable one are never presented.
            stamps = [stamp for stamp in stamps if stamp >= first_s - TIME_TOLERANCE_S]
            times_s = [frame_time_s(frame, self._clock) or 0.0 for frame in first_frames]
            if times_s != sorted(times_s):
                # Remuxed from a container without presentation timestamps: frames in presentation
                # order carry timestamps in decoding order.
                self._clock, stamps = "count", spread_duplicates(stamps)
        elif not in_order:
            stamps = presentation_times(stamps, first)
        stamps = sorted(set(stamps))
        if not stamps:
            raise no_frames()
        self._start_s = stamps[0]
        self.times_s: Sequence[float] = [stamp - self._start_s for stamp in stamps]
        gaps = [b - a for a, b in itertools.pairwise(stamps)] or [0.0]
        self.duration_s: float | None = self.times_s[-1] + statistics.median(gaps)
        check_length(self.times_s, self.duration_s)
        self._display = self._make_display(first, pixel_aspect)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the pictures as shown."""
        display = self._display
        across = (display.width, display.height)
        return across[::-1] if display.swap else across

    @property
    def has_clock(self) -> bool:
        """Whether the times are those of the file, and not counted frames."""
        return self._clock != "count"

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The first decodable picture at or after each of these indices of `times_s`."""
        targets = [self.times_s[place] for place in indices]
        last: VideoFrame | None = None
        count = 0
        for number, shown in enumerate(self._frames()):
            last = shown
            time_s = self._time_of(shown, number)
            while count < len(targets) and time_s >= targets[count] - TIME_TOLERANCE_S:
                yield self._display.picture(shown)
                count += 1
            if count == len(targets):
                return
        if last is None:
            raise no_frames()
        # The last frames of a file may not decode; the final picture replaces one of them.
        if count == 0:
            yield self._display.picture(last)

    def _time_of(self, shown: VideoFrame, number: int) -> float:
        time_s = frame_time_s(shown, self._clock)
        if time_s is None:
            return self.times_s[min(number, len(self.times_s) - 1)]
        return time_s - self._start_s

    def _first_frames(self, limit: int) -> list[VideoFrame]:
        with closing(self._frames(threads=False)) as frames:
            first_frames = list(itertools.islice(frames, limit))
        if not first_frames:
            raise no_frames()
        return first_frames

    def _frames(self, *, threads: bool = True) -> Generator[VideoFrame]:
        """All decodable frames in presentation order.

        Raises:
            MediaError: `too_many_pixels` for a frame larger than the header announced;
                `no_frames` where too many packets come before the first that can be decoded.
        """
        first_frames, failures = False, 0
        with self._open() as (container, stream):
            if threads:
                stream.thread_type = "AUTO"
            for packet in self._packets(container, stream):
                try:
                    frames = packet.decode()
                except av.FFmpegError as error:
                    if isinstance(error, ValueError) and not stream.codec_context.width:
                        # FFmpeg's limit on a frame's memory has no error of its own.
                        raise too_many_pixels(limits.LIMITS.video_pixels) from error
                    failures += 1
                    if not first_frames and failures > limits.LIMITS.undecodable_frames:
                        raise no_frames() from error
                    continue
                for frame in frames:
                    if frame.width * frame.height > limits.LIMITS.video_pixels:
                        raise too_many_pixels(limits.LIMITS.video_pixels)
                    first_frames = True
                    if not (self._skips_unstamped and frame.pts is None and frame.dts is None):
                        yield frame

    def _packets(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator["Packet[VideoStream]"]:
        """All non-empty packets on one continuous clock, then the flush packet."""
        # Only program streams are concatenated; elsewhere a packet's duration may be wrong.
        restarts = self._form.demuxer == "mpeg" and stream.time_base is not None
        base = stream.time_base or Fraction(1)
        flush = None
        shift = 0
        expected_dts: int | None = None  # when the next packet should be decoded
        for packet in container.demux(stream):
            if not packet.size:
                # A dropped frame or the end; either would flush the decoder.
                flush = packet
                continue
            if restarts and packet.dts is not None:
                if expected_dts is not None:
                    late_s = float((packet.dts + shift - expected_dts) * base)
                    if late_s < -_MAX_STEP_BACK_S or late_s > _MAX_STEP_AHEAD_S:
                        self._restarted = True
                        shift += expected_dts - (packet.dts + shift)
                expected_dts = packet.dts + shift + (packet.duration or 0)
            if shift:
                packet.dts = None if packet.dts is None else packet.dts + shift
                packet.pts = None if packet.pts is None else packet.pts + shift
            yield packet
        if flush is not None:
            yield flush

    def _stamps(self, container: InputContainer, stream: VideoStream) -> tuple[Clock, list[float]]:
        """The clock of the frames, and their presentation times in seconds.

        Raises:
            MediaError: `too_many_frames`, or `truncated_file` if announced frames are missing
                (those that an edit list hides are not missing).
        """
        packets: list[tuple[int | None, int | None, bool]] = []
        stored = 0
        for packet in self._packets(container, stream):
            if not packet.size:
                break
            stored += 1
            if stored > limits.LIMITS.frames:
                raise too_many_frames()
            if not packet.is_discard and not _is_hidden(stream, packet):
                packets.append((packet.pts, packet.dts, packet.is_keyframe))
        if stored < _MIN_STORED_SHARE * stream.frames and not self._all_stored(stream):
            raise truncated()
        base = stream.time_base
        shown = [dts if pts is None else pts for pts, dts, _ in packets]
        if base is not None and self._is_out_of_order(stream, shown):
            first_key = next((n for n, (_, _, key) in enumerate(packets) if key), 0)
            decoded = [dts for _, dts, _ in packets[first_key:] if dts is not None]
            if len(decoded) == len(packets) - first_key:
                avi_in_order = self._form.demuxer == "avi" and not stream.codec_context.has_b_frames
                clock: Clock = "dts" if avi_in_order else "count"
                return clock, spread_duplicates([float(dts * base) for dts in sorted(decoded)])
        # Cutting a Matroska file leaves frames before time 0 without timestamps: not presented.
        begin = _MAX_REORDERED if self._form.demuxer == "matroska" else 0
        known = [stamp for stamp in shown if stamp is not None]
        if base is not None and known and None not in shown[begin:]:
            self._skips_unstamped = None in shown
            if self._form.name == "gif":
                return "count", as_browsers_show([float(stamp * base) for stamp in known])
            return "pts", [float(stamp * base) for stamp in sorted(known)]
        rate = float(stream.average_rate or stream.base_rate or 25)
        return "count", [number / rate for number in range(len(packets))]

    def _is_out_of_order(self, stream: VideoStream, shown: Sequence[int | None]) -> bool:
        """Whether presentation timestamps are wrong, so that decoding timestamps must be used.

        The n-th frame is then presented at the decoding time of the n-th packet.
        """
        known = [stamp for stamp in shown if stamp is not None]
        if self._form.demuxer == "mpeg":
            # FFmpeg mixes up the timestamps of concatenated streams, and of two frames if one
            # begins at the end of a packet.
            return self._restarted or len(set(known)) < len(known)
        if self._form.demuxer == "avi":
            # An AVI has no presentation timestamps. FFmpeg restores the order, except for H.264.
            return stream.codec_context.name == "h264" and known == sorted(known)
        # In an MPEG-1 elementary stream, the first timestamps precede the first B frames.
        return self._form.demuxer == "mpegvideo" and stream.codec_context.name == "mpeg1video"

    def _all_stored(self, stream: VideoStream) -> bool:
        """Whether all announced frames are stored, although fewer packets were read."""
        if self._form.demuxer == "avi":
            return count_avi_frames(self._path, stream.index) >= _MIN_STORED_SHARE * stream.frames
        if self._form.demuxer not in _EDIT_LIST_DEMUXERS:
            return False
        size = self._path.stat().st_size
        with self._open({"ignore_editlist": "1"}, stream.index) as (_, whole):
            entries = [entry for entry in whole.index_entries if entry.pos + entry.size <= size]
        return len(entries) >= _MIN_STORED_SHARE * stream.frames

    def _pixel_aspect(self, stream: VideoStream) -> Fraction:
        """The sample aspect ratio (width / height); 1 if it is missing or implausible."""
        aspect = stream.sample_aspect_ratio
        if not aspect or self._form.name == "gif":  # browsers show a GIF's pixels square
            return Fraction(1)
        if (
            not 1 / _MAX_PIXEL_ASPECT <= aspect <= _MAX_PIXEL_ASPECT
            or abs(aspect - 1) < _ASPECT_TOLERANCE
        ):
            return Fraction(1)
        return aspect

    def _make_display(self, first: VideoFrame, pixel_aspect: Fraction) -> "Display":
        width, height = max(1, round(first.width * pixel_aspect)), first.height
        check_size(width, height, limits.LIMITS.video_pixels)
        bits = 8
        if first.format.components[0].bits == _DEEP_BITS:
            bits = bits_used(max(int(to_16_bits(frame).max()) for frame in self._frames()))
        return Display(width, height, *orientation_of(first), bits)

    @contextmanager
    def _open(
        self, options: dict[str, str] | None = None, index: int | None = None
    ) -> Iterator[tuple[InputContainer, VideoStream]]:
        """The container, and its stream with this index, by default the one a player shows."""
        # The explicit protocol keeps FFmpeg from reading one out of the file name.
        named = nullcontext(f"file:{self._path}")
        with (
            named if self._content is None else self._content() as file,
            av.open(
                file,
                "r",
                format=self._form.demuxer,
                options={"protocol_whitelist": "file"} | (options or {}),
                metadata_errors="replace",
            ) as container,
        ):
            stream = (
                _main_stream(container)
                if index is None
                else next(stream for stream in container.streams.video if stream.index == index)
            )
            # A later frame may be larger than the header says; FFmpeg then refuses it.
            settings = {"max_pixels": str(limits.LIMITS.video_pixels)}
            if self._form.name == "gif":
                # Transparent parts become black, as in stills; FFmpeg's default is white.
                settings["trans_color"] = "0"
            stream.codec_context.options = settings
            yield container, stream


@dataclass(frozen=True, slots=True)
class Display:
    """How decoded frames become pictures, the same for all frames of a clip.

    A frame is resized to `width` × `height` pixels, then transposed (`swap`), then mirrored left
    to right (`mirror`) and upside down (`flip`). `bits` is the bit depth used, 8 to 16.
    """

    width: int
    height: int
    swap: bool
    mirror: bool
    flip: bool
    bits: int

    def picture(self, frame: VideoFrame) -> Picture:
        """The upright picture of a frame."""
        if (frame.width, frame.height) != (self.width, self.height):
            frame = frame.reformat(self.width, self.height, interpolation="AREA")
        if self.bits != 8 or frame.format.components[0].bits == _DEEP_BITS:
            picture = to_eight_bits(to_16_bits(frame), self.bits)
            if picture.ndim == 2:
                picture = np.repeat(picture[:, :, None], 3, axis=2)
        else:
            picture = cast("Picture", frame.to_ndarray(format="rgb24"))
        if self.swap:
            picture = picture.swapaxes(0, 1)
        if self.mirror:
            picture = picture[:, ::-1]
        if self.flip:
            picture = picture[::-1]
        return np.ascontiguousarray(picture, dtype=np.uint8)


def frame_time_s(frame: VideoFrame, clock: Clock) -> float | None:
    """A frame's time in seconds by this clock; None for `count`."""
    stamp = {"pts": frame.pts, "dts": frame.dts, "count": None}[clock]
    if stamp is None or frame.time_base is None:
        return None
    return float(stamp * frame.time_base)


def spread_duplicates(stamps: list[float]) -> list[float]:
    """Ascending times without duplicates, evenly spaced if that fits their total duration."""
    gaps = [b - a for a, b in itertools.pairwise(stamps)]
    if min(gaps, default=1.0) > TIME_TOLERANCE_S:
        return stamps
    gap = statistics.median([gap for gap in gaps if gap > TIME_TOLERANCE_S] or [TIME_TOLERANCE_S])
    if abs(stamps[-1] - stamps[0] - gap * len(gaps)) < gap / 2:
        return [stamps[0] + gap * place for place in range(len(stamps))]
    apart = stamps[-1:]
    for stamp in reversed(stamps[:-1]):
        apart.append(stamp if stamp < apart[-1] - TIME_TOLERANCE_S else apart[-1] - gap)
    return apart[::-1]


def as_browsers_show(stamps: Sequence[float]) -> list[float]:
    """Frame times of an animation as browsers show it, see `displayed_ms`."""
    gaps_ms = [displayed_ms(round(1000 * (b - a))) for a, b in itertools.pairwise(stamps)]
    return [stamps[0] + gap_ms / 1000 for gap_ms in itertools.accumulate(gaps_ms, initial=0.0)]


def presentation_times(stamps: list[float], first: VideoFrame) -> list[float]:
    """Decoding times shifted to presentation times, by the decoder's initial delay."""
    if first.dts is None or first.time_base is None:
        return stamps
    delay = sum(stamp < float(first.dts * first.time_base) - TIME_TOLERANCE_S for stamp in stamps)
    if not 0 < delay < len(stamps) - 1:
        return stamps
    gap = statistics.median(b - a for a, b in itertools.pairwise(stamps))
    return stamps[delay:] + [stamps[-1] + n * gap for n in range(1, delay + 1)]


def _main_stream(container: InputContainer) -> VideoStream:
    """The stream that a player would show, never a cover picture or thumbnails.

    Raises:
        MediaError: `no_frames`; `unreadable_file` where no decoder is known.
    """
    shown = [s for s in container.streams.video if not s.disposition & _NOT_THE_RECORDING]
    if not shown:
        raise no_frames()
    # PyAV has no context for a codec that FFmpeg was built without, whatever its types say.
    readable = [s for s in shown if cast("object", s.codec_context) is not None]
    if not readable:
        raise MediaError(
            "unreadable_file",
            "The video uses a codec that cannot be read here. Export it as MP4 with H.264.",
        )
    best = container.streams.best("video")  # FFmpeg's own choice: marked, moving, large
    return best if isinstance(best, VideoStream) and best in readable else readable[0]


def _is_hidden(stream: VideoStream, packet: "Packet[VideoStream]") -> bool:
    """Whether a VP8 frame serves only as a reference for others (RFC 6386, section 9.1)."""
    return stream.codec_context.name == "vp8" and not memoryview(packet)[0] & _VP8_SHOW_FRAME


def orientation_of(frame: VideoFrame) -> tuple[bool, bool, bool]:
    """Whether to transpose, then mirror, then flip a frame, by its display matrix.

    PyAV's `rotation` is an angle, which loses a mirroring. An oblique angle is rounded to the
    nearest quarter turn.
    """
    try:
        side_data = cast("SideDataContainer", frame.side_data)
    except ValueError:
        # PyAV does not know every kind of side data that FFmpeg has: the EXIF of a camera's MJPEG
        # is one. Cameras turn by quarters, and mirror nothing.
        return _QUARTER_TURNS[round(frame.rotation / 90) % 4]
    if Type.DISPLAYMATRIX not in side_data:
        return _UPRIGHT
    matrix = np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), dtype=np.int32)
    a, b, _, c, d = (int(value) for value in matrix[:5])
    # A display column is a times the frame's column plus c times its row.
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0


def to_16_bits(frame: VideoFrame) -> Pixels16:
    """A frame with 16 bits per value: (h, w), or (h, w, 3) in colour."""
    grey = len(frame.format.components) == 1
    return cast("Pixels16", frame.to_ndarray(format="gray16le" if grey else "rgb48le"))
