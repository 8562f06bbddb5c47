"""Pictures come out of every format as they were put in, upright; what breaks a limit does not."""

import errno
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from models.media.formats import MediaError
from models.media.sources import Source, open_source
from tests.media_files import (
    write,
)
from tests.models.media.odd_files import (
    CORNERS,
    HEIGHT,
    WIDTH,
    animation,
    clip,
    coloured_clip,
    corners,
    half_transparent,
    level,
    packed,
    turned_clip,
    turned_still,
)


def opened(folder: Path, content: bytes) -> Source:
    return open_source(write(folder, "recording", content))[1]


def refused(folder: Path, content: bytes) -> str:
    """The code with which a file is refused, at the latest when its first picture is read."""
    with pytest.raises(MediaError) as refusal:
        next(opened(folder, content).read([0]))
    assert refusal.value.message.endswith(".")
    return refusal.value.code


def numbers(source: Source) -> list[int]:
    """Which frame of a clip each picture is, all pictures read one after the other."""
    found = []
    for place, picture in enumerate(source.read(range(len(source.times_s)))):
        assert picture.shape == (HEIGHT, WIDTH, 3)
        assert picture.dtype == np.uint8
        near = (place - 1, place, place + 1)
        found.append(min(near, key=lambda n: abs(level(n) - int(picture.mean()))))
        assert abs(level(found[-1]) - int(picture.mean())) < 6
    return found


STILLS: dict[str, tuple[Callable[[], bytes], int]] = {
    # what it is: content, most that a colour may be off
    "PNG": (lambda: packed(Image.fromarray(corners()), "PNG"), 0),
    "BMP": (lambda: packed(Image.fromarray(corners()), "BMP"), 0),
    "TIFF": (lambda: packed(Image.fromarray(corners()), "TIFF"), 0),
    "TIFF, packed": (
        lambda: packed(Image.fromarray(corners()), "TIFF", compression="tiff_lzw"),
        0,
    ),
    "GIF": (lambda: packed(Image.fromarray(corners()), "GIF"), 0),
    "PNG, palette": (lambda: packed(Image.fromarray(corners()).quantize(8), "PNG"), 0),
    "WebP": (lambda: packed(Image.fromarray(corners()), "WEBP", quality=95), 6),
    "JPEG": (lambda: packed(Image.fromarray(corners()), "JPEG", quality=95), 6),
    "JPEG, CMYK": (
        lambda: packed(Image.fromarray(corners()).convert("CMYK"), "JPEG", quality=95),
        6,
    ),
}


@pytest.mark.parametrize("name", STILLS)
def test_a_still_is_one_picture_in_its_colours(name: str, tmp_path: Path) -> None:
    make, tolerance = STILLS[name]
    source = opened(tmp_path, make())
    assert (list(source.times_s), source.duration_s) == ([0.0], None)
    (picture,) = source.read([0])
    assert picture.dtype == np.uint8
    assert picture.shape == (HEIGHT, WIDTH, 3)
    difference = np.abs(picture.astype(int) - corners())
    # Lossy formats bleed where two colours meet.
    difference[HEIGHT // 2 - 8 : HEIGHT // 2 + 8] = 0
    difference[:, WIDTH // 2 - 8 : WIDTH // 2 + 8] = 0
    assert difference.max() <= tolerance


CLIPS: dict[str, tuple[Callable[[], bytes], int]] = {
    # what it is: content, frames
    "MP4, H.264": (lambda: clip(frames=15), 15),
    "MP4, MPEG-4": (lambda: clip(codec="mpeg4", frames=15), 15),
    "MP4, MPEG-4 with B frames": (
        lambda: clip(codec="mpeg4", frames=15, codec_options={"bf": "2"}),
        15,
    ),
    "MP4, H.265": (
        lambda: clip(codec="libx265", frames=8, codec_options={"x265-params": "log-level=none"}),
        8,
    ),
    "MP4, fragmented": (
        lambda: clip(frames=15, options={"movflags": "frag_keyframe+empty_moov"}),
        15,
    ),
    "MP4, index first": (lambda: clip(frames=15, options={"movflags": "faststart"}), 15),
    "3GP": (lambda: clip("3gp", "mpeg4", frames=15), 15),
    "MOV": (lambda: clip("mov", frames=15), 15),
    "MOV, pictures": (lambda: clip("mov", "mjpeg", frames=15), 15),
    "AVI, MPEG-4": (lambda: clip("avi", "mpeg4", frames=15), 15),
    "AVI, MPEG-4 with B frames": (
        lambda: clip("avi", "mpeg4", frames=15, codec_options={"bf": "2"}),
        15,
    ),
    "AVI, pictures": (lambda: clip("avi", "mjpeg", frames=15), 15),
    "AVI, H.264 with counted stamps": (lambda: clip("avi", "libx264", frames=25), 25),
    "MPEG-1": (lambda: clip("mpeg", "mpeg1video", frames=15, rate=25), 15),
    "MPEG-2": (lambda: clip("mpeg", "mpeg2video", frames=15, rate=25), 15),
    "WebM, VP8": (lambda: clip("webm", "libvpx", frames=15), 15),
    "WebM, VP9": (lambda: clip("webm", "libvpx-vp9", frames=15), 15),
    "WebM without a duration": (
        lambda: clip("webm", "libvpx", frames=15, options={"live": "1"}),
        15,
    ),
    "GIF": (lambda: animation("GIF", [100] * 15), 15),
    "WebP": (lambda: animation("WEBP", [100] * 15), 15),
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_all_its_pictures_in_order(name: str, tmp_path: Path) -> None:
    make, frames = CLIPS[name]
    source = opened(tmp_path, make())
    assert numbers(source) == list(range(frames))
    assert source.times_s[0] == 0
    assert sorted(set(source.times_s)) == list(source.times_s)


@pytest.mark.parametrize(
    ("form", "codec"),
    [("mp4", "libx264"), ("avi", "mjpeg"), ("mpeg", "mpeg2video"), ("webm", "libvpx")],
)
def test_a_clip_keeps_its_colours(form: str, codec: str, tmp_path: Path) -> None:
    picture = next(opened(tmp_path, coloured_clip(form, codec)).read([0]))
    for colour, at in (("red", (4, 4)), ("green", (4, -5)), ("blue", (-5, 4))):
        assert picture[at].argmax() == list(CORNERS).index(colour)
        assert np.abs(picture[at].astype(int) - CORNERS[colour]).max() < 30


class TestTimes:
    @pytest.mark.parametrize("rate", [2, 10, 39, Fraction(30_000, 1001)])
    @pytest.mark.parametrize(
        ("form", "codec"), [("mp4", "libx264"), ("avi", "mjpeg"), ("webm", "libvpx")]
    )
    def test_are_those_of_the_rate(
        self, form: str, codec: str, rate: Fraction, tmp_path: Path
    ) -> None:
        source = opened(tmp_path, clip(form, codec, frames=12, rate=rate))
        assert source.times_s == pytest.approx([n / float(rate) for n in range(12)], abs=6e-4)
        assert source.duration_s == pytest.approx(12 / rate, abs=2e-3)

    @pytest.mark.parametrize(("form", "codec"), [("mp4", "libx264"), ("webm", "libvpx")])
    def test_follow_a_rate_that_varies(self, form: str, codec: str, tmp_path: Path) -> None:
        times_ms = [0, 40, 80, 500, 510, 1500, 3000, 3010, 7000]
        source = opened(tmp_path, clip(form, codec, times_ms=times_ms))
        assert source.times_s == pytest.approx([t / 1000 for t in times_ms])
        assert numbers(source) == list(range(9))

    @pytest.mark.parametrize("form", ["GIF", "WEBP"])
    def test_follow_the_durations_of_an_animation(self, form: str, tmp_path: Path) -> None:
        source = opened(tmp_path, animation(form, [500, 100, 40, 2000, 60]))
        assert source.times_s == pytest.approx([0, 0.5, 0.6, 0.64, 2.64])
        assert source.duration_s == pytest.approx(2.7, abs=0.3)

    @pytest.mark.parametrize("form", ["GIF", "WEBP"])
    def test_of_an_animation_that_gives_none_are_as_browsers_show_it(
        self, form: str, tmp_path: Path
    ) -> None:
        source = opened(tmp_path, animation(form, [0] * 4))
        assert source.times_s == pytest.approx([0, 0.1, 0.2, 0.3])

    def test_begin_at_nought_wherever_the_file_begins(self, tmp_path: Path) -> None:
        source = opened(tmp_path, clip(times_ms=[5000, 5040, 6500]))
        assert source.times_s == pytest.approx([0, 0.04, 1.5])
        assert numbers(source) == [0, 1, 2]

    def test_are_counted_at_25_a_second_where_nothing_is_said(self, tmp_path: Path) -> None:
        # A bare MPEG-2 stream under the header of a program stream is one without any stamps.
        source = opened(tmp_path, clip("mpeg2video", "mpeg2video", frames=9, rate=25))
        assert source.times_s == pytest.approx([n / 25 for n in range(9)])
        assert numbers(source) == list(range(9))


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "mpeg4"),
        ("avi", "mjpeg"),
        ("mpeg", "mpeg2video"),
        ("webm", "libvpx"),
    ],
)
def test_a_video_of_one_frame_is_a_video(form: str, codec: str, tmp_path: Path) -> None:
    source = opened(tmp_path, clip(form, codec, frames=1, rate=25))
    assert numbers(source) == [0]
    assert source.duration_s is not None


class TestUpright:
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
    def test_a_picture_is_turned_as_its_exif_says(self, form: str, tmp_path: Path) -> None:
        self.check(next(opened(tmp_path, turned_still(form)).read([0])))

    @pytest.mark.parametrize("form", ["mp4", "mov"])
    def test_a_video_is_turned_as_its_header_says(self, form: str, tmp_path: Path) -> None:
        self.check(next(opened(tmp_path, turned_clip(form)).read([0])))

    @staticmethod
    def check(picture: np.ndarray) -> None:
        assert picture.shape == (WIDTH, HEIGHT, 3)
        assert picture[-5, 4].max() < 60
        for colour, at in (("blue", (4, 4)), ("red", (4, -5)), ("green", (-5, -5))):
            assert picture[at].argmax() == list(CORNERS).index(colour), colour


class TestTransparentParts:
    @pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "GIF"])
    def test_of_a_picture_are_black(self, form: str, tmp_path: Path) -> None:
        lossless = {"lossless": True} if form == "WEBP" else {}
        picture = next(opened(tmp_path, packed(half_transparent(), form, **lossless)).read([0]))
        assert (picture[:, : WIDTH // 2] == 0).all()
        assert (picture[:, WIDTH // 2 :] == level(0)).all()

    def test_of_a_palette_are_black(self, tmp_path: Path) -> None:
        palette = Image.fromarray(corners()).quantize(4)
        content = packed(palette, "PNG", transparency=palette.getpixel((0, 0)))
        (picture,) = opened(tmp_path, content).read([0])
        assert picture[: HEIGHT // 2, : WIDTH // 2].max() == 0
        assert (picture[4, -4] == CORNERS["green"]).all()

    def test_of_an_animation_are_black(self, tmp_path: Path) -> None:
        for form in ("GIF", "WEBP"):
            lossless = {"lossless": True} if form == "WEBP" else {}
            content = packed(
                half_transparent(0),
                form,
                save_all=True,
                append_images=[half_transparent(1)],
                duration=500,
                **lossless,
            )
            pictures = list(opened(tmp_path, content).read([0, 1]))
            assert [int(p[:, : WIDTH // 2].max()) for p in pictures] == [0, 0], form
            assert [int(p[0, -1, 0]) for p in pictures] == [level(0), level(1)], form


class TestDeepPictures:
    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_of_16_bits_keep_their_upper_8(self, form: str, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(0, 65_535, WIDTH).astype(np.uint16), (HEIGHT, 1))
        picture = next(opened(tmp_path, packed(Image.fromarray(ramp), form)).read([0]))
        assert (picture == (ramp >> 8)[:, :, None]).all()

    def test_of_16_bits_with_the_big_end_first_too(self, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(0, 65_535, WIDTH).astype(">u2"), (HEIGHT, 1))
        image_ = Image.frombytes("I;16B", (WIDTH, HEIGHT), ramp.tobytes())
        picture = next(opened(tmp_path, packed(image_, "TIFF")).read([0]))
        assert (picture == (ramp >> 8)[:, :, None]).all()

    @pytest.mark.parametrize("kind", [np.int32, np.float32])
    def test_of_32_bits_are_refused(self, kind: type, tmp_path: Path) -> None:
        deep = Image.fromarray(np.full((HEIGHT, WIDTH), 1000, dtype=kind))
        assert refused(tmp_path, packed(deep, "TIFF")) == "unreadable_file"

    def test_of_one_bit_are_black_and_white(self, tmp_path: Path) -> None:
        lines = Image.fromarray(corners()).convert("1", dither=Image.Dither.NONE)
        picture = next(opened(tmp_path, packed(lines, "PNG")).read([0]))
        assert set(np.unique(picture)) <= {0, 255}


class StoppedError(Exception):
    """What a worker is told to stop with."""


class TestErrors:
    """Whatever a library raises over a file is a refusal of that file, and keeps its cause."""

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("bad"),
            KeyError("bad"),
            IndexError(),
            AssertionError("av_assert"),
            MemoryError(),
            OverflowError(),
            NotImplementedError(),
            SyntaxError("not a TIFF"),
            OSError("decoder error -2"),
            EOFError(),
            UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
            struct.error("unpack"),
            zlib.error("bad"),
            cv2.error("assertion failed"),
            av.InvalidDataError(1, "bad"),
            RuntimeWarning("odd"),
        ],
        ids=lambda error: type(error).__name__,
    )
    @pytest.mark.parametrize("make", [clip, lambda: packed(Image.fromarray(corners()), "PNG")])
    @pytest.mark.parametrize("when", ["opened", "read"])
    def test_are_named(
        self,
        when: str,
        make: Callable[[], bytes],
        error: Exception,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        content = make()
        whole = opened(tmp_path, content)

        def broken(*_: object, **__: object) -> None:
            raise error

        for module in (av, Image):
            monkeypatch.setattr(module, "open", broken)
        with pytest.raises(MediaError) as refusal:
            opened(tmp_path, content) if when == "opened" else list(whole.read([0]))
        assert refusal.value.__cause__ is error
        assert refusal.value.code in {"unreadable_file", "truncated_file"}

    @pytest.mark.parametrize(
        "error", [StoppedError(), KeyboardInterrupt(), OSError(errno.EIO, "the disk is broken")]
    )
    def test_of_the_system_are_not(
        self, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = opened(tmp_path, clip())

        def broken(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(av, "open", broken)
        with pytest.raises(type(error)):
            list(whole.read([0]))
