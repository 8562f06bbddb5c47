"""What a machine does to a picture."""

from dataclasses import replace

import numpy as np
import pytest

from models.phantom.draw import draw
from models.phantom.machine import Contact, Machine, Mark, ProbeKind, random_machine
from models.phantom.scene import random_scene
from tests.models.phantom.simple import MACHINE, SCENE


def picture(machine: Machine) -> np.ndarray:
    return draw(SCENE, machine, np.random.default_rng(0)).picture


def test_pictures_are_as_dark_as_real_ones() -> None:
    means = []
    for seed in range(150):
        rng = np.random.default_rng((seed, 9))
        means.append(draw(random_scene(rng), random_machine(rng), rng).picture.mean())
    # Of 217 real convex frames, the middle 80 % have mean greys from 18 to 64, 32 in the middle.
    assert 26 < np.median(means) < 48
    assert np.percentile(means, 10) < 20
    assert 55 < np.percentile(means, 90) < 105


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_a_probe_has_its_geometry(kind: ProbeKind) -> None:
    for seed in range(20):
        probe = random_machine(np.random.default_rng(seed), kind).probe
        assert probe.kind is kind
        assert (probe.half_width_cm > 0) is (kind is ProbeKind.LINEAR)
        assert (probe.radius_cm > 0) is (kind is not ProbeKind.LINEAR)


def test_speckle_and_a_small_range_raise_contrast() -> None:
    smooth = picture(MACHINE)[60:].std()
    assert picture(replace(MACHINE, speckle=1.0))[60:].std() > smooth + 5
    assert picture(replace(MACHINE, range_db=35.0)).std() > picture(MACHINE).std()


def test_gain_and_gamma_darken() -> None:
    assert picture(replace(MACHINE, bright_grey=0.5)).mean() < picture(MACHINE).mean() - 10
    assert picture(replace(MACHINE, gamma=2.0)).mean() < picture(MACHINE).mean() - 10


def test_lost_contact_is_black_from_the_face_down() -> None:
    seen = picture(replace(MACHINE, contact=Contact(-1.2, 0.2, 0.0)))
    assert seen[5:, 90:].mean() < 0.2 * seen[5:, :50].mean()


def test_marks_stay_in_the_picture() -> None:
    marks = (Mark("text", 0.1, 0.9, 0.05, 1.0, "AB"), Mark("ruler", 0.98, 0.5, 0.03, 1.0))
    changed = picture(replace(MACHINE, marks=marks)) != picture(MACHINE)
    assert changed[85:105, 8:40].any()
    assert changed[:, 107:].any()
    assert not changed[:80, :100].any()


def test_a_codec_leaves_blocks() -> None:
    coded = picture(replace(MACHINE, speckle=1.0, quality=14)).astype(float)
    steps = np.abs(np.diff(coded, axis=1)).mean(axis=0)
    assert steps[7::8].mean() > 1.3 * np.delete(steps, np.s_[7::8]).mean()


def test_a_coarse_picture_lacks_detail() -> None:
    fine = picture(replace(MACHINE, speckle=1.0)).astype(float)
    coarse = picture(replace(MACHINE, speckle=1.0, resolution=0.5)).astype(float)
    assert np.abs(np.diff(coarse, axis=0)).mean() < 0.8 * np.abs(np.diff(fine, axis=0)).mean()


def test_a_mirrored_view_swaps_the_sides() -> None:
    organ_side = replace(MACHINE, lateral_gain=(0.0, 1.0, 0.0))
    mirrored = replace(organ_side, view=replace(MACHINE.view, mirrored=True))
    seen = picture(organ_side)
    assert seen[:, 80:].mean() > seen[:, :32].mean()
    assert picture(mirrored)[:, 80:].mean() < picture(mirrored)[:, :32].mean()
