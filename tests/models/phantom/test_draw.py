"""A drawing's truth agrees with its picture."""

from dataclasses import replace

import numpy as np
import pytest

from models.contract import SIGN_MAPS, SIGNS
from models.phantom.draw import Drawing, draw
from models.phantom.machine import ProbeKind, random_machine
from models.phantom.scene import (
    ALines,
    Consolidation,
    Effusion,
    Finding,
    Organ,
    Rib,
    Tail,
    WhiteLung,
    random_scene,
)
from tests.models.phantom.simple import MACHINE, SCENE, b_line, column, row, with_slope

A_LINES = ALines(brightness=1.0, decay=0.8, widening=0.1, tolerance=0.5, broken=0.0)
EFFUSION = Effusion(0.0, 6.0, 3.0, 0.005, 0.02, 1.0, 0.6, 0.0, tongue=False)
LOBAR = Consolidation(0.0, 6.0, 4.0, 0.2, 0.6, 0.4, 1.0, 0.6, 0.2, 0.0, lobar=True)


def drawn(**parts: object) -> Drawing:
    return draw(replace(SCENE, **parts), MACHINE, np.random.default_rng(0))  # type: ignore[arg-type]


def sign(drawing: Drawing, name: str) -> bool:
    return bool(drawing.signs[SIGNS.index(name)])


def cells(drawing: Drawing, name: str) -> np.ndarray:
    return np.asarray(drawing.maps[SIGN_MAPS.index(name)])


def profile(drawing: Drawing) -> np.ndarray:
    """Mean grey of each row in the middle of the picture."""
    return np.asarray(drawing.picture[:, 40:72].mean(axis=1))


def peak(values: np.ndarray, at: int) -> float:
    """How much brighter a row is than what is around it."""
    near = values[at - 2 : at + 3].max()
    return float(near - min(values[at - 6 : at - 3].mean(), values[at + 4 : at + 7].mean()))


def is_grey_of(drawing: Drawing, name: str) -> float:
    """Mean grey of the cells that a map marks."""
    marked = np.kron(cells(drawing, name) > 0.8, np.ones((8, 8))) > 0
    return float(drawing.picture[marked].mean())


def test_the_same_seed_draws_the_same() -> None:
    drawings = []
    for _ in range(2):
        rng = np.random.default_rng(11)
        drawings.append(draw(random_scene(rng), random_machine(rng), rng))
    first, second = drawings
    assert (first.picture == second.picture).all()
    assert (first.maps == second.maps).all()
    other = np.random.default_rng(12)
    assert (draw(random_scene(other), random_machine(other), other).picture != first.picture).any()


@pytest.mark.parametrize("kind", list(ProbeKind))
@pytest.mark.parametrize("finding", list(Finding))
def test_every_scene_and_probe_gives_valid_fields(kind: ProbeKind, finding: Finding) -> None:
    for seed in range(3):
        rng = np.random.default_rng((seed, 5))
        drawing = draw(random_scene(rng, finding), random_machine(rng, kind), rng)
        assert drawing.picture.shape == (112, 112)
        assert drawing.picture.dtype == np.uint8
        assert drawing.picture.std() > 1
        assert drawing.maps.shape == (7, 14, 14)
        for truth in (drawing.maps, drawing.signs, drawing.extent):
            assert truth.dtype == np.float32
            assert ((truth >= 0) & (truth <= 1)).all()


@pytest.mark.parametrize("size", [28, 96, 224])
def test_other_sizes_show_the_same_truth(size: int) -> None:
    drawing = draw(replace(SCENE, a_lines=A_LINES), MACHINE, np.random.default_rng(0), size)
    assert drawing.picture.shape == (size, size)
    assert (drawing.maps == drawn(a_lines=A_LINES).maps).all()


@pytest.mark.parametrize("size", [0, 27, 1025])
def test_a_size_out_of_bounds_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"got {size}"):
        draw(SCENE, MACHINE, np.random.default_rng(0), size)


def test_a_plain_lung_shows_no_sign() -> None:
    drawing = drawn()
    assert not drawing.signs.any()
    assert peak(profile(drawing), row(2.0)) > 30
    assert cells(drawing, "pleura")[row(2.0) // 8].min() > 0.5
    assert cells(drawing, "tissue")[0].min() > 0.9
    assert cells(drawing, "tissue")[4:].max() == 0


def test_a_lines_repeat_the_pleura_at_multiples_of_its_depth() -> None:
    added = profile(drawn(a_lines=A_LINES)) - profile(drawn())
    for depth_cm in (4.0, 6.0, 8.0):
        assert peak(added, row(depth_cm)) > 20
    for depth_cm in (5.0, 7.0):
        assert peak(added, row(depth_cm)) < 5
    drawing = drawn(a_lines=A_LINES)
    assert sign(drawing, "a_lines")
    # Row 5 of 14 holds depths from 3.6 to 4.3 cm, row 6 those to 5 cm.
    assert cells(drawing, "a_lines")[5].min() > 0.5
    assert cells(drawing, "a_lines")[6].max() < 0.2


def test_a_pleura_at_an_angle_leaves_no_a_lines_but_on_a_tolerant_probe() -> None:
    tilted = replace(with_slope(0.3), a_lines=replace(A_LINES, tolerance=0.05))
    assert not sign(draw(tilted, MACHINE, np.random.default_rng(0)), "a_lines")


def test_a_b_line_runs_to_the_bottom_and_erases_a_lines() -> None:
    drawing = drawn(a_lines=A_LINES, b_lines=(b_line(1.0),))
    at = column(1.0)
    inside = drawing.picture[row(3.0) :, at - 1 : at + 2].mean(axis=1)
    beside = drawing.picture[row(3.0) :, column(-2.0) - 1 : column(-2.0) + 2].mean(axis=1)
    assert inside.min() > 1.5 * beside.mean()
    along = drawing.picture[:, at].astype(float)
    assert peak(along, row(4.0)) < 8 < peak(drawing.picture[:, column(-2.0)].astype(float), row(4))
    assert sign(drawing, "b_lines")
    assert cells(drawing, "b_lines")[4:, at // 8].min() > 0.8
    assert cells(drawing, "b_lines")[4:, column(-2.0) // 8].max() == 0


def test_white_lung_covers_everything_below_the_pleura() -> None:
    drawing = drawn(white=WhiteLung(1.0, 4.0, 2.0, 0.0), a_lines=A_LINES)
    assert cells(drawing, "b_lines")[4:].min() > 0.8
    assert not sign(drawing, "a_lines")


@pytest.mark.parametrize(
    "tail", [Tail(0.0, 0.2, 2.0, 1.0, 0.3, 0.0), Tail(0.0, 0.3, 2.0, 1.0, 0.4, 1.0)]
)
def test_what_fades_is_no_b_line(tail: Tail) -> None:
    drawing = drawn(tails=(tail,))
    assert drawing.picture[row(2.5), column(0.0)] > drawing.picture[row(9.0), column(0.0)] + 30
    assert not sign(drawing, "b_lines")
    assert cells(drawing, "b_lines").max() == 0


def test_a_window_between_ribs_is_no_b_line() -> None:
    ribs = tuple(Rib(x, 0.8, 0.5, 1.0, 0.02, 0.2) for x in (-1.5, 1.5))
    drawing = drawn(ribs=ribs, haze=replace(SCENE.haze, brightness=1.0, fade_per_cm=0.4))
    window, shadow = drawing.picture[row(4.0), column(0.0)], drawing.picture[row(4.0), column(1.5)]
    assert window > 2 * int(shadow) + 20
    assert cells(drawing, "b_lines").max() == 0
    assert cells(drawing, "shadow")[5, column(1.5) // 8] > 0.8
    assert cells(drawing, "shadow")[5, column(0.0) // 8] < 0.3


def test_an_effusion_is_darker_than_the_wall_and_the_lung_beyond() -> None:
    drawing = drawn(effusion=EFFUSION)
    assert sign(drawing, "effusion")
    fluid = is_grey_of(drawing, "effusion")
    assert fluid < 0.4 * is_grey_of(drawing, "tissue")
    assert fluid < 0.4 * profile(drawing)[row(6.5) : row(8.0)].mean()


def test_septa_are_strands_in_the_fluid() -> None:
    plain = is_grey_of(drawn(effusion=EFFUSION), "effusion")
    assert is_grey_of(drawn(effusion=replace(EFFUSION, septa=1.0)), "effusion") > plain + 10


def test_a_lobar_consolidation_is_tissue_and_hides_a_lines() -> None:
    drawing = drawn(a_lines=A_LINES, consolidations=(LOBAR,))
    assert sign(drawing, "consolidation")
    assert not sign(drawing, "air_bronchogram")
    grey = is_grey_of(drawing, "consolidation")
    assert is_grey_of(drawn(effusion=EFFUSION), "effusion") < grey
    assert cells(drawing, "a_lines")[:, 5:9].max() < 0.2


def test_air_bronchograms_are_bright_in_the_consolidation() -> None:
    dark = replace(LOBAR, echo=0.05)
    airy = drawn(consolidations=(replace(dark, air=3.0),))
    assert sign(airy, "air_bronchogram")
    region = np.kron(cells(airy, "consolidation") > 0.8, np.ones((8, 8))) > 0
    solid = drawn(consolidations=(dark,))
    brightest = np.percentile(airy.picture[region], 98)
    assert brightest > np.percentile(solid.picture[region], 98) + 20


def test_a_small_consolidation_lies_under_the_pleura() -> None:
    small = replace(LOBAR, half_cm=0.8, depth_cm=1.0, echo=0.05, lobar=False)
    drawing = drawn(consolidations=(small,))
    assert sign(drawing, "consolidation")
    assert cells(drawing, "consolidation")[5:].max() < 0.1
    assert cells(drawing, "consolidation")[3, 6:8].max() > 0.5


def test_an_irregular_pleura_is_a_sign() -> None:
    rough = replace(SCENE.pleura, roughness_cm=0.1)
    assert sign(drawn(pleura=rough), "pleural_irregularity")


def test_an_organ_is_tissue_and_no_consolidation() -> None:
    organ = Organ(1, 1.0, 0.0, 0.0, 0.4, 1.5, 0.0)
    drawing = drawn(organ=organ, a_lines=A_LINES)
    assert cells(drawing, "tissue")[8, column(3.0) // 8] > 0.9
    assert cells(drawing, "tissue")[8, column(-3.0) // 8] == 0
    assert not sign(drawing, "consolidation")
    assert cells(drawing, "a_lines")[:, column(3.0) // 8].max() < 0.1


def test_what_the_machine_loses_is_no_sign() -> None:
    dark = replace(MACHINE, tgc=(-60.0, 0.0, 0.0))
    drawing = draw(
        replace(SCENE, a_lines=A_LINES, effusion=EFFUSION), dark, np.random.default_rng(0)
    )
    assert not sign(drawing, "a_lines")
    assert not sign(drawing, "effusion")
