"""What breaks a limit, or is damaged, is refused with its code before it costs anything."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.media import limits
from models.media.formats import MediaError
from models.media.limits import LIMITS
from models.media.sources import Source, open_source
from tests.media_files import (
    gif,
    huge_png,
    huge_still,
    image,
    truncated,
    undecodable_video,
    video,
    video_without_duration,
    write,
)
from tests.models.media.odd_files import HEIGHT, WIDTH, animation, audio, clip, level


def opened(folder: Path, content: bytes) -> Source:
    return open_source(write(folder, "recording", content))[1]


def refused(folder: Path, content: bytes) -> str:
    """The code with which a file is refused, at the latest when its first picture is read."""
    with pytest.raises(MediaError) as refusal:
        next(opened(folder, content).read([0]))
    assert refusal.value.message.endswith(".")
    return refusal.value.code


class TestLimits:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: huge_png(40_000, 40_000),
            lambda: huge_png(7_100, 7_100),
            lambda: huge_still("GIF", 4_000),
            lambda: huge_still("WEBP", 7_100),
            lambda: huge_still("JPEG", 7_100),
            lambda: clip(frames=1, width=4096, height=2304, codec_options={"preset": "ultrafast"}),
        ],
        ids=["PNG, gigapixels", "PNG", "GIF", "WebP", "JPEG", "MP4"],
    )
    def test_too_many_pixels(self, make: Callable[[], bytes], tmp_path: Path) -> None:
        assert refused(tmp_path, make()) == "too_many_pixels"

    def test_too_many_pixels_in_an_animated_webp(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, video_pixels=WIDTH * HEIGHT - 1))
        assert refused(tmp_path, animation("WEBP", [100] * 2)) == "too_many_pixels"

    @pytest.mark.parametrize(
        "make",
        [
            lambda: image(width=1, height=1),
            lambda: image("GIF", 31, 64),
            lambda: image("JPEG", 64, 31),
            lambda: gif(3, 31, 64),
        ],
        ids=["PNG", "GIF", "JPEG", "animated GIF"],
    )
    def test_too_small(self, make: Callable[[], bytes], tmp_path: Path) -> None:
        assert refused(tmp_path, make()) == "too_small"

    def test_the_smallest_picture_is_read(self, tmp_path: Path) -> None:
        (picture,) = opened(tmp_path, image(width=32, height=32)).read([0])
        assert picture.shape == (32, 32, 3)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: clip(times_ms=range(0, 10_800_001, 1_200_000)),
            lambda: clip("webm", "libvpx", times_ms=range(0, 10_800_001, 1_200_000)),
            lambda: animation("GIF", [600_000] * 18),
            lambda: animation("WEBP", [600_000] * 18),
            lambda: clip(frames=602, rate=1, codec_options={"preset": "ultrafast"}),
        ],
        ids=["MP4", "WebM", "GIF", "WebP", "seconds over"],
    )
    def test_too_long(self, make: Callable[[], bytes], tmp_path: Path) -> None:
        assert refused(tmp_path, make()) == "too_long"

    @pytest.mark.parametrize(
        "make",
        [
            lambda: clip(frames=12),
            lambda: animation("GIF", [100] * 12),
            lambda: animation("WEBP", [100] * 12),
        ],
        ids=["MP4", "GIF", "WebP"],
    )
    def test_too_many_frames(
        self, make: Callable[[], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = make()
        monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, frames=11))
        assert refused(tmp_path, content) == "too_many_frames"
        monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, frames=12))
        assert len(opened(tmp_path, content).times_s) == 12


class TestDamage:
    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
    def test_a_cut_picture_is_refused(self, form: str, share: float, tmp_path: Path) -> None:
        content = truncated(image(form, 200, 150), share)
        assert refused(tmp_path, content) == "truncated_file"

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
    @pytest.mark.parametrize(
        "make",
        [
            lambda: video(seconds=2),
            lambda: video("mov", seconds=2),
            lambda: video("avi", seconds=2),
            lambda: video("webm", "libvpx", seconds=2),
            lambda: gif(),
        ],
        ids=["MP4", "MOV", "AVI", "WebM", "GIF"],
    )
    def test_a_cut_video_is_refused(
        self, make: Callable[[], bytes], share: float, tmp_path: Path
    ) -> None:
        assert refused(tmp_path, truncated(make(), share)) == "truncated_file"

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 1.0])
    @pytest.mark.parametrize(("form", "codec"), [("mpeg", "mpeg1video"), ("vob", "mpeg2video")])
    def test_a_program_stream_that_was_cut_inside_of_a_packet_is_refused(
        self, form: str, codec: str, share: float, tmp_path: Path
    ) -> None:
        content = video(form, codec, seconds=2, rate=25)
        opened(tmp_path, content)
        opened(tmp_path, content + bytes(100))
        # Seven bytes less, since a cut between two packets cannot be seen.
        assert refused(tmp_path, truncated(content, share)[:-7]) == "truncated_file"

    @pytest.mark.parametrize(
        "make",
        [
            lambda: video("mpeg2video", "mpeg2video", seconds=2, rate=25),
            video_without_duration,
        ],
        ids=["bare MPEG", "live WebM"],
    )
    def test_a_cut_stream_is_read_as_far_as_it_goes(
        self, make: Callable[[], bytes], tmp_path: Path
    ) -> None:
        content = make()
        whole = len(opened(tmp_path, content).times_s)
        cut = opened(tmp_path, truncated(content, 0.5))
        assert 0.3 * whole < len(cut.times_s) < 0.7 * whole
        assert len(list(cut.read(range(len(cut.times_s))))) >= len(cut.times_s) - 2

    def test_an_mp4_that_lost_frames_its_index_lists_is_refused(self, tmp_path: Path) -> None:
        content = bytearray(clip(frames=20, options={"movflags": "faststart"}))
        at = content.index(b"mdat") - 4
        del content[at + 200 :]
        content[at : at + 4] = (200).to_bytes(4, "big")
        assert refused(tmp_path, bytes(content)) == "truncated_file"

    @pytest.mark.parametrize(
        ("form", "codec"),
        [
            ("mp4", "aac"),
            ("mov", "pcm_s16le"),
            ("avi", "pcm_s16le"),
            ("mpeg", "mp2"),
            ("webm", "libopus"),
        ],
    )
    def test_sound_alone_is_refused(self, form: str, codec: str, tmp_path: Path) -> None:
        assert refused(tmp_path, audio(form, codec)) == "no_frames"

    def test_noise_instead_of_frames_is_refused(self, tmp_path: Path) -> None:
        assert refused(tmp_path, undecodable_video()) == "no_frames"

    @pytest.mark.parametrize(
        "content",
        [
            b"\xff\xd8\xff" + bytes(60),
            b"\x89PNG\r\n\x1a\n" + bytes(60),
            b"II*\0" + bytes(60),
            b"RIFF\0\0\0\0WEBP" + bytes(60),
            b"RIFF\0\0\0\0AVI " + bytes(60),
            b"\x1a\x45\xdf\xa3" + bytes(60),
            b"\0\0\x01\xba" + bytes(60),
        ],
        ids=["JPEG", "PNG", "TIFF", "WebP", "AVI", "WebM", "MPEG"],
    )
    def test_a_signature_alone_is_refused(self, content: bytes, tmp_path: Path) -> None:
        assert refused(tmp_path, content) == "unreadable_file"

    def test_a_damaged_beginning_is_passed_over(self, tmp_path: Path) -> None:
        source = opened(tmp_path, blotted(clip("avi", "mjpeg", frames=20), {0, 1, 2}))
        assert source.times_s == pytest.approx([n / 10 for n in range(17)])
        pictures = list(source.read([0, 7]))
        assert [round(p.mean()) for p in pictures] == pytest.approx([level(3), level(10)], abs=6)

    def test_a_damaged_end_leaves_what_is_before_it(self, tmp_path: Path) -> None:
        source = opened(tmp_path, blotted(clip("avi", "mjpeg", frames=20), {18, 19}))
        pictures = list(source.read([0, 10, 19]))
        assert [round(p.mean()) for p in pictures] == pytest.approx([level(0), level(10)], abs=6)

    def test_the_last_picture_stands_in_where_only_later_ones_were_wanted(
        self, tmp_path: Path
    ) -> None:
        source = opened(tmp_path, blotted(clip("avi", "mjpeg", frames=20), {18, 19}))
        (picture,) = source.read([19])
        assert picture.mean() == pytest.approx(level(17), abs=6)

    def test_a_file_that_is_damaged_all_over_is_given_up(self, tmp_path: Path) -> None:
        content = blotted(clip("avi", "mjpeg", frames=20), set(range(20)))
        assert refused(tmp_path, content) == "no_frames"

    def test_a_long_damaged_beginning_is_given_up_early(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, undecodable_frames=5))
        content = clip("avi", "mjpeg", frames=20)
        assert len(list(opened(tmp_path, blotted(content, set(range(5)))).read([0]))) == 1
        assert refused(tmp_path, blotted(content, set(range(6)))) == "no_frames"


def blotted(avi: bytes, frames: set[int]) -> bytes:
    """The AVI with nothing but zeros in those frames' data."""
    content = bytearray(avi)
    at = content.index(b"movi")
    for number in range(max(frames) + 1):
        at = content.index(b"00dc", at) + 8
        length = int.from_bytes(content[at - 4 : at], "little")
        if number in frames:
            content[at : at + length] = bytes(length)
        at += length
    return bytes(content)
