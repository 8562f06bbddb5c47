"""Containers, codecs, pixel formats and frame rates."""

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

from tests.models.media.numbered.case import Case, even
from tests.models.media.numbered.making import CODECS, clip

_FORMATS = {
    # container: codec, and its pixel formats
    "mp4": {
        "h264": "yuv420p yuvj420p yuv422p yuv444p gray yuv420p10le gray10le",
        "h264 B": "yuv420p",
        "h264 open": "yuv420p",
        "h264 interlaced": "yuv420p",
        "libx264rgb": "rgb24",
        "hevc": "yuv420p gray yuv420p10le yuv422p12le",
        "hevc open": "yuv420p",
        "mpeg4": "yuv420p",
        "mpeg4 B": "yuv420p",
        "mpeg2 B": "yuv420p",
        "mpeg1 B": "yuv420p",
        "mjpeg": "yuvj420p yuvj444p",
        "vp9": "yuv420p yuv444p",
        "av1": "yuv420p yuv420p10le",
        "png": "rgb24 gray",
        "jpeg2000": "gray rgb24",
        "ffv1": "yuv420p",
    },
    "3gp": {"h263": "yuv420p", "mpeg4": "yuv420p", "h264": "yuv420p"},
    "ipod": {"h264 B": "yuv420p"},  # .m4v
    "f4v": {"h264": "yuv420p"},
    "mov": {
        "h264 B": "yuv420p",
        "hevc open": "yuv420p",
        "mjpeg": "yuvj420p yuvj422p",
        "prores": "yuv422p10le yuva444p10le",
        "dnxhd": "yuv422p",
        "qtrle": "rgb24 argb gray rgb555be",
        "png": "rgb24 gray rgba gray16be rgb48be monob",
        "raw": "rgb24 gray yuyv422 uyvy422 argb",
        "rpza": "rgb555",
        "svq1": "yuv410p",
        "jpeg2000": "yuv420p",
        "cfhd": "yuv422p10le",
        "v210": "yuv422p10le",
        "v410": "yuv444p10le",
        "r210": "gbrp10le",
        "targa": "bgr24",
        "tiff": "rgb24",
        "h263": "yuv420p",
        "cinepak": "rgb24",
        "dv": "yuv420p",
        "gif": "rgb8",
    },
    "avi": {
        "h264": "yuv420p",
        "h264 B": "yuv420p",
        "mpeg4": "yuv420p",
        "mpeg4 B": "yuv420p",
        "mpeg2": "yuv420p",
        "mjpeg": "yuvj420p yuvj422p",
        "msmpeg4": "yuv420p",
        "msmpeg4v2": "yuv420p",
        "wmv2": "yuv420p",
        "huffyuv": "yuv422p bgra",
        "ffvhuff": "yuv420p gray16le",
        "ffv1": "yuv420p gray gray10le gray12le gray16le bgra",
        "raw": "bgr24 bgra gray yuv420p yuyv422 uyvy422 rgb555le",
        "utvideo": "yuv420p gbrp",
        "magicyuv": "gray",
        "png": "gray",
        "h263": "yuv420p",
        "flv": "yuv420p",
        "cinepak": "rgb24",
        "msvideo1": "rgb555le",
        "zmbv": "bgr0",
        "ljpeg": "bgr24",
        "jpegls": "gray",
        "zlib": "bgr24",
        "dv": "yuv420p",
        "vp8": "yuv420p",
        "av1": "yuv420p",
    },
    "matroska": {
        "h264 B": "yuv420p",
        "hevc open": "yuv420p",
        "mpeg4 B": "yuv420p",
        "mpeg2 B": "yuv420p",
        "mjpeg": "yuvj420p",
        "ffv1": "yuv420p gray12le",
        "prores": "yuv422p10le",
        "raw": "gray yuyv422",
        "msmpeg4": "yuv420p",
    },
    "webm": {
        "vp8": "yuv420p",
        "vp9": "yuv420p yuv444p",
        "av1": "yuv420p",
    },
    "mpeg": {"mpeg1": "yuv420p", "mpeg1 B": "yuv420p", "mpeg2": "yuv420p", "mpeg2 B": "yuv420p"},
    "vob": {"mpeg2 B": "yuv422p"},
    "vcd": {"mpeg1 B": "yuv420p"},
    "mpeg1video": {"mpeg1 B": "yuv420p"},
    "mpeg2video": {"mpeg2 B": "yuv420p"},
    "gif": {"gif": "gray rgb8"},
    "apng": {"apng": "gray rgb24 rgba"},
}
_UNJUDGED = {
    ("mpeg1video", "mpeg1 B"): "ffmpeg gives the pictures of a bare stream uneven times",
}

_ANY_RATE = (1, Fraction(25, 2), Fraction(24000, 1001), Fraction(60000, 1001))
_ONE_RATE = (Fraction(24000, 1001),)
_RATE_OF_MPEG = (Fraction(24000, 1001), 30, Fraction(60000, 1001))
_RATES: dict[tuple[str, str], tuple[Fraction | int, ...]] = {
    ("mp4", "h264"): _ONE_RATE,
    ("mp4", "h264 B"): _ANY_RATE,
    ("mov", "mjpeg"): _ANY_RATE,
    ("avi", "mjpeg"): _ONE_RATE,
    ("avi", "mpeg4 B"): _ANY_RATE,
    ("avi", "h264 B"): _ONE_RATE,
    ("matroska", "h264 B"): _ANY_RATE,
    ("webm", "vp8"): _ANY_RATE,
    ("mpeg", "mpeg1"): _ONE_RATE,
    ("mpeg", "mpeg2 B"): _RATE_OF_MPEG,
    ("mpeg2video", "mpeg2 B"): _RATE_OF_MPEG,
}
_AT_NO_RATE = [
    ("mp4", "h264"), ("mp4", "h264 B"), ("mp4", "hevc open"), ("mov", "mjpeg"), ("mov", "prores"),
    ("webm", "vp8"), ("webm", "vp9"), ("matroska", "h264 B"), ("matroska", "ffv1"), ("gif", "gif"),
]  # fmt: skip
_UNEVEN = (0, 4, 8, 50, 52, 150, 300, 304, 308, 700, 9000, 9004)
"""Hundredths of a second."""


def cases() -> Iterator[Case]:
    """Every codec at its own rate, then a codec of each container at every rate, and at none."""
    for form, codecs in _FORMATS.items():
        for codec, pix_fmts in codecs.items():
            for pix_fmt in pix_fmts.split():
                yield Case(
                    f"codec {form} {codec} {pix_fmt}",
                    partial(clip, form=form, codec=codec, pix_fmt=pix_fmt),
                    range(12),
                    even(range(12), CODECS[codec].rate if codec in CODECS else 10),
                    unjudged=_UNJUDGED.get((form, codec), ""),
                )
    for (form, codec), rates in _RATES.items():
        for rate in rates:
            yield Case(
                f"rate {form} {codec} {float(rate):.4g}",
                partial(clip, form=form, codec=codec, rate=rate),
                range(12),
                even(range(12), float(rate)),
            )
        yield Case(
            f"rate {form} {codec} one picture",
            partial(clip, form=form, codec=codec, numbers=[9]),
            [9],
            [0],
        )
    for form, codec in _AT_NO_RATE:
        # GIF counts in hundredths of a second, and players show no picture for less than two.
        base = Fraction(1, 100)
        yield Case(
            f"rate {form} {codec} uneven",
            partial(clip, form=form, codec=codec, times=_UNEVEN, base=base),
            range(12),
            [float(time * base) for time in _UNEVEN],
        )
