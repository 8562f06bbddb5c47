"""Pictures, animations, odd names, and what is refused by its name."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.models.media.numbered import odd, pictures
from tests.models.media.numbered.boxes import MATRICES
from tests.models.media.numbered.case import Case, Make, even
from tests.models.media.numbered.making import clip

_NO_JUDGE = "ffmpeg does not read all of these; what was written is known"

_TURNED: dict[str, tuple[str, str, dict[str, object]]] = {
    # what it is: format, mode, and how it is saved
    "jpeg": ("JPEG", "RGB", {"quality": 95}),
    "jpeg grey": ("JPEG", "L", {"quality": 95}),
    "png": ("PNG", "RGB", {}),
    "webp": ("WEBP", "RGB", {"lossless": True}),
    "tiff raw": ("TIFF", "RGB", {}),
    "tiff raw grey": ("TIFF", "L", {}),
    "tiff raw of 1 bit": ("TIFF", "1", {}),
    "tiff lzw": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "tiff deflate": ("TIFF", "L", {"compression": "tiff_adobe_deflate"}),
    "tiff jpeg": ("TIFF", "RGB", {"compression": "jpeg", "quality": 95}),
    "tiff packbits": ("TIFF", "L", {"compression": "packbits"}),
    "tiff group 4": ("TIFF", "1", {"compression": "group4"}),
}
_MODES: dict[str, tuple[str, str, dict[str, object]]] = {
    "png palette": ("PNG", "P", {}),
    "png grey with alpha": ("PNG", "LA", {}),
    "png of 1 bit": ("PNG", "1", {}),
    "jpeg progressive": ("JPEG", "RGB", {"progressive": True, "quality": 95}),
    "jpeg cmyk": ("JPEG", "CMYK", {"quality": 95}),
    "jpeg ycbcr 4:4:4": ("JPEG", "RGB", {"subsampling": 0}),
    "bmp": ("BMP", "RGB", {}),
    "bmp palette": ("BMP", "P", {}),
    "gif": ("GIF", "P", {}),
    "gif interlaced": ("GIF", "P", {"interlace": 1}),
    "tiff cmyk": ("TIFF", "CMYK", {}),
    "tiff palette": ("TIFF", "P", {}),
    "tiff ycbcr": ("TIFF", "YCbCr", {}),
    "tiff with alpha": ("TIFF", "RGBA", {}),
    "webp lossy": ("WEBP", "RGB", {"quality": 90}),
}
_ANIMATED: dict[str, tuple[str, dict[str, object]]] = {
    "gif": ("GIF", {}),
    "gif without optimisation": ("GIF", {"optimize": False, "disposal": 1}),
    "gif restored to the ground": ("GIF", {"disposal": 2}),
    "webp": ("WEBP", {"lossless": True}),
    "webp lossy": ("WEBP", {"quality": 90}),
    "apng": ("PNG", {}),
    "apng cleared between": ("PNG", {"disposal": 1}),
}
_STACKED: dict[str, tuple[str, dict[str, object]]] = {
    "raw": ("RGB", {}),
    "grey": ("L", {}),
    "lzw": ("L", {"compression": "tiff_lzw"}),
    "deflate": ("RGB", {"compression": "tiff_adobe_deflate"}),
    "jpeg": ("RGB", {"compression": "jpeg", "quality": 95}),
    "packbits": ("L", {"compression": "packbits"}),
    "group 4": ("1", {"compression": "group4"}),
    "palette": ("P", {}),
}


def cases() -> Iterator[Case]:
    """Stills, animations, names, and refusals."""
    yield from _stills()
    yield from _rare_tiffs()
    yield from _turned_animations()
    yield from _animations()
    yield from _names()
    yield from _refusals()


def _still(name: str, make: Make) -> Case:
    return Case(name, make, [pictures.NUMBER], [0], size=(64, 48), unjudged=_NO_JUDGE)


def _stills() -> Iterator[Case]:
    for name, (form, mode, options) in _TURNED.items():
        for orientation in MATRICES:
            yield _still(
                f"still {name} {orientation}",
                partial(
                    pictures.still,
                    form=form,
                    mode=mode,
                    orientation=orientation,
                    options=options,
                ),
            )
    for name, (form, mode, options) in _MODES.items():
        yield _still(
            f"still {name}", partial(pictures.still, form=form, mode=mode, options=options)
        )
    for form in ("PNG", "TIFF"):
        for bits in (9, 10, 12, 14, 15, 16):
            yield _still(
                f"still {form.lower()} {bits} bits in 16",
                partial(pictures.grey_of_depth, form=form, bits=bits),
            )
    for form in ("png", "tiff"):
        yield _still(
            f"still {form} in colour of 16 bits",
            partial(pictures.colour_of_depth, form=form, bits=16),
        )
        for bits in (10, 12):
            yield Case(
                f"still {form} in colour, {bits} bits in 16",
                partial(pictures.colour_of_depth, form=form, bits=bits),
                refused="unreadable_file",
            )
    yield _still(
        "still tiff 12 bits in 16, big end first",
        partial(pictures.grey_of_depth, form="TIFF", bits=12, dtype=">u2"),
    )
    for bits in (8, 12, 16):
        yield _still(
            f"still tiff raw of {bits} bits, 0 is black",
            partial(pictures.tiff_by_hand, bits=bits),
        )
    for bits in (8, 16):
        yield _still(
            f"still tiff raw of {bits} bits, 0 is white",
            partial(pictures.tiff_by_hand, bits=bits, white_is_zero=True),
        )
    yield Case(
        "still tiff raw of 12 bits, 0 is white",
        partial(pictures.tiff_by_hand, bits=12, white_is_zero=True),
        refused="unreadable_file",
    )
    yield _still(
        "still tiff with a smaller copy",
        partial(pictures.with_smaller_copy, pages=[pictures.NUMBER]),
    )
    yield _still("still jpeg with a second picture", pictures.two_in_one_jpeg)
    yield _still("still jpeg with a video behind", _with_a_video_behind)


def _rare_tiffs() -> Iterator[Case]:
    for what, make in {
        "of signed values": partial(pictures.tiff_by_hand, bits=8, signed=True),
        "of 16 bits, colours apart": partial(pictures.tiff_of_planes, bits=16),
        "of 16 bits, inks apart": partial(pictures.tiff_of_planes, bits=16, inks=True),
    }.items():
        yield Case(f"still tiff raw {what}", make, refused="unreadable_file")
    for inks in (False, True):
        yield _still(
            f"still tiff raw of 8 bits, {'inks' if inks else 'colours'} apart",
            partial(pictures.tiff_of_planes, bits=8, inks=inks),
        )


def _with_a_video_behind(path: Path) -> Path:
    video = clip(path.with_name("video"), "mp4", "h264")
    return odd.behind(pictures.still(path, "JPEG"), video.read_bytes())


def _animations() -> Iterator[Case]:
    uneven = [500, 100, 40, 2000, 60, 100, 100, 100]
    starts = [0, 0.5, 0.6, 0.64, 2.64, 2.7, 2.8, 2.9]
    for name, (form, options) in _ANIMATED.items():
        yield Case(
            f"animation {name}",
            partial(pictures.animation, form=form, options=options),
            range(8),
            even(range(8), 10),
            size=(64, 48),
            unjudged="" if form == "GIF" else _NO_JUDGE,
        )
    for form in ("GIF", "WEBP", "PNG"):
        yield Case(
            f"animation {form.lower()} uneven",
            partial(pictures.animation, form=form, durations_ms=uneven),
            range(8),
            starts,
            unjudged=_NO_JUDGE,
        )
        yield Case(
            f"animation {form.lower()} without times",
            partial(pictures.animation, form=form, durations_ms=0),
            range(8),
            even(range(8), 10),
            unjudged="browsers show a picture without a duration for a tenth of a second",
        )
        yield Case(
            f"animation {form.lower()} in a hurry",
            partial(
                pictures.animation, form=form, durations_ms=[10, 500, 20, 10, 10, 200, 100, 30]
            ),
            range(8),
            [0, 0.1, 0.6, 0.62, 0.72, 0.82, 1.02, 1.12],
            unjudged="" if form == "GIF" else "browsers show 10 ms as a tenth of a second",
        )
        yield Case(
            f"animation {form.lower()} in parts",
            partial(pictures.in_parts, form=form),
            range(6),
            even(range(6), 10),
            unjudged=_NO_JUDGE,
        )
    yield Case(
        "animation apng whose first picture stands apart",
        partial(
            pictures.animation,
            form="PNG",
            numbers=[200, *range(8)],
            options={"default_image": True},
        ),
        range(8),
        even(range(8), 10),
        unjudged=_NO_JUDGE,
    )
    for name, (mode, options) in _STACKED.items():
        # Nothing says when each page is shown: a sentence says so, rather than that one is taken.
        yield Case(
            f"animation tiff pages {name}",
            partial(pictures.stack, mode=mode, options=options),
            refused="unsupported_type",
        )
    yield Case(
        "animation tiff pages with a smaller copy",
        partial(pictures.with_smaller_copy, pages=range(4)),
        refused="unsupported_type",
    )


def _turned_animations() -> Iterator[Case]:
    for form in ("WEBP", "PNG"):
        for orientation in MATRICES:
            yield Case(
                f"animation {form.lower()} turned {orientation}",
                partial(
                    pictures.animation,
                    form=form,
                    orientation=orientation,
                    options={"lossless": True} if form == "WEBP" else None,
                ),
                range(8),
                even(range(8), 10),
                size=(64, 48),
                unjudged=_NO_JUDGE,
            )


_NAMES = {
    "with a colon": "2024-01-01T12:30:05.mp4",
    "like a protocol": "concat:a|b.mp4",
    "like an address": "http:nobody.mp4",
    "with a percent sign": "100%25d %03d %s.mp4",
    "with a newline": "left\nlung.mp4",
    "with quotes": 'it\'s "left" $(lung) `a` \\b.mp4',
    "not UTF-8": "Lunge\udcfc.mp4",
    "decomposed": "Mu\u0308ller.mp4",
    "right to left": "\u202e4pm.left.mp4",
    "of 255 bytes": "a" * 251 + ".mp4",
    "of 255 bytes in Chinese": "\u80ba" * 83 + "ab.mp4",
    "like an option": "-i.mp4",
    "like another format": "clip.png",
    "without an ending": "clip",
    "of a space": " .mp4",
    "with brackets": "[0-9]*{a,b}?.mp4",
}


def _names() -> Iterator[Case]:
    for what, name in _NAMES.items():
        yield Case(
            f"name {what}, clip",
            partial(_named, name, partial(clip, form="mp4", codec="h264")),
            range(12),
        )
        yield _still(
            f"name {what}, still", partial(_named, name, partial(pictures.still, form="TIFF"))
        )


def _named(name: str, make: Make, path: Path) -> Path:
    return make(path).rename(path.with_name(name))


_FOREIGN = {
    "heic": struct.pack(">I8sI", 24, b"ftypheic", 0) + b"mif1heic",
    "heif with a general brand": struct.pack(">I8sI", 24, b"ftypmif1", 0) + b"mif1heic",
    "dicom": bytes(128) + b"DICM",
    "dicom without a preamble": struct.pack("<HHII", 8, 0, 4, 10)
    + struct.pack("<HHI", 8, 5, 10)
    + b"ISO_IR 100",
}


def _refusals() -> Iterator[Case]:
    makes: dict[str, Make] = {
        "wmv": partial(clip, form="asf", codec="wmv2"),
        "mts": partial(clip, form="mpegts", codec="h264"),
        "avchd": partial(clip, form="mpegts", codec="h264", options={"mpegts_m2ts_mode": "1"}),
        "flv": partial(clip, form="flv", codec="flv"),
        "bigtiff": partial(pictures.still, form="TIFF", options={"big_tiff": True}),
        "avif": partial(pictures.still, form="AVIF"),
    }
    makes |= {name: partial(_written, head) for name, head in _FOREIGN.items()}
    for name, make in makes.items():
        yield Case(f"refused {name}", make, refused="unsupported_type")
    for mode in ("I", "F"):
        yield Case(
            f"refused tiff of 32 bits, {mode}",
            partial(pictures.still, form="TIFF", mode=mode),
            refused="unreadable_file",
        )
    for form in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"):
        yield Case(
            f"refused {form.lower()} cut off", partial(_half, form), refused="truncated_file"
        )


def _written(head: bytes, path: Path) -> Path:
    path.write_bytes(head + bytes(400))
    return path


def _half(form: str, path: Path) -> Path:
    pictures.still(path, form, size=(320, 240))
    return odd.cut(path, path.stat().st_size // 2)
