"""Augmented frames are the same lung, moved a little."""

import numpy as np
import pytest

from models.media.square import Picture
from models.training.augment import BOTH, BRIGHTNESS, PAPER, Augmentation, augment
from tests.media_files import speckle

SIDE = 100
CENTRE = (SIDE - 1) / 2
SEEDS = range(200)


def copy(frame: Picture, seed: int) -> Picture:
    return augment(frame, np.random.default_rng(seed))


def marked(x: int, y: int) -> Picture:
    """A black frame with one bright spot."""
    frame = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    frame[y - 2 : y + 3, x - 2 : x + 3] = 255
    return frame


def spot(frame: Picture) -> tuple[float, float]:
    """Where the bright spot lies, from the frame's centre."""
    grey = frame[:, :, 0].astype(float)
    ys, xs = np.mgrid[:SIDE, :SIDE] - CENTRE
    return float((grey * xs).sum() / grey.sum()), float((grey * ys).sum() / grey.sum())


@pytest.mark.parametrize("side", [32, 101, 224])
def test_a_copy_has_the_shape_and_type_of_the_frame(side: int) -> None:
    found = copy(speckle(side, side), 1)
    assert found.shape == (side, side, 3)
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous


def test_a_copy_has_no_brighter_or_darker_value_than_the_frame() -> None:
    frame = speckle(SIDE, SIDE)
    for seed in SEEDS:
        found = copy(frame, seed)
        assert frame.min() <= found.min() <= found.max() <= frame.max()


def test_what_a_shift_uncovers_is_never_black() -> None:
    frame = np.full((SIDE, SIDE, 3), 90, dtype=np.uint8)
    assert all((copy(frame, seed) == 90).all() for seed in SEEDS)


def test_the_same_seed_gives_the_same_copy_and_another_seed_another() -> None:
    frame = speckle(SIDE, SIDE)
    assert (copy(frame, 5) == copy(frame, 5)).all()
    assert (copy(frame, 5) != copy(frame, 6)).any()


def test_the_frame_itself_is_left_alone() -> None:
    frame = speckle(SIDE, SIDE)
    before = frame.copy()
    copy(frame, 3)
    assert (frame == before).all()


def test_grey_stays_grey() -> None:
    found = copy(speckle(SIDE, SIDE), 8)
    assert (found[:, :, 0] == found[:, :, 1]).all()
    assert (found[:, :, 1] == found[:, :, 2]).all()


def test_the_centre_moves_by_a_tenth_at_most_and_nearly_that_far() -> None:
    moved = np.abs([spot(copy(marked(SIDE // 2, SIDE // 2), seed)) for seed in SEEDS])
    assert moved.max() <= PAPER.shift * SIDE + 1
    assert (moved.max(axis=0) >= 0.9 * PAPER.shift * SIDE).all()


def test_a_line_turns_by_ten_degrees_at_most_and_nearly_that_far() -> None:
    turned = []
    for seed in SEEDS:
        (ax, ay), (bx, by) = (spot(copy(marked(x, SIDE // 2), seed)) for x in (30, 70))
        turned.append(abs(np.degrees(np.arctan((by - ay) / (bx - ax)))))
    assert max(turned) <= PAPER.degrees + 0.5
    assert max(turned) >= 0.9 * PAPER.degrees


def test_half_of_the_copies_are_mirrored_each_way() -> None:
    mirrored = []
    for seed in SEEDS:
        (ax, ay), (bx, by) = (spot(copy(marked(at, at), seed)) for at in (30, 70))
        mirrored.append((bx < ax, by < ay))
    shares = np.mean(mirrored, axis=0)
    assert ((shares > 0.35) & (shares < 0.65)).all()
    assert len(set(mirrored)) == 4


def test_without_any_movement_a_copy_is_the_frame() -> None:
    frame = speckle(SIDE, SIDE)
    still = Augmentation(degrees=0, shift=0, flips=False)
    assert all((augment(frame, np.random.default_rng(n), still) == frame).all() for n in range(5))


class TestBrightness:
    RAMP = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 256, 1).repeat(3, 2)

    def powers(self) -> list[float]:
        """The power of each copy, read off what becomes of middle grey."""
        greys = [
            augment(self.RAMP, np.random.default_rng(seed), BRIGHTNESS)[128, 0, 0] for seed in SEEDS
        ]
        return [float(np.log(grey / 255) / np.log(128 / 255)) for grey in greys]

    def test_powers_lie_between_a_half_and_two_as_many_below_one_as_above(self) -> None:
        powers = self.powers()
        assert 0.49 < min(powers) < 0.55
        assert 1.8 < max(powers) < 2.05
        assert 0.4 < np.mean(np.array(powers) < 1) < 0.6

    def test_black_stays_black_white_white_and_the_order_of_greys_what_it_was(self) -> None:
        for seed in SEEDS:
            shades = augment(self.RAMP, np.random.default_rng(seed), BRIGHTNESS)[:, 0, 0]
            assert (shades[0], shades[-1]) == (0, 255)
            assert (np.diff(shades.astype(int)) >= 0).all()

    def test_nothing_moves(self) -> None:
        for seed in SEEDS:
            found = augment(marked(20, 70), np.random.default_rng(seed), BRIGHTNESS)
            assert spot(found) == spot(marked(20, 70))

    def test_both_moves_as_the_paper_does_for_the_same_seed(self) -> None:
        frame = marked(40, 50)
        for seed in range(20):
            grey = augment(frame, np.random.default_rng(seed), BOTH)
            assert ((grey > 0) == (copy(frame, seed) > 0)).mean() > 0.99
