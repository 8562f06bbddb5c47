"""Re-encoding without metadata: PNG for stills, H.264 in MP4 for clips.

No byte of the uploaded file is copied: its decoded pictures are encoded again, and the writers
receive nothing else.

The output is deterministic on any machine: one encoder thread, fixed settings, no timestamps.
H.264 at CRF 12 plays in every browser without a visible difference (44 to 48 dB PSNR on the public
recordings); FFV1 would be lossless, but many times larger, and no browser plays it.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext

from models.contract import Square
from models.media.limits import no_frames
from models.media.sampling import Recording, check_square
from models.media.square import Picture

SUFFIXES = ("png", "mp4")

TimedPicture = tuple[float, Picture]
"""Presentation time in seconds and picture, uint8 RGB (h, w, 3)."""

_CLOCK = 90_000
_BT601, _LIMITED = 6, 1
_X264 = {
    "preset": "medium",
    "crf": "12",
    "threads": "1",  # another number gives other bytes
    "g": "30",  # a player that steps backwards decodes at most one second for it
    "bf": "0",
}
_EMPTY_TAGS = bytes.fromhex("0000003d") + b"udta" + bytes.fromhex("00000035") + b"meta"
"""Start of the empty tag list that FFmpeg writes into every MP4."""

_NO_TEXT = "filter_units=remove_types=6"
"""Removes H.264's supplemental enhancement information (NAL type 6), which names the encoder."""


def suffix(recording: Recording) -> str:
    """The file extension of a re-encoded recording: one of `SUFFIXES`."""
    return "png" if recording.kind == "image" else "mp4"


def write_full_frame(recording: Recording, path: Path) -> None:
    """Write every picture of a recording, full frame, at its original times.

    In a clip, an odd side is padded by one pixel on the right or at the bottom, because H.264
    subsamples chroma. Crop coordinates stay valid.

    Raises:
        MediaError: the recording could not be decoded.
    """
    if recording.kind == "image":
        path.write_bytes(png(recording.still()))
    else:
        _write_clip(((time_s, _padded(each)) for time_s, each in _timed_pictures(recording)), path)


def write_square(recording: Recording, square: Square, path: Path) -> None:
    """Write every picture of a recording, cropped to this square, at its original times.

    In a clip, an odd side is reduced by one pixel, because H.264 subsamples chroma.

    Raises:
        MediaError: `crop_outside`, or the recording could not be decoded.
    """
    if recording.kind == "image":
        path.write_bytes(png(_cropped(recording.still(), square)))
    else:
        even = Square(square.x, square.y, square.size // 2 * 2)
        _write_clip(
            ((time_s, _cropped(each, even)) for time_s, each in _timed_pictures(recording)), path
        )


def png(picture: Picture) -> bytes:
    """A picture as PNG, lossless; single-channel if it is grey."""
    grey = (picture[:, :, :1] == picture).all()
    pixels = picture[:, :, 0] if grey else picture
    encoded, data = cv2.imencode(
        ".png", pixels if grey else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    )
    if not encoded:
        raise RuntimeError(f"could not encode a picture of shape {picture.shape} as PNG")
    return data.tobytes()


def _timed_pictures(recording: Recording) -> Iterator[TimedPicture]:
    times_s = recording.source.times_s
    # The last frames of a file may not decode: then there are fewer pictures than times.
    return zip(times_s, recording.source.read(range(len(times_s))), strict=False)


def _cropped(picture: Picture, square: Square) -> Picture:
    check_square(square, picture.shape[1], picture.shape[0])
    cropped = picture[square.y : square.y + square.size, square.x : square.x + square.size]
    return np.ascontiguousarray(cropped)


def _padded(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _write_clip(pictures: Iterator[TimedPicture], path: Path) -> None:
    """Encode pictures of one size, its sides even numbers of pixels.

    Raises:
        MediaError: `no_frames`, or the recording could not be decoded.
    """
    first = next(pictures, None)
    if first is None:
        raise no_frames()
    height, width = first[1].shape[:2]
    with av.open(
        str(path), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"}
    ) as container:
        stream = container.add_stream("libx264", options=_X264)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, _CLOCK)
        stream.codec_context.colorspace, stream.codec_context.color_range = _BT601, _LIMITED
        filters = BitStreamFilterContext(_NO_TEXT, stream)
        last_pts = -1
        for time_s, picture in chain([first], pictures):
            # OpenCV converts in whole numbers, the same on every processor; FFmpeg does not.
            yuv = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
            frame = av.VideoFrame.from_ndarray(np.asarray(yuv, dtype=np.uint8), format="yuv420p")
            last_pts = max(last_pts + 1, round(time_s * _CLOCK))  # two frames never share a moment
            frame.pts, frame.time_base = last_pts, Fraction(1, _CLOCK)
            for packet in stream.encode(frame):
                container.mux(filters.filter(packet))
        for packet in stream.encode(None):
            container.mux(filters.filter(packet))
        container.mux(filters.filter(None))
    _drop_empty_tags(path)


def _drop_empty_tags(path: Path) -> None:
    """Turn the empty tag list into a `free` box, so that the file has no metadata box at all."""
    with path.open("r+b") as file:
        head = file.read(32 + 8)  # ftyp, then moov: the index stands in front
        length = int.from_bytes(head[32:36], "big")
        place = (head + file.read(length - 8)).find(_EMPTY_TAGS)
        if place >= 0:
            file.seek(place)
            file.write(_EMPTY_TAGS[:4] + b"free" + bytes(0x3D - 8))
