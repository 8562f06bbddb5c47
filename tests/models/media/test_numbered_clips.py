"""Recordings of every kind are read as a player presents them: same pictures, times and shapes.

Every picture carries its number. What ffmpeg presents is the reference, beside what is known by
the making of a file.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.media.sampling import MediaError, Recording, sample
from tests.models.media.numbered import codecs, oddities, stills, trims
from tests.models.media.numbered.case import Case
from tests.models.media.numbered.numbers import Picture, read
from tests.models.media.numbered.reference import FFMPEG, presented

os.environ.setdefault("SVT_LOG", "1")  # AV1's encoder tells its settings otherwise

CASES: dict[str, Case] = {}
for each in (*codecs.cases(), *trims.cases(), *oddities.cases(), *stills.cases()):
    assert each.name not in CASES
    CASES[each.name] = each

_SAME_MOMENT_S = 2e-3
"""Containers round times, Matroska to a thousandth of a second."""

_SAME_GREY = 6
"""Mean difference of two decoders' pictures; a wrong range of values makes over 10."""

pytestmark = pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg: nothing to compare with")


@pytest.mark.parametrize("name", CASES)
def test_a_clip_is_read_as_it_is_presented(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = case.make(tmp_path / "clip")
    if case.refused is not None:
        assert refusal(path) == case.refused
        return
    recording = Recording.open(path)
    times_s = recording.source.times_s
    pictures = list(recording.source.read(range(len(times_s))))
    numbers = upright_numbers(pictures)
    if case.numbers is not None:
        assert numbers == list(case.numbers)
    if case.times_s is not None:
        assert times_s == pytest.approx(case.times_s, abs=_SAME_MOMENT_S)
    if case.size is not None:
        assert {(picture.shape[1], picture.shape[0]) for picture in pictures} == {case.size}
    if not case.unjudged:
        check_as_presented(path, case, pictures, times_s)
    places = sample(times_s)
    assert recording.sampled() == places
    sampled = upright_numbers(list(recording.source.read(places)))
    assert sampled == [numbers[place] for place in places]


def check_as_presented(
    path: Path, case: Case, pictures: Sequence[Picture], times_s: Sequence[float]
) -> None:
    """Compare pictures and times with those of ffmpeg."""
    reference = presented(path, stream=case.stream)
    assert upright_numbers(pictures) == upright_numbers([each.pixels for each in reference])
    assert times_s == pytest.approx([each.time_s for each in reference], abs=_SAME_MOMENT_S)
    # Where the size changes on the way, all are brought to the first. Whole pixels are half off.
    height, width = pictures[0].shape[:2]
    assert width == pytest.approx(reference[0].aspect * height, abs=0.51)
    assert {picture.shape for picture in pictures} == {(height, width, 3)}
    for picture, each in zip(pictures, reference, strict=True):
        difference = small(picture).astype(int) - small(each.pixels)
        assert np.abs(difference).mean() < _SAME_GREY


def small(picture: Picture) -> Picture:
    """A picture of a few pixels, in which it makes no difference how it was scaled before."""
    return np.asarray(cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def upright_numbers(pictures: Sequence[Picture]) -> list[int | tuple[int, int] | None]:
    """The number of each picture; with its orientation where that is not upright."""
    numbers: list[int | tuple[int, int] | None] = []
    for picture in pictures:
        shown = read(picture)
        numbers.append(shown.number if shown and shown.orientation == 1 else shown)
    return numbers


def refusal(path: Path) -> str | None:
    """The code with which a file is refused, at the latest when its pictures are read."""
    try:
        source = Recording.open(path).source
        list(source.read(range(len(source.times_s))))
    except MediaError as error:
        return error.code
    return None
