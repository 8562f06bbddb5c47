"""The small inputs on which others were wrong, where they lie beside the checkout."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.media.formats import MediaError
from models.media.sources import Source, open_source
from models.media.square import Picture

CASES = Path(__file__).parents[4] / "shared" / "cases" / "reading"

pytestmark = [
    pytest.mark.cases,
    pytest.mark.skipif(not CASES.is_dir(), reason="no cases beside the checkout"),
]


@dataclass(frozen=True)
class Clip:
    """What a file presents: which pictures, at how many a second, and where their blocks are."""

    numbers: list[int]
    width: int
    height: int
    blocks: tuple[float, float] = (0.1, 0.9)
    places: list[int] | None = None
    """The place of each picture on its clock, where it is not its own number from the first."""


CLIPS = {
    "trim_editlist.mp4": Clip(list(range(30, 60)), 320, 240),
    "cut_copy.mp4": Clip(list(range(45, 90)), 320, 240),
    "hflip.mp4": Clip(list(range(90)), 320, 240, (0.9, 0.1)),
    "size_change.webm": Clip(list(range(60)), 640, 360, (0.55, 0.95)),
    "dropped_frames.avi": Clip(
        [n for n in range(60) if n % 5 != 4], 160, 120, places=[n for n in range(60) if n % 5 != 4]
    ),
}


def opened(name: str) -> Source:
    return open_source(CASES / name)[1]


def number_of(picture: Picture, blocks: tuple[float, float]) -> int:
    """The eight blocks between two shares of the width, the lowest bit at the first."""
    first, last = blocks
    height, width = picture.shape[:2]
    row = picture[round(0.54 * height)].mean(axis=1)
    places = [first + (bit + 0.5) * (last - first) / 8 for bit in range(8)]
    return sum(1 << bit for bit, place in enumerate(places) if row[round(place * width)] > 128)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_what_a_player_shows(name: str) -> None:
    wanted, source = CLIPS[name], opened(name)
    pictures = list(source.read(range(len(source.times_s))))
    assert {picture.shape for picture in pictures} == {(wanted.height, wanted.width, 3)}
    assert [number_of(picture, wanted.blocks) for picture in pictures] == wanted.numbers
    places = wanted.places or range(len(wanted.numbers))
    assert source.times_s == pytest.approx([n / 30 for n in places], abs=1e-3)


def test_a_turned_tiff_is_upright() -> None:
    (picture,) = opened("orientation6.tif").read([0])
    assert picture.shape == (320, 240, 3)
    assert number_of(np.rot90(picture), (0.1, 0.9)) == 5


def test_a_stack_is_refused_by_its_number() -> None:
    with pytest.raises(MediaError, match="12 pictures") as refusal:
        opened("stack.tif")
    assert refusal.value.code == "unsupported_type"


def test_of_12_bits_in_16_all_are_shown() -> None:
    (picture,) = opened("12bit_in_16.png").read([0])
    assert number_of(picture, (0.1, 0.9)) == 5
    assert picture.max() > 240
