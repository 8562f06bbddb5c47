"""Recordings as odd as those that people send; each frame's grey level tells its number."""

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from PIL import Image

Picture = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 64, 48
CORNERS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}
"""Colours of a picture's top left, top right and bottom left; the bottom right is black."""

ORIENTATIONS: dict[int, tuple[Callable[[Picture], Picture], tuple[int, int, int, int]]] = {
    # EXIF's number: what is shown of what is stored, and a, b, c, d of a track's matrix.
    1: (lambda stored: stored, (1, 0, 0, 1)),
    2: (lambda stored: stored[:, ::-1], (-1, 0, 0, 1)),
    3: (lambda stored: stored[::-1, ::-1], (-1, 0, 0, -1)),
    4: (lambda stored: stored[::-1], (1, 0, 0, -1)),
    5: (lambda stored: stored.swapaxes(0, 1), (0, 1, 1, 0)),
    6: (lambda stored: np.rot90(stored, -1), (0, 1, -1, 0)),
    7: (lambda stored: stored[::-1, ::-1].swapaxes(0, 1), (0, -1, -1, 0)),
    8: (lambda stored: np.rot90(stored), (0, -1, 1, 0)),
}
"""All ways in which a picture may lie in its file."""

ORIENTATION = 0x0112
_CLOCKWISE = 6
_MATRIX_AT = 44  # bytes from the name of the track header (ISO/IEC 14496-12, tkhd, version 0)


def level(number: int) -> int:
    """The grey of a clip's frame; neighbours differ by far more than any codec loses."""
    return 40 + number * 37 % 180


def flat(number: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A clip's frame: (height, width, 3) of one grey."""
    return np.full((height, width, 3), level(number), dtype=np.uint8)


def corners(width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A picture that tells how it was turned, and in which order its channels come."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[: height // 2, : width // 2] = CORNERS["red"]
    picture[: height // 2, width // 2 :] = CORNERS["green"]
    picture[height // 2 :, : width // 2] = CORNERS["blue"]
    return picture


def packed(image: Image.Image, form: str, **options: object) -> bytes:
    """The bytes of a file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def clip(
    form: str = "mp4",
    codec: str = "libx264",
    *,
    frames: int = 12,
    rate: Fraction | int = 10,
    times_ms: Sequence[int] | None = None,
    width: int = WIDTH,
    height: int = HEIGHT,
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
) -> bytes:
    """A video with `frames` frames at a rate, or with one frame at each of `times_ms`."""
    stamps = range(frames) if times_ms is None else times_ms
    pictures = [flat(number, width, height) for number in range(len(stamps))]
    base = 1 / Fraction(rate) if times_ms is None else Fraction(1, 1000)
    return _muxed(form, codec, pictures, stamps, base, options or {}, codec_options or {})


def drawn_clip(seed: int, *, frames: int, rate: int, width: int, height: int) -> bytes:
    """A video whose pictures look like those of no other seed, and like one another."""
    blocks = np.random.default_rng(seed).integers(30, 220, (8, 8, 1), dtype=np.uint8)
    grey = blocks.repeat(-(-height // 8), axis=0).repeat(-(-width // 8), axis=1)
    picture = grey[:height, :width].repeat(3, axis=2)
    pictures = [picture + np.uint8(number % 8) for number in range(frames)]
    return _muxed("mp4", "libx264", pictures, range(frames), 1 / Fraction(rate), {}, {})


def turned_clip(form: str = "mp4", orientation: int = _CLOCKWISE) -> bytes:
    """A video of `corners` whose header says how to turn and mirror it; clockwise by default."""
    content = bytearray(_muxed(form, "libx264", [corners()] * 3, range(3), Fraction(1, 10), {}, {}))
    a, b, c, d = (value << 16 for value in ORIENTATIONS[orientation][1])
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    at = content.index(b"tkhd") + _MATRIX_AT
    content[at : at + len(matrix)] = matrix
    return bytes(content)


def coloured_clip(form: str, codec: str) -> bytes:
    """A video of `corners`."""
    return _muxed(form, codec, [corners()] * 3, range(3), Fraction(1, 25), {}, {})


def turned_still(form: str, orientation: int = _CLOCKWISE, **options: object) -> bytes:
    """A picture of `corners` whose EXIF says how to turn and mirror it; clockwise by default."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return packed(Image.fromarray(corners()), form, exif=exif, **options)


def animation(form: str, durations_ms: Sequence[int]) -> bytes:
    """A GIF or WebP with a frame for each duration."""
    first, *others = [Image.fromarray(flat(number)) for number in range(len(durations_ms))]
    lossless = {"lossless": True} if form == "WEBP" else {}
    return packed(
        first, form, save_all=True, append_images=others, duration=list(durations_ms), **lossless
    )


def half_transparent(seed: int = 0) -> Image.Image:
    """The left half shows through, over white; the right half is opaque grey."""
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    pixels[:, : WIDTH // 2, :3] = 255
    pixels[:, WIDTH // 2 :] = (level(seed), level(seed), level(seed), 255)
    return Image.fromarray(pixels)


def audio(form: str, codec: str) -> bytes:
    """A file of that container in which there is nothing to see."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=48_000)
        assert isinstance(stream, av.AudioStream)
        silence = av.AudioFrame.from_ndarray(
            np.zeros((1, 2 * 4096), dtype=np.int16), format="s16", layout="stereo"
        )
        silence.rate = 48_000
        context = stream.codec_context
        resampler = av.AudioResampler(
            context.format, stream.layout, 48_000, context.frame_size or None
        )
        for frame in resampler.resample(silence):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@dataclass
class Track:
    """A video stream to be written: its pictures, and what is said of it."""

    pictures: Sequence[Picture]
    codec: str = "libx264"
    codec_options: dict[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"
    disposition: Disposition = Disposition.default
    pixel_aspect: Fraction | None = None


def muxed(
    form: str,
    tracks: Sequence[Track],
    rate: int = 10,
    stamps: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """A container with several video streams, each frame at its number or stamp / rate seconds.

    A picture of another size than the first is encoded by itself and put in as it is.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        with av.open(str(path), "w", format=form, options=options or {}) as container:
            streams = []
            for track in tracks:
                stream = container.add_stream(track.codec, rate=rate, options=track.codec_options)
                assert isinstance(stream, av.VideoStream)
                stream.height, stream.width = track.pictures[0].shape[:2]
                stream.pix_fmt = track.pix_fmt
                stream.codec_context.time_base = Fraction(1, rate)
                if track.pixel_aspect is not None:
                    stream.codec_context.sample_aspect_ratio = track.pixel_aspect
                stream.disposition = track.disposition
                streams.append(stream)
            for stream, track in zip(streams, tracks, strict=True):
                for packet in _packets(stream, track, stamps, rate):
                    container.mux(packet)
        return path.read_bytes()


def _packets(
    stream: av.VideoStream, track: Track, stamps: Sequence[int] | None, rate: int
) -> Iterator["av.Packet[av.VideoStream]"]:
    context: av.VideoCodecContext = stream.codec_context
    size = track.pictures[0].shape
    for number, picture in enumerate(track.pictures):
        if picture.shape != size:
            yield from context.encode(None)
            size = picture.shape
            context = cast("av.VideoCodecContext", av.CodecContext.create(track.codec, "w"))
            context.height, context.width = size[:2]
            context.pix_fmt, context.time_base = track.pix_fmt, Fraction(1, rate)
            context.options = track.codec_options
        frame = _frame(picture)
        frame.pts = number if stamps is None else stamps[number]
        frame.time_base = Fraction(1, rate)
        for packet in context.encode(frame):
            packet.stream = stream
            yield packet
    for packet in context.encode(None):
        packet.stream = stream
        yield packet


def _frame(picture: npt.NDArray[Any]) -> av.VideoFrame:
    deep = picture.dtype == np.uint16
    form = ("gray16le" if picture.ndim == 2 else "rgb48le") if deep else "rgb24"
    return av.VideoFrame.from_ndarray(picture, format=form)


def _muxed(
    form: str,
    codec: str,
    pictures: Sequence[Picture],
    stamps: Sequence[int],
    base: Fraction,
    options: dict[str, str],
    codec_options: dict[str, str],
) -> bytes:
    with TemporaryDirectory() as folder:
        # A file and not memory: to put the index first, FFmpeg opens what it wrote again.
        path = Path(folder) / "clip"
        with av.open(str(path), "w", format=form, options=options) as container:
            stream = container.add_stream(codec, rate=1 / base, options=codec_options)
            assert isinstance(stream, av.VideoStream)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.codec_context.time_base = base
            for picture, stamp in zip(pictures, stamps, strict=True):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = stamp, base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path.read_bytes()
