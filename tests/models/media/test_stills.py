"""What Pillow reads: upright however it lies, all of an animation, all bits that are used."""

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from models.media.formats import MediaError
from models.media.sources import Source, open_source
from tests.media_files import write
from tests.models.media.odd_files import (
    CORNERS,
    HEIGHT,
    ORIENTATION,
    ORIENTATIONS,
    WIDTH,
    animation,
    corners,
    flat,
    half_transparent,
    level,
    packed,
    turned_still,
)

TIFFS = [
    (mode, compression)
    for mode in ("L", "RGB", "RGBA", "P", "1", "CMYK", "I;16")
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    if compression != "jpeg" or mode in ("L", "RGB")
]


def opened(folder: Path, content: bytes) -> Source:
    return open_source(write(folder, "recording", content))[1]


def picture_of(folder: Path, content: bytes) -> np.ndarray:
    (picture,) = opened(folder, content).read([0])
    return picture


def refusal_of(folder: Path, content: bytes) -> MediaError:
    with pytest.raises(MediaError) as refusal:
        next(opened(folder, content).read([0]))
    return refusal.value


def turned_tiff(image: Image.Image, orientation: int, compression: str | None) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[ORIENTATION] = orientation
    return packed(image, "TIFF", tiffinfo=tags, compression=compression)


class TestOrientation:
    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
    def test_of_exif_is_followed(self, form: str, orientation: int, tmp_path: Path) -> None:
        lossless = {"lossless": True} if form == "WEBP" else {}
        best = {"quality": 100, "subsampling": 0} if form == "JPEG" else lossless
        picture = picture_of(tmp_path, turned_still(form, orientation, **best))
        wanted = ORIENTATIONS[orientation][0](corners())
        assert picture.shape == wanted.shape
        assert np.abs(picture.astype(int) - wanted).max() <= (6 if form == "JPEG" else 0)

    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    @pytest.mark.parametrize(("mode", "compression"), TIFFS)
    def test_of_a_tiff_is_followed_at_every_compression(
        self, mode: str, compression: str | None, orientation: int, tmp_path: Path
    ) -> None:
        grey = corners()[:, :, 0]
        image = (
            Image.fromarray(grey.astype(np.uint16) * 257)
            if mode == "I;16"
            else Image.fromarray(corners()).convert(mode)
        )
        picture = picture_of(tmp_path, turned_tiff(image, orientation, compression))
        upright = picture_of(tmp_path, turned_tiff(image, 1, compression))
        wanted = ORIENTATIONS[orientation][0](upright)
        assert picture.shape == wanted.shape
        assert (picture == wanted).all()

    def test_of_an_animated_webp_is_followed(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        first, second = Image.fromarray(corners()), Image.fromarray(flat(1))
        content = packed(
            first, "WEBP", exif=exif, save_all=True, append_images=[second], lossless=True
        )
        pictures = list(opened(tmp_path, content).read([0, 1]))
        assert (pictures[0] == ORIENTATIONS[6][0](corners())).all()
        assert pictures[1].shape == (WIDTH, HEIGHT, 3)


class TestAnimatedPng:
    def test_is_all_its_pictures_at_their_times(self, tmp_path: Path) -> None:
        source = opened(tmp_path, animation("PNG", [500, 100, 40, 2000, 60]))
        assert source.times_s == pytest.approx([0, 0.5, 0.6, 0.64, 2.64])
        assert source.duration_s == pytest.approx(2.7)
        means = [int(picture.mean()) for picture in source.read(range(5))]
        assert means == [level(n) for n in range(5)]

    def test_leaves_out_the_picture_for_those_who_show_none(self, tmp_path: Path) -> None:
        default, *frames = [Image.fromarray(flat(n)) for n in range(4)]
        content = packed(
            default, "PNG", save_all=True, append_images=frames, default_image=True, duration=100
        )
        source = opened(tmp_path, content)
        assert source.times_s == pytest.approx([0, 0.1, 0.2])
        assert [int(p.mean()) for p in source.read([0, 1, 2])] == [level(n) for n in (1, 2, 3)]

    def test_without_durations_is_shown_as_browsers_do(self, tmp_path: Path) -> None:
        source = opened(tmp_path, animation("PNG", [0] * 3))
        assert source.times_s == pytest.approx([0, 0.1, 0.2])

    def test_is_shown_on_black(self, tmp_path: Path) -> None:
        content = packed(
            half_transparent(0), "PNG", save_all=True, append_images=[half_transparent(1)]
        )
        for picture in opened(tmp_path, content).read([0, 1]):
            assert (picture[:, : WIDTH // 2] == 0).all()

    def test_of_one_picture_is_a_still(self, tmp_path: Path) -> None:
        source = opened(tmp_path, packed(Image.fromarray(corners()), "PNG"))
        assert (list(source.times_s), source.duration_s) == ([0.0], None)

    @pytest.mark.parametrize("keep", [0.5, 0.8, 0.97])
    def test_that_was_cut_is_refused(self, keep: float, tmp_path: Path) -> None:
        noise = [
            Image.fromarray(np.random.default_rng(n).integers(0, 255, (64, 64), dtype=np.uint8))
            for n in range(4)
        ]
        content = packed(noise[0], "PNG", save_all=True, append_images=noise[1:], duration=100)
        cut = content[: int(keep * len(content))]
        assert refusal_of(tmp_path, cut).code == "truncated_file"


def tiff_pages(*kinds: int) -> bytes:
    """A TIFF of one page for each NewSubfileType; a reduced page is smaller."""
    pages = []
    for number, kind in enumerate(kinds):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[254] = kind
        side = 32 if kind & 1 else 64
        page = Image.fromarray(flat(number, side, side))
        page.encoderinfo = {"tiffinfo": tags}
        pages.append(page)
    file = io.BytesIO()
    pages[0].save(
        file,
        "TIFF",
        save_all=True,
        append_images=pages[1:],
        tiffinfo=pages[0].encoderinfo["tiffinfo"],
    )
    return file.getvalue()


class TestTiffPages:
    def test_of_a_stack_are_refused_with_their_number(self, tmp_path: Path) -> None:
        error = refusal_of(tmp_path, tiff_pages(*[0] * 12))
        assert error.code == "unsupported_type"
        assert "12 pictures" in error.message

    def test_that_say_so_themselves_are_a_stack_too(self, tmp_path: Path) -> None:
        assert "3 pictures" in refusal_of(tmp_path, tiff_pages(2, 2, 2)).message

    @pytest.mark.parametrize(("kinds", "shown"), [((0, 1, 4), 0), ((1, 0), 1), ((0, 1, 1, 5), 0)])
    def test_that_are_thumbnails_or_masks_are_no_frames(
        self, kinds: tuple[int, ...], shown: int, tmp_path: Path
    ) -> None:
        picture = picture_of(tmp_path, tiff_pages(*kinds))
        assert picture.shape == (64, 64, 3)
        assert (picture == level(shown)).all()

    def test_of_a_raw_file_are_refused_by_that_name(self, tmp_path: Path) -> None:
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[50706] = bytes([1, 4, 0, 0])
        content = packed(Image.fromarray(corners()), "TIFF", tiffinfo=tags)
        assert "DNG" in refusal_of(tmp_path, content).message


class TestBits:
    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    @pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
    def test_that_are_used_are_what_is_shown(self, bits: int, form: str, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(0, 2**bits - 1, WIDTH).astype(np.uint16), (HEIGHT, 1))
        picture = picture_of(tmp_path, packed(Image.fromarray(ramp), form))
        assert (picture == (ramp >> (bits - 8))[:, :, None]).all()

    @pytest.mark.parametrize("orientation", [1, 6])
    @pytest.mark.parametrize("bits", [12, 16])
    def test_where_nought_is_white_are_turned_over(
        self, bits: int, orientation: int, tmp_path: Path
    ) -> None:
        ramp = np.tile(np.linspace(0, 2**bits - 1, WIDTH).astype(np.uint16), (HEIGHT, 1))
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[ORIENTATION] = orientation
        content = bytearray(packed(Image.fromarray(ramp), "TIFF", tiffinfo=tags))
        entry = struct.pack("<HHI", 262, 3, 1)
        at = content.index(entry) + len(entry)
        content[at : at + 2] = bytes(2)  # PhotometricInterpretation: WhiteIsZero
        picture = picture_of(tmp_path, bytes(content))
        wanted = ORIENTATIONS[orientation][0]((255 - (ramp >> (bits - 8))).astype(np.uint8))
        assert (picture == wanted[:, :, None]).all()

    def test_of_16_in_colour_are_read(self, tmp_path: Path) -> None:
        content = deep_colours(65_535)
        assert picture_of(tmp_path, content).max() == 255

    def test_of_12_in_16_in_colour_are_refused(self, tmp_path: Path) -> None:
        error = refusal_of(tmp_path, deep_colours(4095))
        assert error.code == "unreadable_file"
        assert "8 bits" in error.message


def deep_colours(white: int) -> bytes:
    """A PNG of 16 bits for each of three colours; Pillow writes none."""
    ramp = np.tile(np.linspace(0, white, WIDTH).astype(np.uint16), (HEIGHT, 1))
    done, data = cv2.imencode(".png", np.dstack([ramp, ramp // 2, ramp]))
    assert done
    return data.tobytes()


def test_of_a_file_of_several_photographs_the_first_is_shown(tmp_path: Path) -> None:
    first, second = Image.fromarray(corners()), Image.fromarray(flat(1))
    content = packed(first, "MPO", save_all=True, append_images=[second], quality=95)
    picture = picture_of(tmp_path, content)
    assert picture[4, 4].argmax() == list(CORNERS).index("red")


class TestAColourThatIsTransparent:
    @pytest.mark.parametrize(("bits", "value"), [(8, 77), (16, 12345)])
    def test_becomes_black_in_grey(self, bits: int, value: int, tmp_path: Path) -> None:
        values = np.full((40, 50), (1 << bits) - 1, dtype=f">u{bits // 8}")
        values[:20] = value
        picture = picture_of(tmp_path, png_with_key(values, bits, colour_type=0, key=[value]))
        assert (picture[:20] == 0).all()
        assert (picture[20:] == 255).all()

    def test_is_refused_by_name_in_16_bits_of_each_colour(self, tmp_path: Path) -> None:
        values = np.full((40, 50, 3), 65535, dtype=">u2")
        values[:20] = key = (12345, 23456, 34567)
        refusal = refusal_of(tmp_path, png_with_key(values, 16, colour_type=2, key=key))
        assert refusal.code == "unreadable_file"
        assert "transparent colour" in refusal.message


def png_with_key(values: np.ndarray, bits: int, *, colour_type: int, key: Sequence[int]) -> bytes:
    """A PNG written by hand, one colour of which is transparent (tRNS)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(f">{len(key)}H", *key))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
