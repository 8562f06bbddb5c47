"""The proposed square shows the ultrasound field and leaves out what a device draws around it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import Square
from models.media.square import SMALLEST_SIDE, Picture, propose_square

WHITE, CYAN, YELLOW, RED = (230, 230, 230), (0, 200, 230), (230, 210, 0), (220, 30, 30)


@dataclass(frozen=True)
class Box:
    left: int
    top: int
    right: int
    bottom: int


def fan(width: int, height: int, field: Box, seed: int = 0) -> Picture:
    """A screen, black but for the speckled fan of a convex probe that fills the box."""
    rng = np.random.default_rng(seed)
    speckle = rng.gamma(2.0, 35.0, (height, width)).clip(25, 255).astype(np.uint8)
    speckle = np.asarray(cv2.GaussianBlur(speckle, (5, 5), 0), dtype=np.uint8)
    wide, high = field.right - field.left, field.bottom - field.top
    shape = np.zeros((height, width), dtype=np.uint8)
    corners = [
        (field.left + wide // 4, field.top),
        (field.right - wide // 4, field.top),
        (field.right - 1, field.bottom - high // 5),
        (field.right - wide // 3, field.bottom - 1),
        (field.left + wide // 3, field.bottom - 1),
        (field.left, field.bottom - high // 5),
    ]
    cv2.fillPoly(shape, [np.array(corners, dtype=np.int32)], 1)
    return np.repeat((speckle * shape)[:, :, None], 3, axis=2)


def with_ruler(picture: Picture, x: int) -> Picture:
    """Depth ticks down the screen at x, with figures beside the longer ones."""
    height = picture.shape[0]
    for n, y in enumerate(range(height // 12, height - 10, height // 24)):
        cv2.line(picture, (x, y), (x + (8 if n % 5 else 14), y), WHITE, 1)
        if n % 5 == 0:
            cv2.putText(picture, str(n), (x + 16, y + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, WHITE, 1)
    return picture


def with_text(picture: Picture, x: int, y: int, lines: int = 4) -> Picture:
    for n in range(lines):
        cv2.putText(
            picture, f"MI 0.{n} TIs 1.2", (x, y + 22 * n), cv2.FONT_HERSHEY_SIMPLEX, 0.5, WHITE, 1
        )
    return picture


def with_colour_bar(picture: Picture, x: int, width: int = 24) -> Picture:
    high = picture.shape[0]
    for n, colour in enumerate((RED, YELLOW, CYAN, RED, CYAN)):
        top = high // 5 + n * high // 10
        cv2.rectangle(picture, (x, top), (x + width, top + high // 10), colour, -1)
    return picture


def with_grey_bar(picture: Picture, x: int, width: int = 14) -> Picture:
    high = picture.shape[0]
    ramp = np.linspace(255, 30, high // 2).astype(np.uint8)
    picture[high // 4 : high // 4 + high // 2, x : x + width] = ramp[:, None, None]
    return picture


def with_logo(picture: Picture, x: int, y: int, side: int = 70) -> Picture:
    cv2.circle(picture, (x + side // 2, y + side // 2), side // 2, CYAN, -1)
    return picture


def outside(square: Square, field: Box) -> float:
    """The share of the field's box that the square leaves out."""
    wide = min(square.x + square.size, field.right) - max(square.x, field.left)
    high = min(square.y + square.size, field.bottom) - max(square.y, field.top)
    return 1 - wide * high / ((field.right - field.left) * (field.bottom - field.top))


SCREENS: dict[str, tuple[Picture, Box]] = {}
_MIDDLE = Box(230, 40, 780, 590)
_DRAWN: dict[str, Callable[[Picture], Picture]] = {
    "bare": lambda p: p,
    "ruler on the right": lambda p: with_ruler(p, 840),
    "ruler on the left": lambda p: with_ruler(p, 60),
    "text on the left": lambda p: with_text(p, 20, 60),
    "text on both sides": lambda p: with_text(with_text(p, 20, 60), 820, 300),
    "coloured bar on the right": lambda p: with_colour_bar(p, 920),
    "coloured bar on the left": lambda p: with_colour_bar(p, 40),
    "grey bar on the right": lambda p: with_grey_bar(p, 930),
    "grey bar on the left": lambda p: with_grey_bar(p, 30),
    "logo": lambda p: with_logo(p, 20, 20),
    "everything": lambda p: with_text(
        with_logo(with_grey_bar(with_ruler(with_colour_bar(p, 950), 830), 900), 20, 20), 20, 400
    ),
}
for _name, _draw in _DRAWN.items():
    SCREENS[_name] = (_draw(fan(1000, 640, _MIDDLE)), _MIDDLE)


@pytest.mark.parametrize("name", SCREENS)
def test_the_field_is_shown_and_the_sides_are_left_out(name: str) -> None:
    screen, field = SCREENS[name]
    square = propose_square([screen])
    assert outside(square, field) < 0.05
    assert square.size <= 1.15 * (field.right - field.left)
    assert square.x > 120
    assert square.x + square.size < 820


@pytest.mark.parametrize("field", [Box(40, 60, 440, 460), Box(500, 100, 960, 560)])
def test_a_field_at_one_side_is_found_there(field: Box) -> None:
    square = propose_square([with_text(fan(1000, 640, field), 480 if field.left < 100 else 20, 60)])
    assert outside(square, field) < 0.05
    assert square.size <= 1.15 * (field.right - field.left)


def test_a_field_that_fills_the_height_makes_the_whole_height() -> None:
    square = propose_square([with_ruler(fan(1000, 640, Box(180, 0, 820, 640)), 900)])
    assert square.size == 640
    assert square.x == pytest.approx(180, abs=12)


def test_what_a_shadow_cuts_off_below_still_belongs_to_the_field() -> None:
    screen = fan(1000, 640, _MIDDLE)
    screen[330:360] = 0
    assert outside(propose_square([screen]), _MIDDLE) < 0.05


def test_all_pictures_together_show_the_field() -> None:
    upper, lower = fan(1000, 640, _MIDDLE), fan(1000, 640, _MIDDLE, seed=1)
    upper[300:] = 0
    lower[:330] = 0
    assert outside(propose_square([upper, lower]), _MIDDLE) < 0.05


@pytest.mark.parametrize("side", [142, 300, 640])
def test_a_picture_that_was_cropped_before_stays_whole(side: int) -> None:
    picture = fan(side, side, Box(side // 10, side // 20, side - side // 10, side - side // 20))
    assert propose_square([picture]) == Square(0, 0, side)


def test_a_nearly_square_picture_that_the_field_fills_keeps_its_shorter_side() -> None:
    square = propose_square([fan(320, 300, Box(10, 0, 310, 300))])
    assert square.size == 300
    assert 0 <= square.x <= 20


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (300, 300)])
def test_a_black_picture_gives_its_middle(width: int, height: int) -> None:
    square = propose_square([np.zeros((height, width, 3), dtype=np.uint8)])
    side = min(width, height)
    assert square == Square((width - side) // 2, (height - side) // 2, side)


def test_a_tiny_field_gives_the_smallest_square_that_can_be_taken() -> None:
    picture = np.zeros((100, 100, 3), dtype=np.uint8)
    picture[60:82, 50:72] = 150
    square = propose_square([picture])
    assert square.size == SMALLEST_SIDE
    assert outside(square, Box(50, 60, 72, 82)) == 0


def test_a_picture_of_text_alone_gives_its_middle() -> None:
    square = propose_square([with_text(np.zeros((480, 640, 3), dtype=np.uint8), 300, 200)])
    assert square == Square(80, 0, 480)


def test_the_same_screen_larger_gives_the_same_square_larger() -> None:
    screen, _ = SCREENS["everything"]
    half = np.asarray(cv2.resize(screen, (500, 320), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    large, small = propose_square([screen]), propose_square([half])
    for a, b in ((large.x, small.x), (large.y, small.y), (large.size, small.size)):
        assert a == pytest.approx(2 * b, abs=16)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(32, 300),
    st.integers(32, 300),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(1, 200)), max_size=4),
)
def test_every_square_lies_inside_the_picture_and_is_large_enough_to_be_taken(
    width: int, height: int, patches: list[tuple[int, int, int]]
) -> None:
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    for x, y, side in patches:
        picture[y : y + side, x : x + side] = 150
    square = propose_square([picture])
    assert square.size >= SMALLEST_SIDE
    assert 0 <= square.x <= width - square.size
    assert 0 <= square.y <= height - square.size


def test_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        propose_square([])
