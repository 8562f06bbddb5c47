"""Stills and animations: each function writes one file by Pillow, OpenCV or by hand."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from tests.models.media.numbered.numbers import HEIGHT, WIDTH, numbered, turned

NUMBER = 77
"""What every still carries."""

_ORIENTATION = 0x0112
_SMALLER_COPY = 254
_SHORT, _LONG = 3, 4


def still(
    path: Path,
    form: str,
    mode: str = "RGB",
    orientation: int = 1,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    options: dict[str, object] | None = None,
) -> Path:
    """A picture as it is stored whose EXIF (TIFF: tag) says how to turn it."""
    image = Image.fromarray(turned(numbered(NUMBER, *size), orientation)).convert(mode)
    told: dict[str, object] = {}
    if orientation != 1 and form == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[_ORIENTATION] = orientation
        told = {"tiffinfo": tags}
    elif orientation != 1:
        told = {"exif": _exif(orientation)}
    image.save(path, form, **told, **(options or {}))
    return path


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return exif


def grey_of_depth(path: Path, form: str, bits: int, dtype: str = "<u2") -> Path:
    """A grey picture of 16 bits for each point, of which only the lowest `bits` are used."""
    values = _deep(bits)[:, :, 0].astype(dtype)
    mode = "I;16B" if dtype.startswith(">") else "I;16"
    Image.frombytes(mode, (WIDTH, HEIGHT), values.tobytes()).save(path, form)
    return path


def colour_of_depth(path: Path, form: str, bits: int) -> Path:
    """A picture of three times 16 bits for each point, of which the lowest `bits` are used."""
    done, content = cv2.imencode(f".{form}", _deep(bits))
    assert done
    path.write_bytes(content.tobytes())
    return path


def tiff_by_hand(
    path: Path, bits: int, *, white_is_zero: bool = False, signed: bool = False
) -> Path:
    """A raw grey TIFF of 8, 12 (packed) or 16 bits, whose 0 is black or white."""
    values = _deep(bits)[:, :, 0]
    if white_is_zero:
        values = ((1 << bits) - 1) - values
    if bits == 12:
        first, second = values[:, 0::2], values[:, 1::2]
        packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=2)
        content = packed.astype(np.uint8).tobytes()
    else:
        content = values.astype(np.uint8 if bits == 8 else "<u2").tobytes()
    return _raw_tiff(
        path, content, {258: bits, 262: 0 if white_is_zero else 1, 277: 1, 339: 2 if signed else 1}
    )


def tiff_of_planes(path: Path, bits: int, *, inks: bool = False) -> Path:
    """A raw TIFF of 8 or 16 bits whose colours (or inks, four of them) are each in a plane."""
    values = _deep(bits).transpose(2, 0, 1)
    if inks:
        values = np.concatenate([((1 << bits) - 1) - values, np.zeros_like(values[:1])])
    content = values.astype(np.uint8 if bits == 8 else "<u2").tobytes()
    planes = len(values)
    return _raw_tiff(
        path,
        content,
        {258: (bits,) * planes, 262: 5 if inks else 2, 277: planes, 284: 2},
        strips=planes,
    )


def _raw_tiff(
    path: Path, content: bytes, tags: dict[int, int | tuple[int, ...]], strips: int = 1
) -> Path:
    """A TIFF of the size of all pictures; further tags by their number."""
    size = len(content) // strips
    starts = tuple(8 + size * place for place in range(strips))
    every = tags | {256: WIDTH, 257: HEIGHT, 259: 1, 273: starts, 278: HEIGHT}
    every[279] = (size,) * strips
    entries = b""
    for tag, given in sorted(every.items()):
        values = given if isinstance(given, tuple) else (given,)
        kind, code = (_LONG, "I") if tag in (273, 279) else (_SHORT, "H")
        packed = struct.pack(f"<{len(values)}{code}", *values)
        if len(packed) > 4:
            content += bytes(len(content) % 2) + packed
            packed = struct.pack("<I", 8 + len(content) - len(packed))
        entries += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    content += bytes(len(content) % 2)
    directory = struct.pack("<H", len(every)) + entries + bytes(4)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(content)) + content + directory)
    return path


def _deep(bits: int) -> np.ndarray:
    grey = numbered(NUMBER).astype(np.uint32)
    return (grey * ((1 << bits) - 1) // 255).astype(np.uint16)


def with_smaller_copy(path: Path, pages: Sequence[int]) -> Path:
    """A TIFF whose pages are followed by a small version, marked as such (NewSubfileType 1)."""
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        for number in (*pages, None):
            size = (WIDTH, HEIGHT) if number is not None else (40, 32)
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            tags[_SMALLER_COPY] = int(number is None)
            picture = numbered(200 if number is None else number, *size)
            Image.fromarray(picture).save(writer, "TIFF", tiffinfo=tags)
            writer.newFrame()
    return path


def two_in_one_jpeg(path: Path) -> Path:
    """A JPEG of a telephone: a second picture (MPO) behind the first."""
    first, second = (Image.fromarray(numbered(number)) for number in (NUMBER, 78))
    first.save(path, "MPO", save_all=True, append_images=[second])
    return path


def animation(
    path: Path,
    form: str,
    numbers: Sequence[int] = range(8),
    durations_ms: Sequence[int] | int = 100,
    options: dict[str, object] | None = None,
    orientation: int = 1,
) -> Path:
    """A GIF, WebP or APNG of several pictures."""
    first, *others = [Image.fromarray(turned(numbered(number), orientation)) for number in numbers]
    kept: dict[str, Any] = {"append_images": others, "duration": durations_ms} | (options or {})
    if orientation != 1:
        kept["exif"] = _exif(orientation)
    first.save(path, form, save_all=True, **kept)
    return path


def stack(path: Path, mode: str, options: dict[str, object] | None = None) -> Path:
    """A TIFF of eight pages."""
    first, *others = [Image.fromarray(numbered(number)).convert(mode) for number in range(8)]
    first.save(path, "TIFF", save_all=True, append_images=others, **(options or {}))
    return path


def in_parts(path: Path, form: str) -> Path:
    """An animation whose later pictures are clear in a corner, where the first shines through."""
    pictures = []
    for number in range(6):
        whole = Image.fromarray(numbered(number)).convert("RGBA")
        if number:
            # No bit of a number below 16 is in that corner.
            corner = (3 * WIDTH // 4, 3 * HEIGHT // 4, WIDTH, HEIGHT)
            whole.paste((0, 0, 0, 0), corner)
        pictures.append(whole)
    by_form: dict[str, dict[str, object]] = {"WEBP": {"lossless": True}, "PNG": {"blend": 1}}
    options = by_form.get(form, {})
    pictures[0].save(path, form, save_all=True, append_images=pictures[1:], duration=100, **options)
    return path
