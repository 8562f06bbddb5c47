"""What counts as colour: not a tint of all greys, not marks, but Doppler and photographs."""

import cv2
import numpy as np
import pytest

from models.media.colour import coloured_share
from models.media.square import Picture
from models.phantom.draw import draw
from models.phantom.machine import ProbeKind, random_machine
from models.phantom.scene import random_scene

SIDE = 400


@pytest.fixture(scope="module")
def lung() -> Picture:
    rng = np.random.default_rng(4)
    machine = random_machine(rng, ProbeKind.CONVEX)
    return np.dstack([draw(random_scene(rng), machine, rng, SIDE).picture] * 3)


def compressed(picture: Picture) -> Picture:
    _, file = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])
    decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded[..., ::-1], dtype=np.uint8)


def test_greys_have_none(lung: Picture) -> None:
    assert coloured_share(lung) == 0


@pytest.mark.parametrize("tint", [(1.0, 0.85, 0.6), (0.7, 0.85, 1.0)], ids=["brown", "blue"])
def test_a_tint_is_none(lung: Picture, tint: tuple[float, float, float]) -> None:
    assert coloured_share(compressed((lung * np.array(tint)).astype(np.uint8))) < 0.012


def test_marks_are_little(lung: Picture) -> None:
    marked = lung.copy()
    cv2.putText(marked, "LUNG R1", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 220, 0), 2)
    cv2.circle(marked, (380, 200), 5, (0, 200, 255), -1)
    assert 0 < coloured_share(compressed(marked)) < 0.03


def test_a_doppler_box_is_its_flow(lung: Picture) -> None:
    doppler = lung.copy()
    doppler[120:220, 150:200] = (200, 30, 20)
    doppler[150:250, 210:250] = (20, 60, 220)
    assert coloured_share(compressed(doppler)) == pytest.approx((5000 + 4000) / SIDE**2, abs=0.01)


def test_a_picture_all_of_colours_is_nearly_all() -> None:
    hue = np.tile(np.linspace(0, 179, SIDE, dtype=np.uint8), (SIDE, 1))
    full = np.full_like(hue, 255)
    rainbow = cv2.cvtColor(np.dstack([hue, full, full]), cv2.COLOR_HSV2RGB)
    assert coloured_share(np.asarray(rainbow, dtype=np.uint8)) > 0.9


@pytest.mark.parametrize("side", [32, 1000])
def test_any_side_will_do(side: int) -> None:
    quarter = np.full((side, side, 3), 90, dtype=np.uint8)
    quarter[: side // 4] = (255, 0, 0)
    assert coloured_share(quarter) == pytest.approx(0.25, abs=0.02)
