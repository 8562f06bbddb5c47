"""A clip is what a player presents: those pictures, so lying and stretched, at those times."""

import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from models.media import limits
from models.media.formats import MediaError
from models.media.limits import LIMITS
from models.media.sources import Source, open_source
from tests.media_files import write
from tests.models.media.edit_lists import EMPTY, edited
from tests.models.media.odd_files import (
    HEIGHT,
    ORIENTATIONS,
    WIDTH,
    Picture,
    Track,
    clip,
    corners,
    level,
    muxed,
    turned_clip,
)

RATE = 10
B_FRAMES = {"bf": "3", "g": "12"}
MJPEG = {"q:v": "2"}


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A picture that carries its number in binary: eight blocks on one row, lowest bit first."""
    picture = np.full((height, width, 3), 40, dtype=np.uint8)
    for bit in range(8):
        if number >> bit & 1:
            picture[height // 4 : height // 2, bit * width // 8 : (bit + 1) * width // 8] = 220
    return picture


def number_of(picture: Picture) -> int:
    """The number that a picture carries."""
    row = picture[picture.shape[0] * 3 // 8].mean(axis=1)
    blocks = [part[len(part) // 4 : -len(part) // 4].mean() for part in np.array_split(row, 8)]
    return sum(1 << bit for bit, value in enumerate(blocks) if value > 130)


def numbered_clip(form: str = "mp4", count: int = 40, **changes: object) -> bytes:
    """A clip of `count` numbered pictures, ten a second."""
    options = {"use_editlist": "0"} if form in ("mp4", "mov") else {}
    track = Track([numbered(n) for n in range(count)], codec_options=B_FRAMES)
    return muxed(form, [replace(track, **changes)], RATE, options=options)  # type: ignore[arg-type]


def opened(folder: Path, content: bytes) -> Source:
    return open_source(write(folder, "recording", content))[1]


def refused(folder: Path, content: bytes) -> str:
    with pytest.raises(MediaError) as refusal:
        list((source := opened(folder, content)).read(range(len(source.times_s))))
    return refusal.value.code


def presented(source: Source) -> list[int]:
    """The numbers of all pictures, each of which is there and comes at its time."""
    assert source.times_s[0] == 0
    return [number_of(picture) for picture in source.read(range(len(source.times_s)))]


class TestEditLists:
    @pytest.mark.parametrize("form", ["mp4", "mov"])
    @pytest.mark.parametrize(("start", "seconds"), [(1.0, 1.0), (1.5, 2.5), (0.3, 0.4), (0, 2)])
    def test_present_a_part(self, start: float, seconds: float, form: str, tmp_path: Path) -> None:
        plain = numbered_clip(form)
        # The stream's first picture is shown two frames late, for those that are shown before it
        # was decoded.
        late = 2 / RATE
        source = opened(tmp_path, edited(plain, [(seconds, late + start)]))
        first, count = round(start * RATE), round(seconds * RATE)
        assert presented(source) == list(range(first, first + count))
        assert source.times_s == pytest.approx([n / RATE for n in range(count)])
        assert source.duration_s == pytest.approx(seconds)

    def test_present_several_parts_one_after_the_other(self, tmp_path: Path) -> None:
        plain = numbered_clip(codec_options={"bf": "0", "g": "12"})
        source = opened(tmp_path, edited(plain, [(0.5, 3.0), (0.5, 0.2), (0.3, 3.0)]))
        assert presented(source) == [30, 31, 32, 33, 34, 2, 3, 4, 5, 6, 30, 31, 32]
        assert source.times_s == pytest.approx([n / RATE for n in range(13)])

    def test_may_begin_with_nothing(self, tmp_path: Path) -> None:
        plain = numbered_clip(codec_options={"bf": "0", "g": "12"})
        source = opened(tmp_path, edited(plain, [(2.0, EMPTY), (1.0, 0.5)]))
        assert presented(source) == list(range(5, 15))
        assert source.duration_s == pytest.approx(1.0)

    def test_hide_no_loss(self, tmp_path: Path) -> None:
        plain = numbered_clip(codec_options={"bf": "0", "g": "12"})
        content = bytearray(edited(plain, [(0.5, 0.0)]))
        at = content.index(b"stsz")
        sizes = at + 16 + 4 * 20
        content[sizes : sizes + 4] = (10_000_000).to_bytes(4, "big")
        assert refused(tmp_path, bytes(content)) == "truncated_file"


class TestOrder:
    @pytest.mark.parametrize(
        ("form", "codec", "codec_options"),
        [
            ("mp4", "libx264", B_FRAMES),
            ("mov", "libx264", B_FRAMES),
            ("matroska", "libx264", B_FRAMES),
            ("avi", "libx264", B_FRAMES),
            ("avi", "mpeg4", {"bf": "2", "q:v": "2"}),
            ("webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "12", "b:v": "2M"}),
            ("webm", "libvpx-vp9", {"auto-alt-ref": "1", "lag-in-frames": "12", "cpu-used": "8"}),
        ],
    )
    def test_is_that_of_showing(
        self, form: str, codec: str, codec_options: dict[str, str], tmp_path: Path
    ) -> None:
        content = numbered_clip(form, codec=codec, codec_options=codec_options)
        source = opened(tmp_path, content)
        assert presented(source) == list(range(40))
        assert source.times_s == pytest.approx([n / RATE for n in range(40)], abs=1e-3)

    @pytest.mark.parametrize("form", ["avi", "matroska"])
    def test_begins_with_the_first_picture_that_can_be_decoded(
        self, form: str, tmp_path: Path
    ) -> None:
        content = without_first_packets(numbered_clip(form), form, 5)
        source = opened(tmp_path, content)
        numbers = presented(source)
        assert numbers == list(range(numbers[0], 40))
        assert source.times_s == pytest.approx([n / RATE for n in range(len(numbers))], abs=1e-3)


def without_first_packets(content: bytes, form: str, drop: int) -> bytes:
    """The same stream, begun between two key frames, as a capture begins when it is switched on."""
    target = io.BytesIO()
    with (
        av.open(io.BytesIO(content), "r") as source,
        av.open(target, "w", format=form) as container,
    ):
        stream = container.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            if number >= drop and packet.size:
                packet.stream = stream
                container.mux(packet)
    return target.getvalue()


class TestClocks:
    @pytest.mark.parametrize("codec", ["mpeg1video", "mpeg2video"])
    @pytest.mark.parametrize("bf", ["0", "2"])
    def test_that_restart_go_on(self, codec: str, bf: str, tmp_path: Path) -> None:
        options = {"bf": bf, "q:v": "2", "g": "12"}
        track = Track([numbered(n) for n in range(30)], codec=codec, codec_options=options)
        part = muxed("mpeg", [track], 25)
        source = opened(tmp_path, part * 3)
        assert presented(source) == [*range(30)] * 3
        assert source.times_s == pytest.approx([n / 25 for n in range(90)], abs=2e-3)

    def test_that_jump_ahead_go_on(self, tmp_path: Path) -> None:
        track = Track(
            [numbered(n) for n in range(30)], codec="mpeg2video", codec_options={"q:v": "2"}
        )
        late = muxed("mpeg", [track], 25, range(250_000, 250_030))
        source = opened(tmp_path, muxed("mpeg", [track], 25) + late)
        assert presented(source) == [*range(30)] * 2
        assert source.duration_s == pytest.approx(60 / 25, abs=2e-3)


class TestDroppedPictures:
    STAMPS = tuple(n for n in range(50) if n % 5 != 4)

    def test_in_between_leave_the_others_at_their_times(self, tmp_path: Path) -> None:
        track = Track([numbered(n) for n in self.STAMPS], "mjpeg", MJPEG, "yuvj420p")
        source = opened(tmp_path, muxed("avi", [track], RATE, self.STAMPS))
        assert presented(source) == list(self.STAMPS)
        assert source.times_s == pytest.approx([n / RATE for n in self.STAMPS])

    def test_at_the_end_are_no_loss(self, tmp_path: Path) -> None:
        track = Track([numbered(n) for n in range(20)], "mjpeg", MJPEG, "yuvj420p")
        source = opened(tmp_path, emptied(muxed("avi", [track], RATE), range(12, 20)))
        assert presented(source) == list(range(12))

    def test_are_none_where_chunks_are_missing(self, tmp_path: Path) -> None:
        track = Track([numbered(n) for n in range(20)], "mjpeg", MJPEG, "yuvj420p")
        content = bytearray(emptied(muxed("avi", [track], RATE), ()))
        at = content.index(b"strh") + 8 + 32
        content[at : at + 4] = (40).to_bytes(4, "little")  # dwLength
        assert refused(tmp_path, bytes(content)) == "truncated_file"


def emptied(avi: bytes, frames: Sequence[int]) -> bytes:
    """An AVI without its index in which those pictures' chunks are empty."""
    content = bytearray(avi[: avi.index(b"idx1")])
    content[4:8] = (len(content) - 8).to_bytes(4, "little")
    at = content.index(b"movi")
    for number in range(20):
        at = content.index(b"00dc", at)
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        if number in frames:
            content[at + 4 : at + 8] = bytes(4)
            content[at + 8 : at + 16] = b"JUNK" + (length - 8).to_bytes(4, "little")
        at += 8 + length
    return bytes(content)


class TestShape:
    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    @pytest.mark.parametrize("form", ["mp4", "mov"])
    def test_lies_as_a_player_shows_it(self, form: str, orientation: int, tmp_path: Path) -> None:
        (picture,) = opened(tmp_path, turned_clip(form, orientation)).read([0])
        (stored,) = opened(tmp_path, turned_clip(form, 1)).read([0])
        wanted = ORIENTATIONS[orientation][0](stored)
        assert picture.shape == wanted.shape
        assert (picture == wanted).all()
        assert np.abs(stored.astype(int) - corners())[4, 4].max() < 30

    @pytest.mark.parametrize(
        ("form", "codec"), [("mp4", "libx264"), ("matroska", "libx264"), ("avi", "mpeg4")]
    )
    @pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(3, 4), Fraction(2, 1)])
    def test_is_that_of_the_display_where_pixels_are_not_square(
        self, aspect: Fraction, form: str, codec: str, tmp_path: Path
    ) -> None:
        content = numbered_clip(form, 5, codec=codec, codec_options={}, pixel_aspect=aspect)
        source = opened(tmp_path, content)
        (picture,) = source.read([0])
        assert picture.shape == (HEIGHT, round(WIDTH * aspect), 3)
        assert presented(source) == list(range(5))

    @pytest.mark.parametrize(
        ("form", "codec", "pix_fmt", "options"),
        [("webm", "libvpx", "yuv420p", {"b:v": "2M"}), ("avi", "mjpeg", "yuvj420p", MJPEG)],
    )
    @pytest.mark.parametrize("later", [(160, 96), (32, 32)])
    def test_stays_that_of_the_first_picture(
        self,
        later: tuple[int, int],
        form: str,
        codec: str,
        pix_fmt: str,
        options: dict[str, str],
        tmp_path: Path,
    ) -> None:
        pictures = [numbered(n) for n in range(6)] + [numbered(n, *later) for n in range(6, 12)]
        source = opened(tmp_path, muxed(form, [Track(pictures, codec, options, pix_fmt)]))
        assert presented(source) == list(range(12))
        assert {picture.shape for picture in source.read(range(12))} == {(HEIGHT, WIDTH, 3)}

    def test_of_a_later_picture_is_held_to_the_limit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures = [numbered(n) for n in range(6)] + [numbered(6, 160, 96)]
        content = muxed("avi", [Track(pictures, "mjpeg", MJPEG, "yuvj420p")])
        monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, video_pixels=WIDTH * HEIGHT))
        assert refused(tmp_path, content) == "too_many_pixels"


class TestStream:
    MAIN = Track([numbered(n) for n in range(8)])
    THUMBNAIL = Track([numbered(200, 48, 32)], "mjpeg", MJPEG, "yuvj420p")

    @pytest.mark.parametrize("form", ["mp4", "mov", "matroska"])
    @pytest.mark.parametrize(
        "disposition", [Disposition.default, Disposition(0), Disposition.attached_pic]
    )
    def test_is_never_a_thumbnail_before_it(
        self, disposition: Disposition, form: str, tmp_path: Path
    ) -> None:
        thumbnail = replace(self.THUMBNAIL, disposition=disposition)
        source = opened(tmp_path, muxed(form, [thumbnail, self.MAIN]))
        assert presented(source) == list(range(8))

    @pytest.mark.parametrize("form", ["mp4", "matroska"])
    def test_is_the_default_one(self, form: str, tmp_path: Path) -> None:
        other = Track([numbered(n + 50) for n in range(8)], disposition=Disposition(0))
        source = opened(tmp_path, muxed(form, [other, self.MAIN]))
        assert presented(source) == list(range(8))

    def test_is_none_where_there_is_a_cover_alone(self, tmp_path: Path) -> None:
        cover = replace(self.THUMBNAIL, disposition=Disposition.attached_pic)
        assert refused(tmp_path, muxed("mp4", [cover])) == "no_frames"


class TestBits:
    @pytest.mark.parametrize(
        ("bits", "pix_fmt"),
        [(10, "gray16le"), (12, "gray16le"), (14, "gray16le"), (16, "gray16le"), (12, "rgb48le")],
    )
    def test_that_are_used_are_what_is_shown(self, bits: int, pix_fmt: str, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(0, 2**bits - 1, WIDTH).astype(np.uint16), (HEIGHT, 1))
        dark = ramp // 8
        deep = (
            [dark, ramp, dark]
            if pix_fmt == "gray16le"
            else [np.dstack([p] * 3) for p in (dark, ramp, dark)]
        )
        track = Track(deep, "ffv1", {}, pix_fmt)  # type: ignore[arg-type]
        pictures = list(opened(tmp_path, muxed("matroska", [track])).read([0, 1, 2]))
        for picture, values in zip(pictures, (dark, ramp, dark), strict=True):
            assert np.abs(picture - (values >> (bits - 8))[:, :, None].astype(int)).max() <= 1


def test_levels_are_those_of_the_pictures(tmp_path: Path) -> None:
    (picture,) = opened(tmp_path, clip(frames=3)).read([1])
    assert picture.mean() == pytest.approx(level(1), abs=4)
