"""What a player presents of a clip, as the ffmpeg command does: the pictures and their times."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.models.media.numbered.numbers import Picture

FFMPEG = shutil.which("ffmpeg")

_SHOWN = re.compile(rb"\] n: *\d+ pts: *\S+ pts_time:(\S+) .* sar:(\d+)/(\d+) s:(\d+)x(\d+) ")


class Presented(NamedTuple):
    """A presented picture: when in seconds from the first, as stored (upright), and its shape."""

    time_s: float
    pixels: Picture
    aspect: float
    """Width by height on the screen, pixels that are not square taken into account."""


def presented(path: Path, *, stream: str | None = None) -> list[Presented]:
    """Every picture that ffmpeg presents, upright: edit lists and display matrices are honoured.

    Args:
        stream: ffmpeg's name of a stream; None for the one that ffmpeg chooses.

    Raises:
        ValueError: ffmpeg presents nothing.
    """
    command = [FFMPEG or "ffmpeg", "-nostdin", "-hide_banner", "-threads", "1"]
    # Transparent parts of a GIF become black, as in stills; ffmpeg's default is white.
    command += ["-trans_color", "0"] if path.read_bytes()[:3] == b"GIF" else []
    command += ["-i", f"file:{path}", "-an", "-sn", "-dn"]
    command += [] if stream is None else ["-map", stream]
    command += ["-vsync", "passthrough", "-vf", "showinfo=checksum=0"]
    command += ["-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "-"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    lines = _SHOWN.findall(done.stderr)
    pictures = _pixmaps(done.stdout)
    if not pictures or len(lines) != len(pictures):
        raise ValueError(
            f"{len(lines)} lines for {len(pictures)} pictures: "
            + done.stderr[-2000:].decode(errors="replace")
        )
    first_s = float(lines[0][0])
    shown = []
    for line, pixels in zip(lines, pictures, strict=True):
        along, across, width, height = map(int, line[1:])
        shape = width * (along or 1) / (height * (across or 1))
        shown.append(Presented(float(line[0]) - first_s, pixels, shape))
    return shown


def _pixmaps(content: bytes) -> list[Picture]:
    """The pictures of a row of binary PPM files."""
    pictures = []
    place = 0
    while place < len(content):
        head = content[place : place + 40].split(b"\n", 3)
        width, height = map(int, head[1].split())
        assert (head[0], head[2]) == (b"P6", b"255")
        place += sum(len(part) + 1 for part in head[:3])
        size = width * height * 3
        pixels = np.frombuffer(content, np.uint8, size, place).reshape(height, width, 3)
        pictures.append(pixels)
        place += size
    return pictures
