"""The uploaded files: real recordings if the dataset lies beside the checkout."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image

DATASET = Path(__file__).resolve().parents[3] / "shared" / "dataset"
_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload: `kind` is still or video."""

    kind: str
    name: str
    content: bytes


def stills(dataset: Path | None, count: int = 6) -> list[File]:
    """Different stills."""
    found = sorted((dataset / "pocus_images").rglob("*.jpg"))[:count] if dataset else []
    return [File("still", "still.jpg", path.read_bytes()) for path in found] or [
        File("still", "still.png", _made_still(seed)) for seed in range(count)
    ]


def videos(dataset: Path | None, count: int = 6) -> list[File]:
    """Different videos of a few seconds."""
    found = sorted((dataset / "pocus_videos").rglob("*.mp4"))[:count] if dataset else []
    return [File("video", "video.mp4", path.read_bytes()) for path in found] or [
        File("video", "video.mp4", made_video(seed=seed)) for seed in range(count)
    ]


def _speckle(width: int, height: int, seed: int) -> np.ndarray:
    grey = np.random.default_rng(seed).integers(40, 220, (height, width, 1), dtype=np.uint8)
    return np.repeat(grey, 3, axis=2)


def _made_still(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(_speckle(640, 480, seed)).save(file, "PNG")
    return file.getvalue()


def made_video(seconds: float = 10, width: int = 320, height: int = 240, seed: int = 0) -> bytes:
    """An MP4 with ten pictures a second: at ten seconds, thirty of them are screened."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * 10)):
            picture = _speckle(width, height, 1000 * seed + number)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def write_large_video(path: Path, size: int, seed: int = 0) -> None:
    """A short MP4 with a free box of zeros behind it, `size` bytes in all: heavy, and valid."""
    content = made_video(seconds=2, seed=seed)
    padding = size - len(content)
    if not 8 <= padding < 2**32:
        raise ValueError(f"expected between {len(content) + 8} bytes and 4 GiB, got {size}")
    with path.open("wb") as file:
        file.write(content)
        file.write(struct.pack(">I4s", padding, b"free"))
        left = padding - 8
        while left:
            left -= file.write(bytes(min(left, _BLOCK_BYTES)))
