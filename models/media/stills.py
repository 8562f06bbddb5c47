"""Stills and animations, upright, 8-bit, on black; read with Pillow, except for animated PNG.

Pillow is given an open file, never a path: by path it memory-maps an uncompressed TIFF with the
width and height of the rotated picture, so that Orientation 5 to 8 came out as stripes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import av
import numpy as np
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin

from models.media import limits
from models.media.acquisition import Acquisition
from models.media.depth import Pixels16, bits_used, to_eight_bits
from models.media.formats import Format, MediaError, truncated
from models.media.limits import check_length, check_size
from models.media.origin import notes_of_still
from models.media.square import Picture

_REDUCED_OR_MASK = 0b101
"""Bits of NewSubfileType: a smaller copy of another page, or the mask of one (TIFF 6.0)."""

_OLD_REDUCED = 2
_WHITE_IS_ZERO = 0
_UNCOMPRESSED, _PLANES_APART, _SIGNED = 1, 2, 2
_BYTE = 8
_DNG_VERSION = 50706
_RAW = {32803, 34892}
"""PhotometricInterpretation of raw sensor data: a colour filter array, or linear raw."""

_MAX_PAGES = 1000
_TOO_DARK = 64
"""A 16-bit picture whose upper 8 bits stay below this uses at most 14 bits."""


class Still:
    """A still: one frame, no duration."""

    times_s: Sequence[float] = (0.0,)
    duration_s: float | None = None

    def __init__(self, path: Path, file_format: Format) -> None:
        self._path = path
        self._form = file_format
        self._page = 0
        with _open_image(path, file_format) as image:
            check_size(*image.size, limits.LIMITS.image_pixels)
            self.acquisition = Acquisition(notes=notes_of_still(image))
            if isinstance(image, TiffImagePlugin.TiffImageFile):
                self._page = _find_page(image)
                image.seek(self._page)
                check_size(*image.size, limits.LIMITS.image_pixels)

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The picture, once for each index."""
        with _open_image(self._path, self._form) as image:
            if self._page:
                image.seek(self._page)
            picture = _rgb(image)
        for _ in indices:
            yield picture


class Animation:
    """An animated WebP or PNG."""

    acquisition = Acquisition()

    def __init__(self, path: Path, file_format: Format, durations_ms: Sequence[float]) -> None:
        self._path = path
        self._form = file_format
        starts = [0.0]
        for duration in durations_ms:
            starts.append(starts[-1] + duration / 1000)
        self.times_s: Sequence[float] = starts[:-1]
        self.duration_s: float | None = starts[-1]
        with _open_image(path, file_format) as image:
            check_size(*image.size, limits.LIMITS.video_pixels)
            frames = int(getattr(image, "n_frames", 1))
            # An APNG may have a default image that is not part of the animation.
            frames -= int(bool(getattr(image, "default_image", False)))
            if _is_deep(image):
                raise _too_deep("An animation")
        check_length(self.times_s, starts[-1])
        if frames != len(self.times_s):
            raise truncated()

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The pictures at these indices."""
        with _open_image(self._path, self._form) as image:
            if self._form.name == "png":
                orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
                yield from _read_apng(self._path, indices, orientation)
                return
            for index in indices:
                image.seek(index)
                yield _rgb(image)


def _read_apng(path: Path, indices: Sequence[int], orientation: int) -> Iterator[Picture]:
    """Frames of an animated PNG, on black, upright by this EXIF orientation.

    Read with FFmpeg, since Pillow (13.0) restores the wrong background after a frame that is
    disposed of to the previous one.
    """
    with av.open(
        f"file:{path}", format="apng", options={"protocol_whitelist": "file"}
    ) as container:
        remaining = iter(indices)
        index = next(remaining, None)
        for number, frame in enumerate(container.decode(video=0)):
            while index is not None and index <= number:
                rgba = frame.to_ndarray(format="rgba").astype(np.uint16)
                stored = Image.fromarray((rgba[:, :, :3] * rgba[:, :, 3:] // 255).astype(np.uint8))
                stored.getexif()[ExifTags.Base.Orientation] = orientation
                yield np.array(ImageOps.exif_transpose(stored), dtype=np.uint8)
                index = next(remaining, None)
            if index is None:
                return


@contextmanager
def _open_image(path: Path, file_format: Format) -> Iterator[Image.Image]:
    with path.open("rb") as file, Image.open(file, formats=[file_format.name.upper()]) as image:
        yield image


def _find_page(image: TiffImagePlugin.TiffImageFile) -> int:
    """The index of the page that is the picture, rather than a thumbnail or a mask.

    Raises:
        MediaError: `unsupported_type` if there are several, or if it is raw sensor data.
    """
    pages: list[int] = []
    for page in range(_MAX_PAGES):
        try:
            image.seek(page)
        except EOFError:
            break
        tags = image.tag_v2
        if _DNG_VERSION in tags or tags.get(ExifTags.Base.PhotometricInterpretation) in _RAW:
            raise MediaError(
                "unsupported_type",
                "This is a camera's raw file (DNG or another raw format). "
                "Export it as JPEG or PNG.",
            )
        kind = int(tags.get(ExifTags.Base.NewSubfileType, 0))
        if not kind & _REDUCED_OR_MASK and (tags.get(ExifTags.Base.SubfileType) != _OLD_REDUCED):
            pages.append(page)
    if len(pages) > 1:
        count = f"{len(pages)}" if pages[-1] < _MAX_PAGES - 1 else f"more than {len(pages) - 1}"
        raise MediaError(
            "unsupported_type",
            f"This TIFF is a stack of {count} pictures without times. "
            "Export it as a video (MP4 or AVI), or each picture as a file of its own.",
        )
    return pages[0] if pages else 0


def _rgb(image: Image.Image) -> Picture:
    """Upright 8-bit RGB; transparent parts become black, the background of ultrasound."""
    if _is_misread_by_pillow(image):
        raise MediaError(
            "unreadable_file",
            "This TIFF uses a rare encoding (signed values, or 16 bits in separate colour planes) "
            "that cannot be read here. Export it as PNG, or as a TIFF with 8 bits.",
        )
    if image.mode in ("I", "F"):
        raise _too_deep("The picture")
    deep = _is_deep(image)
    inverted = (
        isinstance(image, TiffImagePlugin.TiffImageFile)
        and image.tag_v2.get(ExifTags.Base.PhotometricInterpretation) == _WHITE_IS_ZERO
    )
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        values = cast("Pixels16", np.array(image, dtype=np.uint16))
        values[values == image.info.get("transparency", -1)] = 0
        grey = to_eight_bits(values, bits_used(int(values.max())))
        # Pillow inverts white-is-zero up to 8 bits, but not in 16.
        return np.repeat((255 - grey if inverted else grey)[:, :, None], 3, axis=2)
    if deep and isinstance(image.info.get("transparency"), tuple):
        # Pillow (13.0) compares the 16-bit transparent colour with 8-bit values.
        raise MediaError(
            "unreadable_file",
            "The picture has 16 bits for each colour and a transparent colour, which cannot be "
            "read here. Export it with 8 bits.",
        )
    if image.has_transparency_data:
        background = Image.new("RGBA", image.size, "black")
        image = Image.alpha_composite(background, image.convert("RGBA"))
    picture = np.array(image.convert("RGB"), dtype=np.uint8)
    # Pillow keeps the upper 8 of 16 bits, which loses most of a picture that uses only 12.
    if deep and picture.max() < _TOO_DARK:
        raise MediaError(
            "unreadable_file",
            "The picture has 16 bits for each colour and uses only some of them, so it would be "
            "nearly black. Export it in grey, or with 8 bits.",
        )
    return picture


def _is_misread_by_pillow(image: Image.Image) -> bool:
    """Whether Pillow (13.0) reads a TIFF wrongly.

    It reads signed 8-bit values as unsigned, and uncompressed 16-bit separate planes as bytes.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    tags = image.tag_v2
    deepest = max(tags.get(ExifTags.Base.BitsPerSample, (1,)))
    separate_planes = tags.get(ExifTags.Base.PlanarConfiguration) == _PLANES_APART
    raw = tags.get(ExifTags.Base.Compression, _UNCOMPRESSED) == _UNCOMPRESSED
    signed = _SIGNED in tags.get(ExifTags.Base.SampleFormat, ())
    return (signed and deepest <= _BYTE) or (separate_planes and raw and deepest > _BYTE)


def _is_deep(image: Image.Image) -> bool:
    """Whether the file has 16 bits per value, whatever mode Pillow converts it to."""
    return any(";16" in str(tile.args) for tile in getattr(image, "tile", ()))


def _too_deep(what: str) -> MediaError:
    return MediaError(
        "unreadable_file",
        f"{what} has more bits per pixel than can be read here, and its white level is unknown. "
        "Export it with 8 bits, or a single grey picture with 16.",
    )
