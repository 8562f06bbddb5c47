"""Sampling by time stamps, square frames, and what a file is found to be."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.contract import Square
from models.media.sampling import (
    LIMITS,
    MAX_FRAMES,
    MediaError,
    Probe,
    Recording,
    check_square,
    encode_jpeg,
    probe,
    resize,
    sample,
    to_input,
)
from tests.media_files import image, speckle, video, video_without_duration, write
from tests.models.media.odd_files import (
    HEIGHT,
    WIDTH,
    animation,
    clip,
    corners,
    level,
    packed,
    turned_clip,
)

STEP_S = 1 / 3


@st.composite
def time_lines(draw: st.DrawFn) -> list[float]:
    """Ascending times of any rhythm: steady, changing, with holes; up to half a minute or so."""
    first = draw(st.floats(0, 100))
    gap = st.one_of(st.just(draw(st.floats(0.001, 1))), st.floats(0.001, 4))
    gaps = draw(st.lists(gap, max_size=400))
    return list(accumulate(gaps, initial=first))


steady = st.builds(
    lambda rate, count: [n / rate for n in range(count)], st.floats(3, 120), st.integers(1, 2000)
)


class TestSample:
    @given(time_lines())
    def test_ascends_begins_with_the_first_frame_and_is_at_most_30(
        self, times_s: list[float]
    ) -> None:
        places = sample(times_s)
        assert places[0] == 0
        assert places == sorted(set(places))
        assert places[-1] < len(times_s)
        assert len(places) <= MAX_FRAMES

    @given(time_lines())
    def test_reaches_the_end_of_the_clip(self, times_s: list[float]) -> None:
        widest_gap = max((b - a for a, b in pairwise(times_s)), default=0)
        assert times_s[sample(times_s)[-1]] >= times_s[-1] - STEP_S - widest_gap / 2 - 1e-6

    @given(time_lines().filter(lambda times_s: times_s[-1] - times_s[0] < 9))
    def test_has_the_nearest_frame_to_every_third_of_a_second(self, times_s: list[float]) -> None:
        shown = [times_s[place] for place in sample(times_s)]
        for n in range(math.floor((times_s[-1] - times_s[0]) * 3) + 1):
            moment = times_s[0] + n / 3
            nearest = min(abs(each - moment) for each in times_s)
            assert min(abs(each - moment) for each in shown) == pytest.approx(nearest, abs=1e-9)

    @given(time_lines())
    def test_takes_three_a_second_and_no_more(self, times_s: list[float]) -> None:
        length = times_s[-1] - times_s[0]
        assert len(sample(times_s)) <= math.floor(length * 3 + 1e-6) + 1

    @given(steady)
    def test_steps_by_a_third_of_a_second_or_evenly_over_a_longer_clip(
        self, times_s: list[float]
    ) -> None:
        places = sample(times_s)
        shown = [times_s[place] for place in places]
        frame = times_s[1] - times_s[0] if len(times_s) > 1 else 0
        wanted = max(STEP_S, shown[-1] / (MAX_FRAMES - 1))
        slack = frame + (STEP_S if wanted > STEP_S else 0) + 1e-6
        assert all(abs(b - a - wanted) <= slack for a, b in pairwise(shown))

    @given(steady, st.floats(0, 1000))
    def test_does_not_depend_on_when_the_clip_begins(
        self, times_s: list[float], start: float
    ) -> None:
        # A frame halfway between two moments may fall either way.
        later = [start + each for each in times_s]
        pairs = zip(sample(times_s), sample(later), strict=False)
        assert all(abs(a - b) <= 1 for a, b in pairs)
        assert abs(len(sample(times_s)) - len(sample(later))) <= 1

    def test_takes_every_frame_of_two_a_second(self) -> None:
        assert sample([n / 2 for n in range(12)]) == list(range(12))

    def test_takes_every_13th_of_39_a_second(self) -> None:
        assert sample([n / 39 for n in range(118)]) == list(range(0, 118, 13))

    def test_takes_every_10th_of_30_a_second_and_of_2997(self) -> None:
        assert sample([n / 30 for n in range(91)]) == list(range(0, 91, 10))
        assert sample([n * 1001 / 30_000 for n in range(91)]) == list(range(0, 91, 10))

    def test_spreads_30_frames_over_a_minute(self) -> None:
        times_s = [n / 25 for n in range(25 * 60 + 1)]
        shown = [times_s[place] for place in sample(times_s)]
        assert len(shown) == MAX_FRAMES
        assert (shown[0], shown[-1]) == (0, 60)
        assert all(1.6 < b - a < 2.5 for a, b in pairwise(shown))

    def test_passes_over_a_hole_without_taking_a_frame_twice(self) -> None:
        assert sample([0, 0.04, 0.08, 9.0, 9.04]) == [0, 2, 3]

    def test_takes_the_only_frame(self) -> None:
        assert sample([7.5]) == [0]


FRAMED: dict[str, tuple[Callable[[], bytes], list[int]]] = {
    # what it is: content, the frames that are sampled
    "2 a second": (lambda: clip(frames=8, rate=2), list(range(8))),
    "39 a second": (lambda: clip("avi", "mjpeg", frames=40, rate=39), [0, 13, 26, 39]),
    "29.97 a second": (lambda: clip(frames=41, rate=Fraction(30_000, 1001)), [0, 10, 20, 30, 40]),
    "changing": (
        lambda: clip(times_ms=[0, 40, 80, 300, 650, 700, 1000, 1700, 1701, 4000]),
        [0, 3, 4, 6, 7, 8, 9],
    ),
    "no duration": (
        lambda: clip("webm", "libvpx", frames=11, rate=10, options={"live": "1"}),
        [0, 3, 7, 10],
    ),
    "GIF without delays": (lambda: animation("GIF", [0] * 11), [0, 3, 7, 10]),
    "one frame": (lambda: clip(frames=1), [0]),
    "animated WebP": (lambda: animation("WEBP", [350, 20, 300, 10]), [0, 1, 3]),
}


@pytest.mark.parametrize("name", FRAMED)
def test_frames_are_those_of_the_moments_sampled(name: str, tmp_path: Path) -> None:
    make, expected = FRAMED[name]
    path = write(tmp_path, "clip", make())
    recording = Recording.open(path)
    frames = list(recording.frames(Square(8, 0, HEIGHT)))
    assert recording.sampled() == expected
    assert [frame.index for frame in frames] == list(range(len(expected)))
    assert [frame.time_s for frame in frames] == [recording.source.times_s[n] for n in expected]
    for frame, number in zip(frames, expected, strict=True):
        assert frame.pixels.shape == (HEIGHT, HEIGHT, 3)
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.mean() == pytest.approx(level(number), abs=6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: image("JPEG"),
        lambda: video(seconds=3),
        lambda: video("mpeg", "mpeg2video", seconds=3, rate=25),
        video_without_duration,
        lambda: clip(frames=120, rate=4),
        lambda: clip("avi", "libx264", frames=40, rate=10),
        lambda: animation("GIF", [70] * 40),
    ],
    ids=["JPEG", "MP4", "MPEG", "live WebM", "half a minute", "AVI with H.264", "GIF"],
)
def test_as_many_frames_come_as_the_probe_promises(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    path = write(tmp_path, "clip", make())
    found = probe(path)
    frames = list(Recording.open(path).frames(found.square))
    assert len(frames) == found.sampled
    assert all(f.pixels.shape == (found.square.size,) * 2 + (3,) for f in frames)


class TestProbe:
    def test_of_a_picture(self, tmp_path: Path) -> None:
        found = probe(write(tmp_path, "scan", image("JPEG", 96, 64)))
        assert found == Probe(
            kind="image",
            format="jpeg",
            media_type="image/jpeg",
            width=96,
            height=64,
            duration_s=None,
            frames=1,
            sampled=1,
            square=Square(16, 0, 64),
        )

    def test_of_a_video(self, tmp_path: Path) -> None:
        found = probe(write(tmp_path, "clip", video("mov", seconds=2, rate=12)))
        assert (found.kind, found.format, found.media_type) == ("video", "mov", "video/quicktime")
        assert (found.width, found.height) == (96, 64)
        assert (found.frames, found.sampled) == (24, 6)
        assert found.duration_s == pytest.approx(2)

    def test_of_a_turned_video_measures_the_upright_picture(self, tmp_path: Path) -> None:
        found = probe(write(tmp_path, "clip", turned_clip()))
        assert (found.width, found.height) == (HEIGHT, WIDTH)
        check_square(found.square, found.width, found.height)

    def test_of_a_still_gif_is_a_picture(self, tmp_path: Path) -> None:
        assert probe(write(tmp_path, "scan", image("GIF"))).kind == "image"

    def test_of_a_video_of_one_frame_is_a_video(self, tmp_path: Path) -> None:
        found = probe(write(tmp_path, "clip", clip(frames=1)))
        assert (found.kind, found.frames, found.sampled) == ("video", 1, 1)

    def test_looks_at_a_few_frames_of_the_beginning_only(self, tmp_path: Path) -> None:
        recording = Recording.open(write(tmp_path, "clip", clip(frames=400, rate=39)))
        assert len(recording.sampled()) == 30
        assert 1 <= len(recording.preview_frames()) <= 5

    def test_says_what_is_wrong(self, tmp_path: Path) -> None:
        with pytest.raises(MediaError) as refusal:
            probe(write(tmp_path, "clip.mp4", b"no clip"))
        assert refusal.value.code == "unsupported_type"


class TestFrames:
    def test_are_cut_where_the_square_lies(self, tmp_path: Path) -> None:
        path = write(tmp_path, "scan", packed(Image.fromarray(corners()), "PNG"))
        (frame,) = Recording.open(path).frames(Square(20, 5, 40))
        assert (frame.pixels == corners()[5:45, 20:60]).all()
        assert frame.pixels.flags.c_contiguous

    @pytest.mark.parametrize(
        "square",
        [
            Square(-1, 0, 40),
            Square(0, -1, 40),
            Square(WIDTH - 39, 0, 40),
            Square(0, HEIGHT - 39, 40),
            Square(0, 0, HEIGHT + 1),
            Square(0, 0, LIMITS.smallest_side - 1),
            Square(0, 0, 0),
            Square(40, 40, -40),
        ],
    )
    def test_of_a_square_outside_the_picture_are_refused(
        self, square: Square, tmp_path: Path
    ) -> None:
        recording = Recording.open(write(tmp_path, "clip", clip(frames=3)))
        with pytest.raises(MediaError) as refusal:
            next(recording.frames(square))
        assert refusal.value.code == "crop_outside"
        assert f"{WIDTH}×{HEIGHT}" in refusal.value.message

    @given(st.integers(0, 40), st.integers(0, 40), st.integers(32, 80))
    def test_of_a_square_inside_the_picture_are_given(self, x: int, y: int, size: int) -> None:
        check_square(Square(x, y, size), x + size, y + size)

    def test_are_decoded_one_by_one(self, tmp_path: Path) -> None:
        recording = Recording.open(write(tmp_path, "clip", clip(frames=30)))
        frames = recording.frames(Square(0, 0, HEIGHT))
        assert next(frames).index == 0
        frames.close()  # type: ignore[attr-defined]

    def test_can_be_asked_for_again(self, tmp_path: Path) -> None:
        recording = Recording.open(write(tmp_path, "clip", clip(frames=12)))
        first, second = (
            [frame.pixels for frame in recording.frames(Square(0, 0, HEIGHT))] for _ in range(2)
        )
        assert np.array_equal(first, second)


def test_still_is_the_first_picture_uncropped(tmp_path: Path) -> None:
    picture = Recording.open(write(tmp_path, "clip", clip(frames=12))).still()
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.mean() == pytest.approx(level(0), abs=6)


class TestToInput:
    @pytest.mark.parametrize("side", [32, 100, 224, 225, 1000])
    def test_is_224_square_bytes_of_the_same_brightness(self, side: int) -> None:
        pixels = np.full((side, side, 3), 120, dtype=np.uint8)
        found = to_input(pixels)
        assert found.shape == (224, 224, 3)
        assert found.dtype == np.uint8
        assert (found == 120).all()

    def test_leaves_a_grey_square_of_224_as_it_is(self) -> None:
        grey = np.repeat(speckle(224, 224)[..., :1], 3, axis=2)
        assert (to_input(grey) == grey).all()

    def test_shows_no_colour(self) -> None:
        found = to_input(np.full((224, 224, 3), (10, 120, 240), dtype=np.uint8))
        assert (found == found[..., :1]).all()
        assert found[0, 0, 0] == pytest.approx(0.299 * 10 + 0.587 * 120 + 0.114 * 240, abs=1)

    def test_averages_when_it_shrinks(self) -> None:
        stripes = np.zeros((448, 448, 3), dtype=np.uint8)
        stripes[::2] = 200
        assert (to_input(stripes) == 100).all()

    def test_does_not_overflow_when_it_grows(self) -> None:
        edge = np.zeros((56, 56, 3), dtype=np.uint8)
        edge[:, 28:] = 255
        found = to_input(edge)
        assert (found[:, :100] < 30).all()
        assert (found[:, 124:] > 225).all()


def test_resize_keeps_the_place_of_things() -> None:
    found = resize(corners(48, 48), 96)
    assert (found[10, 10] == (200, 40, 40)).all()
    assert (found[10, -10] == (40, 200, 40)).all()


class TestEncodeJpeg:
    @pytest.mark.parametrize(
        ("size", "expected"),
        [((2000, 1000), (1024, 512)), ((100, 50), (100, 50)), ((1000, 3000), (341, 1024))],
    )
    def test_bounds_the_longer_side(
        self, size: Sequence[int], expected: tuple[int, int], tmp_path: Path
    ) -> None:
        content = encode_jpeg(np.zeros((size[1], size[0], 3), dtype=np.uint8), 1024)
        with Image.open(write(tmp_path, "preview.jpg", content)) as shown:
            assert (shown.format, shown.size) == ("JPEG", expected)
            assert not shown.getexif()

    def test_keeps_a_thread_of_a_picture_visible(self) -> None:
        content = encode_jpeg(np.zeros((4000, 32, 3), dtype=np.uint8), 64)
        shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert shown.shape[0] == 64

    def test_keeps_colours(self, tmp_path: Path) -> None:
        with Image.open(write(tmp_path, "p.jpg", encode_jpeg(corners(), 512))) as shown:
            assert np.abs(np.asarray(shown)[4, 4].astype(int) - (200, 40, 40)).max() < 12
