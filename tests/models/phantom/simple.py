"""A scene and a machine without chance, so that a picture's rows and columns can be foretold."""

from dataclasses import replace

from models.phantom.machine import Machine, Probe, ProbeKind, View
from models.phantom.scene import BLine, Haze, Pleura, Scene, Wall

DEPTH_CM, HALF_WIDTH_CM = 10.0, 5.0
PLEURA_CM = 2.0

MACHINE = Machine(
    probe=Probe(ProbeKind.LINEAR, DEPTH_CM, half_width_cm=HALF_WIDTH_CM),
    view=View(side_cm=DEPTH_CM, aspect=1.0, left_cm=0.0, top_cm=0.0, mirrored=False),
    tgc=(0.0, 0.0, 0.0),
    lateral_gain=(0.0, 0.0, 0.0),
    contact=None,
    axial=0,
    lateral=0,
    speckle=0.0,
    noise=0.001,
    range_db=55.0,
    bright_grey=0.9,
    gamma=1.0,
    black=0.0,
    outside=0.0,
    blur=0.0,
    sharpen=0.0,
    resolution=1.0,
    quality=100,
    persistence=0.7,
)

SCENE = Scene(
    wall=Wall(0.3, 0.3, 0.4, 0.2, 0.1, ()),
    ribs=(),
    pleura=Pleura(PLEURA_CM, 0.0, 0.0, 3.0, 0.1, 0.0, 20.0, 0.0, 0.3, 0.0),
    haze=Haze(0.06, 0.1, 0.01, 0.0, 0.0, 0.0),
    texture=7,
)


def b_line(x_cm: float) -> BLine:
    """A plain B-line at this place."""
    return BLine(x_cm, 0.2, 1.5, 0.0, 0.0, 0.3, 0.0)


def row(depth_cm: float, size: int = 112) -> int:
    """The row of a depth."""
    return round(depth_cm / DEPTH_CM * size)


def column(x_cm: float, size: int = 112) -> int:
    """The column of a place across."""
    return round((x_cm / (2 * HALF_WIDTH_CM) + 0.5) * size)


def with_slope(slope: float) -> Scene:
    """The scene with its pleura at an angle."""
    return replace(SCENE, pleura=replace(SCENE.pleura, slope=slope))
