"""Random scenes show what they are asked for."""

from collections import Counter

import numpy as np
import pytest

from models.contract import SIGNS
from models.phantom.draw import draw
from models.phantom.scene import Finding, random_scene
from tests.models.phantom.simple import MACHINE


@pytest.mark.parametrize(
    ("finding", "sign"),
    [
        (Finding.A_LINES, "a_lines"),
        (Finding.B_LINES, "b_lines"),
        (Finding.WHITE_LUNG, "b_lines"),
        (Finding.SUBPLEURAL, "pleural_irregularity"),
        (Finding.LOBAR, "consolidation"),
        (Finding.EFFUSION, "effusion"),
    ],
)
def test_a_finding_brings_its_sign(finding: Finding, sign: str) -> None:
    with_sign = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drawing = draw(random_scene(rng, finding), MACHINE, rng)
        with_sign += bool(drawing.signs[SIGNS.index(sign)])
    assert with_sign >= 12


@pytest.mark.parametrize("finding", [Finding.PLAIN, Finding.CURTAIN])
def test_a_plain_lung_has_neither_lines_nor_consolidation(finding: Finding) -> None:
    for seed in range(10):
        scene = random_scene(np.random.default_rng(seed), finding)
        assert scene.a_lines is None
        assert not scene.b_lines
        assert not scene.consolidations
        assert (scene.organ is not None) or finding is Finding.PLAIN


def test_every_sign_is_drawn_often_enough_to_be_learnt() -> None:
    counts: Counter[str] = Counter()
    for seed in range(250):
        rng = np.random.default_rng((seed, 1))
        drawing = draw(random_scene(rng), MACHINE, rng)
        counts.update(name for name, on in zip(SIGNS, drawing.signs, strict=True) if on)
    assert set(counts) == set(SIGNS)
    assert min(counts.values()) >= 8


def test_what_belongs_to_the_lung_moves_and_the_rest_stays() -> None:
    for seed in range(10):
        scene = random_scene(np.random.default_rng(seed))
        moved = scene.moved(0.5, 0.2)
        assert moved.ribs == scene.ribs
        assert moved.slide_cm == 0.5
        for before, after in zip(scene.b_lines, moved.b_lines, strict=True):
            assert after.x_cm == pytest.approx(before.x_cm + 0.5)
