"""Small recordings made on the spot: good ones, and each kind of bad one."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from PIL import Image

from models.phantom.clip import draw_clip, random_motion
from models.phantom.machine import ProbeKind, random_machine
from models.phantom.scene import random_scene


def speckle(width: int = 96, height: int = 64, seed: int = 0) -> np.ndarray:
    """A grey picture with structure: (height, width, 3) uint8."""
    grey = np.random.default_rng(seed).integers(40, 220, (height, width, 1), dtype=np.uint8)
    return np.repeat(grey, 3, axis=2)


def image(form: str = "PNG", width: int = 96, height: int = 64, seed: int = 0) -> bytes:
    """A picture in any format that Pillow writes."""
    file = io.BytesIO()
    Image.fromarray(speckle(width, height, seed)).save(file, form)
    return file.getvalue()


def gif(frames: int = 6, width: int = 96, height: int = 64, frame_ms: int = 200) -> bytes:
    """An animated GIF."""
    file = io.BytesIO()
    first, *others = [Image.fromarray(speckle(width, height, n)) for n in range(frames)]
    first.save(file, "GIF", save_all=True, append_images=others, duration=frame_ms)
    return file.getvalue()


def video(
    form: str = "mp4",
    codec: str = "mpeg4",
    seconds: float = 1.0,
    rate: int = 10,
    width: int = 96,
    height: int = 64,
    options: dict[str, str] | None = None,
) -> bytes:
    """A video; the bytes of any container that FFmpeg writes."""
    pictures = [speckle(width, height, number) for number in range(max(1, round(seconds * rate)))]
    return _encoded(pictures, form, codec, rate, options or {})


def lung_video(seconds: float = 8, rate: int = 10, side: int = 240, seed: int = 0) -> bytes:
    """An MP4 of a drawn lung under a convex probe, for which the models answer, a third wider."""
    rng = np.random.default_rng(seed)
    machine = random_machine(rng, ProbeKind.CONVEX)
    motion = replace(random_motion(rng, round(seconds * rate)), rate_hz=rate, frozen=0)
    drawn = draw_clip(random_scene(rng), machine, motion, rng, side)
    beside = ((0, 0), (side // 6, side // 6))
    pictures = [np.dstack([np.pad(frame.picture, beside)] * 3) for frame in drawn.frames]
    return _encoded(pictures, "mp4", "mpeg4", rate, {})


def _encoded(
    pictures: Sequence[np.ndarray], form: str, codec: str, rate: int, options: dict[str, str]
) -> bytes:
    file = io.BytesIO()
    height, width, _ = pictures[0].shape
    with av.open(file, "w", format=form, options=options) as container:
        stream = cast("av.VideoStream", container.add_stream(codec, rate=rate))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def long_video(hours: float = 3) -> bytes:
    """A video of one frame a minute: hours long, a few kilobytes small."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1)
        for minute in range(round(hours * 60) + 1):
            frame = av.VideoFrame.from_ndarray(speckle(64, 64), format="rgb24")
            frame.pts, frame.time_base = minute * 60, Fraction(1, 1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def undecodable_video() -> bytes:
    """A whole MP4 whose every frame is noise."""
    content = bytearray(video(codec="libx264", seconds=2))
    start = content.index(b"mdat") + 4
    (size,) = struct.unpack(">I", content[start - 8 : start - 4])
    noise = np.random.default_rng(1).integers(0, 256, size - 8, dtype=np.uint8).tobytes()
    content[start : start + size - 8] = noise
    return bytes(content)


def video_without_duration() -> bytes:
    """A WebM as a browser records it: nobody went back to write how long it is."""
    return video("webm", "libvpx", options={"live": "1"})


def truncated(content: bytes, keep: float = 0.6) -> bytes:
    """The beginning of a file, as a broken transfer leaves it."""
    return content[: round(len(content) * keep)]


def huge_png(width: int, height: int) -> bytes:
    """A whole black PNG of one bit a pixel: kilobytes that unpack to gigabytes of RGB."""
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def huge_still(form: str, side: int = 8000) -> bytes:
    """A black picture of side × side pixels, packed as small as the format can."""
    file = io.BytesIO()
    options = {"lossless": True, "quality": 0, "method": 0} if form == "WEBP" else {}
    Image.new("L", (side, side)).save(file, form, **options)
    return file.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], int, set[str]]] = {
    # name: content, status, and the codes that say it
    "empty.png": (lambda: b"", 422, {"empty_file"}),
    "text.png": (lambda: b"this is no picture at all\n" * 40, 415, {"unsupported_type"}),
    "pdf.jpg": (lambda: b"%PDF-1.7\n" + bytes(500), 415, {"unsupported_type"}),
    "page.mp4": (lambda: b"<!doctype html><html></html>" * 20, 415, {"unsupported_type"}),
    "truncated.mp4": (lambda: truncated(video(seconds=3)), 422, {"truncated_file"}),
    "truncated.gif": (lambda: truncated(gif()), 422, {"truncated_file"}),
    "truncated.jpg": (lambda: truncated(image("JPEG", 640, 480)), 422, {"truncated_file"}),
    "one_pixel.png": (lambda: image(width=1, height=1), 422, {"too_small"}),
    "giant.png": (lambda: huge_png(40_000, 40_000), 422, {"too_many_pixels"}),
    "bomb.png": (lambda: huge_png(8_000, 8_000), 422, {"too_many_pixels"}),
    "bomb.gif": (lambda: huge_still("GIF"), 422, {"too_many_pixels"}),
    "bomb.webp": (lambda: huge_still("WEBP"), 422, {"too_many_pixels"}),
    "no_frames.mp4": (undecodable_video, 422, {"no_frames", "unreadable_file"}),
    "three_hours.mp4": (long_video, 422, {"too_long"}),
}
"""Every recording that is refused for what it is."""


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write a file into a folder and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path
