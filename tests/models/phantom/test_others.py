"""Drawings that are no lung have no sign."""

import numpy as np
import pytest

from models.phantom.machine import ProbeKind, random_machine
from models.phantom.others import OtherKind, draw_other
from tests.models.phantom.simple import MACHINE


@pytest.mark.parametrize("kind", list(OtherKind))
@pytest.mark.parametrize("probe", list(ProbeKind))
def test_every_kind_is_drawn_without_signs(kind: OtherKind, probe: ProbeKind) -> None:
    rng = np.random.default_rng(2)
    drawing = draw_other(kind, random_machine(rng, probe), rng)
    assert drawing.picture.shape == (112, 112)
    for truth in (drawing.maps, drawing.signs, drawing.extent):
        assert not truth.any()


def test_black_is_black_and_white_is_white() -> None:
    black = draw_other(OtherKind.BLACK, MACHINE, np.random.default_rng(0)).picture
    white = draw_other(OtherKind.WHITE, MACHINE, np.random.default_rng(0)).picture
    assert black.mean() < 15
    assert white.mean() > 240


@pytest.mark.parametrize("kind", [OtherKind.HEART, OtherKind.ABDOMEN, OtherKind.VESSEL])
def test_organs_have_bright_and_dark_parts(kind: OtherKind) -> None:
    for seed in range(5):
        picture = draw_other(kind, MACHINE, np.random.default_rng(seed)).picture
        assert np.percentile(picture, 95) > np.percentile(picture, 5) + 40


def test_the_same_seed_draws_the_same() -> None:
    pictures = [
        draw_other(OtherKind.HEART, MACHINE, np.random.default_rng(1)).picture for _ in range(2)
    ]
    assert (pictures[0] == pictures[1]).all()


def test_a_size_out_of_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="got 5"):
        draw_other(OtherKind.NOISE, MACHINE, np.random.default_rng(0), 5)
