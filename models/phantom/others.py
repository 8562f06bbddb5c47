"""Drawings that are no lung: other organs, pictures of nothing, and other pictures; for a refusal.

All but the last (scene, page, radiograph) pass through the same machines as lungs, so that a
network cannot tell them by the machine.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import cos, sin

import numpy as np

from models.contract import SIGN_MAPS
from models.phantom import imaging
from models.phantom.dice import Dice
from models.phantom.draw import SIZE, Drawing, check_size, finish, without_signs
from models.phantom.echoes import Echoes
from models.phantom.fields import Grid, as_grid, curve, field, ridge, step
from models.phantom.grid import PolarGrid
from models.phantom.imaging import Speckle
from models.phantom.machine import Machine
from models.phantom.pictures import draw_page, draw_radiograph, draw_scene


class OtherKind(StrEnum):
    """What `draw_other` draws."""

    HEART = "heart"
    ABDOMEN = "abdomen"
    VESSEL = "vessel"
    TISSUE = "tissue"
    CAVITY = "cavity"
    TEST_OBJECT = "test_object"
    NOISE = "noise"
    BLACK = "black"
    WHITE = "white"
    SCENE = "scene"
    PAGE = "page"
    RADIOGRAPH = "radiograph"


def draw_other(
    kind: OtherKind, machine: Machine, rng: np.random.Generator, size: int = SIZE
) -> Drawing:
    """Draw something that is no lung; all its maps and signs are 0.

    Args:
        kind: what to draw.
        machine: see `models.phantom.machine.random_machine`; scene, page and radiograph have none.
        rng: every further random number comes from it.
        size: side of the picture in pixels, 28 to 1024.

    Raises:
        ValueError: a size out of bounds.
    """
    check_size(size)
    if kind in _WITHOUT_A_MACHINE:
        return without_signs(_WITHOUT_A_MACHINE[kind](Dice(rng), size))
    grid = PolarGrid(machine.probe)
    amplitude = _DRAWERS[kind](grid, Dice(rng))
    nothing = np.zeros_like(amplitude)
    seen = Echoes(amplitude, nothing, dict.fromkeys(SIGN_MAPS, nothing))
    gains = imaging.settings(seen, machine, rng)
    if kind in _BEYOND_THE_GREY_MAP:
        seen = Echoes(amplitude * np.float32(_BEYOND_THE_GREY_MAP[kind]), nothing, seen.maps)
    return finish(seen, machine, gains, Speckle.new(machine, rng), rng, size, None)


def _texture(grid: PolarGrid, dice: Dice, scale_cm: float, contrast: float) -> Grid:
    x = grid.across(0.4 * grid.probe.depth_cm)
    grain = field(dice.rng, grid.depth, x, scale_cm, 1.5 * scale_cm)
    return as_grid(np.exp(np.float32(contrast) * grain))


def _ellipse(
    grid: PolarGrid, dice: Dice, centre: Sequence[float], radii: Sequence[float], angle: float
) -> Grid:
    """Distance from an ellipse's centre, 1 at its uneven rim, (depths, lines)."""
    across, down = grid.x - np.float32(centre[0]), grid.z - np.float32(centre[1])
    along = (across * cos(angle) + down * sin(angle)) / np.float32(radii[0])
    beside = (down * cos(angle) - across * sin(angle)) / np.float32(radii[1])
    uneven = 1 + 0.08 * curve(dice.rng, grid.depth, 0.25 * grid.probe.depth_cm)[:, None]
    return as_grid(np.sqrt(np.square(along) + np.square(beside)) * uneven)


def _near_field(grid: PolarGrid, dice: Dice) -> Grid:
    """Skin and muscle in front of everything, as bright layers."""
    layers = curve(dice.rng, grid.depth, 0.02 * grid.probe.depth_cm)
    reach = grid.probe.depth_cm * dice.between(0.05, 0.2)
    rows = np.exp(0.6 * layers - grid.depth / np.float32(reach)) * np.float32(dice.scale(0.5, 2.0))
    return np.repeat(rows[:, None], len(grid.t), axis=1)


def _heart(grid: PolarGrid, dice: Dice) -> Grid:
    """Two to four black chambers in grey muscle, valves between, bright pericardium around."""
    depth = grid.probe.depth_cm
    heart = _ellipse(
        grid,
        dice,
        (0, depth * dice.between(0.45, 0.6)),
        (depth * dice.between(0.32, 0.45), depth * dice.between(0.28, 0.4)),
        dice.between(-1, 1),
    )
    muscle = step(1 - heart, 0.1) * np.float32(dice.scale(0.15, 0.6))
    echo = muscle * _texture(grid, dice, 0.4, 0.4) + np.float32(dice.scale(0.02, 0.2))
    echo += ridge(heart - 1, 0.035) * np.float32(dice.scale(0.6, 3.0))
    turn = dice.between(-0.6, 0.6)
    for _ in range(dice.count(2, 4)):
        centre = (depth * dice.between(-0.22, 0.22), depth * dice.between(0.3, 0.75))
        radii = (depth * dice.between(0.1, 0.22), depth * dice.between(0.06, 0.13))
        chamber = _ellipse(grid, dice, centre, radii, turn + dice.between(0.6, 1.4))
        echo *= 1 - 0.97 * step(1 - chamber, 0.2)
        echo += ridge(chamber - 1, 0.06) * np.float32(dice.scale(0.1, 0.8))
    for _ in range(dice.count(1, 3)):
        leaflet = _ellipse(
            grid,
            dice,
            (depth * dice.between(-0.15, 0.15), depth * dice.between(0.35, 0.65)),
            (depth * dice.between(0.05, 0.12), 0.15),
            dice.between(-1.2, 1.2),
        )
        echo += step(1 - leaflet, 0.3) * np.float32(dice.scale(0.4, 2.0))
    return as_grid(echo + _near_field(grid, dice))


def _abdomen(grid: PolarGrid, dice: Dice) -> Grid:
    """Liver with vessels, often a kidney, a gallbladder or a diaphragm."""
    depth = grid.probe.depth_cm
    echo = np.float32(dice.scale(0.15, 0.6)) * _texture(grid, dice, 1.2, 0.2)
    for _ in range(dice.count(1, 7)):
        centre = (depth * dice.between(-0.4, 0.4), depth * dice.between(0.15, 0.8))
        radii = (depth * dice.between(0.02, 0.12), depth * dice.between(0.01, 0.035))
        vessel = _ellipse(grid, dice, centre, radii, dice.between(-1.5, 1.5))
        echo *= 1 - 0.92 * step(1 - vessel, 0.4)
        echo += ridge(vessel - 1.1, 0.15) * np.float32(dice.scale(0.05, 1.0))
    if dice.chance(0.6):
        centre = (depth * dice.between(-0.25, 0.25), depth * dice.between(0.35, 0.65))
        radii = (depth * dice.between(0.2, 0.32), depth * dice.between(0.1, 0.16))
        kidney = _ellipse(grid, dice, centre, radii, dice.between(-0.6, 0.6))
        inside = step(1 - kidney, 0.15)
        sinus = step(0.5 - kidney, 0.3) * _texture(grid, dice, 0.3, 0.7)
        echo = echo * (1 - 0.65 * inside) + sinus * np.float32(dice.scale(0.4, 1.5))
        echo += ridge(kidney - 1, 0.05) * np.float32(dice.scale(0.2, 1.2))
    if dice.chance(0.35):
        centre = (depth * dice.between(-0.25, 0.25), depth * dice.between(0.2, 0.5))
        radii = (depth * dice.between(0.1, 0.2), depth * dice.between(0.05, 0.1))
        bladder = _ellipse(grid, dice, centre, radii, dice.between(-1.0, 1.0))
        echo *= 1 - 0.98 * step(1 - bladder, 0.15)
        echo += ridge(bladder - 1.05, 0.08) * np.float32(dice.scale(0.3, 1.5))
    if dice.chance(0.4):
        arc = _ellipse(grid, dice, (0, 0.2 * depth), (depth * 0.9, depth * 0.65), 0.0)
        echo *= 1 - 0.6 * step(arc - 1, 0.1)
        echo += ridge(arc - 1, 0.03) * np.float32(dice.scale(0.6, 3.0))
    return as_grid(echo + _near_field(grid, dice))


def _vessel(grid: PolarGrid, dice: Dice) -> Grid:
    """Layers of muscle, round black lumina with bright walls and enhancement below, and a nerve."""
    depth = grid.probe.depth_cm
    x = grid.across(0.3 * depth)
    fibres = field(dice.rng, grid.depth, x, 0.02 * depth, 0.4 * depth)
    echo = np.exp(0.6 * fibres) * np.float32(dice.scale(0.15, 0.7))
    for _ in range(dice.count(1, 5)):
        fascia = depth * dice.between(0.05, 0.9) + 0.03 * depth * curve(dice.rng, x, 0.2 * depth)
        echo += ridge(grid.z - fascia, 0.012 * depth) * np.float32(dice.scale(0.4, 2.0))
    for _ in range(dice.count(1, 3)):
        half = grid.half_width(0.3 * depth)
        middle = (half * dice.between(-0.7, 0.7), depth * dice.between(0.2, 0.65))
        tall = depth * dice.between(0.05, 0.15)
        wide = tall * (dice.between(0.8, 1.6) if dice.chance(0.7) else dice.between(3.0, 9.0))
        lumen = _ellipse(grid, dice, middle, (wide, tall), dice.between(-0.2, 0.2))
        behind = step(wide - np.abs(grid.x - np.float32(middle[0])), 0.3 * wide)
        behind = behind * step(grid.z - np.float32(middle[1] + tall), 0.1)
        echo *= (1 - 0.97 * step(1 - lumen, 0.2)) * (1 + 0.7 * behind)
        echo += ridge(lumen - 1.05, 0.08) * np.float32(dice.scale(0.2, 2.0))
    return as_grid(echo + _near_field(grid, dice))


def _tissue(grid: PolarGrid, dice: Dice) -> Grid:
    """Muscle, fat, glands: layers of different grain, with lesions, shadows and bundles."""
    depth = grid.probe.depth_cm
    x = grid.across(0.3 * depth)
    echo = np.zeros((len(grid.depth), len(grid.t)), np.float32)
    top: Grid | float = -depth
    for _ in range(dice.count(1, 5)):
        bottom = depth * dice.between(0.1, 1.1) + 0.05 * depth * curve(dice.rng, x, 0.4 * depth)
        grain = field(
            dice.rng, grid.depth, x, depth * dice.scale(0.01, 0.2), depth * dice.scale(0.02, 0.5)
        )
        layer = np.exp(np.float32(dice.between(0.1, 0.9)) * grain) * np.float32(dice.scale(0.1, 1))
        inside = step(grid.z - top, 0.02 * depth)
        echo += inside * (layer - echo)
        echo += ridge(grid.z - bottom, 0.01 * depth) * np.float32(dice.scale(0.05, 2.0))
        top = bottom
    for _ in range(dice.count(0, 5)):
        half = grid.half_width(0.4 * depth)
        centre = (half * dice.between(-0.8, 0.8), depth * dice.between(0.1, 0.8))
        radii = (depth * dice.scale(0.02, 0.25), depth * dice.scale(0.02, 0.15))
        lesion = _ellipse(grid, dice, centre, radii, dice.between(-1.0, 1.0))
        echo *= 1 + np.float32(dice.between(-0.95, 1.0)) * step(1 - lesion, dice.scale(0.1, 0.6))
        echo += ridge(lesion - 1, 0.08) * np.float32(dice.scale(0.02, 1.0))
        behind = step(np.float32(radii[0]) - np.abs(grid.x - np.float32(centre[0])), 0.2 * radii[0])
        behind = behind * step(grid.z - np.float32(centre[1]), 0.1)
        echo *= 1 + np.float32(dice.between(-0.9, 0.8)) * behind
    return as_grid(echo + _near_field(grid, dice))


def _cavity(grid: PolarGrid, dice: Dice) -> Grid:
    """One large round thing with a bright wall: an eye, a bladder, a womb, an infant's head."""
    depth = grid.probe.depth_cm
    echo = np.float32(dice.scale(0.05, 0.6)) * _texture(grid, dice, 0.8, 0.4)
    middle = (depth * dice.between(-0.15, 0.15), depth * dice.between(0.35, 0.65))
    radii = (depth * dice.between(0.2, 0.45), depth * dice.between(0.18, 0.38))
    wall = _ellipse(grid, dice, middle, radii, dice.between(-1.0, 1.0))
    inside = step(1 - wall, 0.08)
    content = np.float32(dice.scale(0.003, 0.3)) * _texture(grid, dice, 0.3, 0.6)
    echo += inside * (content - echo)
    echo += ridge(wall - 1, dice.scale(0.02, 0.08)) * np.float32(dice.scale(0.3, 4.0))
    for _ in range(dice.count(0, 6)):
        centre = (
            middle[0] + radii[0] * dice.between(-0.7, 0.7),
            middle[1] + radii[1] * dice.between(-0.7, 0.7),
        )
        size = (radii[0] * dice.scale(0.05, 0.5), radii[1] * dice.scale(0.04, 0.3))
        part = _ellipse(grid, dice, centre, size, dice.between(-1.5, 1.5))
        echo += inside * step(1 - part, 0.3) * np.float32(dice.scale(0.02, 1.5))
    return as_grid(echo + _near_field(grid, dice))


def _test_object(grid: PolarGrid, dice: Dice) -> Grid:
    """A block for measuring a machine: even speckle, points in rows, round cysts."""
    depth = grid.probe.depth_cm
    echo = np.full((len(grid.depth), len(grid.t)), dice.scale(0.1, 0.6), dtype=np.float32)
    echo *= np.exp(-grid.z * np.float32(dice.between(0.0, 0.15)))
    distance, start = depth * dice.between(0.08, 0.25), depth * dice.between(0.0, 0.1)
    for row in range(dice.count(0, 8)):
        for column in range(-dice.count(0, 3), 4):
            if row and column and dice.chance(0.6):
                continue
            across = grid.x - np.float32(column * distance)
            down = grid.z - np.float32(start + (row + 1) * distance)
            spread = (0.012 * depth) ** 2
            point = np.exp(-np.minimum((0.3 * across**2 + down**2) / np.float32(spread), 25))
            echo += point * np.float32(dice.scale(1.0, 6.0))
    for _ in range(dice.count(0, 6)):
        centre = (depth * dice.between(-0.4, 0.4), depth * dice.between(0.1, 0.9))
        radius = depth * dice.scale(0.015, 0.12)
        cyst = _ellipse(grid, dice, centre, (radius, radius), 0.0)
        echo *= 1 + np.float32(dice.between(-0.98, 1.5)) * step(1 - cyst, 0.15)
    return as_grid(echo)


def _noise(grid: PolarGrid, dice: Dice) -> Grid:
    """Speckle alone, evenly or fading."""
    fall = np.exp(-grid.z * np.float32(dice.between(0.0, 0.4)))
    return np.repeat(fall, len(grid.t), axis=1)


def _even(grid: PolarGrid, dice: Dice) -> Grid:
    """The same echo everywhere."""
    return np.full((len(grid.depth), len(grid.t)), dice.scale(0.5, 2.0), dtype=np.float32)


_DRAWERS = {
    OtherKind.HEART: _heart,
    OtherKind.ABDOMEN: _abdomen,
    OtherKind.VESSEL: _vessel,
    OtherKind.TISSUE: _tissue,
    OtherKind.CAVITY: _cavity,
    OtherKind.TEST_OBJECT: _test_object,
    OtherKind.NOISE: _noise,
    OtherKind.BLACK: _even,
    OtherKind.WHITE: _even,
}

_WITHOUT_A_MACHINE = {
    OtherKind.SCENE: draw_scene,
    OtherKind.PAGE: draw_page,
    OtherKind.RADIOGRAPH: draw_radiograph,
}

_BEYOND_THE_GREY_MAP = {OtherKind.BLACK: 0.0, OtherKind.WHITE: 1e4}
"""Factors after the gain was set: a probe in the air, and a gain turned up to the end."""
