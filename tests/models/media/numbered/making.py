"""Clips of numbered pictures, in whatever FFmpeg's library and command write."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av

from tests.models.media.numbered.numbers import HEIGHT, WIDTH, numbered, turned
from tests.models.media.numbered.reference import FFMPEG


@dataclass(frozen=True)
class Codec:
    """An encoder of FFmpeg, and how it is asked for tiny clips."""

    encoder: str
    pix_fmt: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (WIDTH, HEIGHT)
    rate: int = 10


_X264 = {"preset": "veryfast", "sc_threshold": "0", "b_strategy": "0"}
_X265 = "log-level=none:keyint=10:min-keyint=10:b-adapt=0:scenecut=0:pools=none:frame-threads=1"

CODECS: Mapping[str, Codec] = {
    "h264": Codec("libx264", options=_X264 | {"bf": "0", "g": "5"}),
    # Pictures are then stored in another order than they are shown in.
    "h264 B": Codec("libx264", options=_X264 | {"bf": "2", "g": "10"}),
    # Pictures before a key frame may then need some that a cut has taken away.
    "h264 open": Codec(
        "libx264", options=_X264 | {"bf": "2", "g": "10", "x264-params": "open-gop=1"}
    ),
    "h264 interlaced": Codec("libx264", options=_X264 | {"bf": "0", "x264-params": "tff=1"}),
    "hevc": Codec("libx265", options={"preset": "ultrafast", "x265-params": f"{_X265}:bframes=0"}),
    "hevc open": Codec(
        "libx265",
        options={"preset": "ultrafast", "x265-params": f"{_X265}:bframes=2:open-gop=1"},
    ),
    "mpeg4": Codec("mpeg4", options={"g": "5"}),
    "mpeg4 B": Codec("mpeg4", options={"g": "10", "bf": "2"}),
    "mpeg2": Codec("mpeg2video", options={"g": "5"}, rate=25),
    "mpeg2 B": Codec("mpeg2video", options={"g": "10", "bf": "2"}, rate=25),
    "mpeg1": Codec("mpeg1video", options={"g": "5"}, rate=25),
    "mpeg1 B": Codec("mpeg1video", options={"g": "10", "bf": "2"}, rate=25),
    "mjpeg": Codec("mjpeg", "yuvj420p"),
    "vp8": Codec("libvpx", options={"deadline": "realtime", "g": "10"}),
    "vp9": Codec("libvpx-vp9", options={"deadline": "realtime", "g": "10"}),
    "av1": Codec("libsvtav1", options={"preset": "12"}),
    "h263": Codec("h263", size=(128, 96), rate=25),
    "dnxhd": Codec("dnxhd", "yuv422p", {"profile": "dnxhr_lb"}, size=(256, 128)),
    "dv": Codec("dvvideo", size=(720, 576), rate=25),
    "prores": Codec("prores_ks", "yuv422p10le"),
    "png": Codec("png", "rgb24"),
    "raw": Codec("rawvideo", "bgr24"),
    "huffyuv": Codec("huffyuv", "yuv422p"),
    "qtrle": Codec("qtrle", "rgb24"),
    "cinepak": Codec("cinepak", "rgb24"),
    "ffv1": Codec("ffv1"),
    "gif": Codec("gif", "gray"),
    "apng": Codec("apng", "gray"),
}


def clip(
    path: Path,
    form: str,
    codec: str,
    pix_fmt: str | None = None,
    *,
    numbers: Sequence[int] = range(12),
    rate: Fraction | int | None = None,
    times: Sequence[int] | None = None,
    base: Fraction | None = None,
    size: tuple[int, int] | None = None,
    sar: Fraction | None = None,
    orientation: int = 1,
    options: Mapping[str, str] | None = None,
    codec_options: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a clip whose pictures carry `numbers`, at a rate or at `times` (units of `base`).

    Args:
        form: FFmpeg's name of the container.
        codec: a key of `CODECS`, or any encoder of FFmpeg.
        base: seconds; a thousandth where `times` are given.
        sar: the shape of a pixel, width by height.
        orientation: how the pictures are stored (EXIF); `size` is that of upright ones.
    """
    how = CODECS.get(codec) or Codec(codec)
    rate = rate or how.rate
    base = base or (Fraction(1, 1000) if times is not None else 1 / Fraction(rate))
    upright = size or how.size
    width, height = upright if orientation < 5 else upright[::-1]
    encoder_options = {"strict": "-2", **how.options, **(codec_options or {})}
    with av.open(str(path), "w", format=form, options=dict(options or {})) as container:
        stream = container.add_stream(how.encoder, rate=rate, options=encoder_options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = pix_fmt or how.pix_fmt
        stream.metadata.update(metadata or {})
        stream.codec_context.time_base = base
        stream.codec_context.thread_count = 1
        if sar is not None:
            stream.codec_context.sample_aspect_ratio = sar
        for place, number in enumerate(numbers):
            picture = turned(numbered(number, *upright), orientation)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = place if times is None else times[place], base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def command(path: Path, *arguments: str | Path) -> Path:
    """Write a file with the ffmpeg command: what its users do to their recordings."""
    subprocess.run(
        [FFMPEG or "ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments), f"file:{path}"],
        check=True,
        timeout=60,
    )
    return path
