"""What the sign network learns from: lungs through every machine, and things that are no lung."""

import numpy as np

from models.contract import CONVEX, LUNG, SIGN_MAPS, SIGNS
from models.phantom.draw import Drawing, draw
from models.phantom.machine import ProbeKind, random_machine
from models.phantom.others import OtherKind, draw_other
from models.phantom.scene import random_scene
from models.training.signs.drawings import Drawings
from models.training.signs.train import Names

NAMES = Names(SIGN_MAPS, (*SIGNS, *(f"{name}_extent" for name in SIGN_MAPS), LUNG, CONVEX))
"""The network's outputs: a map for each sign with a place; then what the whole picture shows, and
the share of the field that each map covers.
"""

_OTHERS = 0.22
_KINDS = {
    OtherKind.HEART: 0.2,
    OtherKind.ABDOMEN: 0.15,
    OtherKind.VESSEL: 0.1,
    OtherKind.TISSUE: 0.15,
    OtherKind.CAVITY: 0.08,
    OtherKind.TEST_OBJECT: 0.04,
    OtherKind.NOISE: 0.04,
    OtherKind.BLACK: 0.02,
    OtherKind.WHITE: 0.02,
    OtherKind.SCENE: 0.1,
    OtherKind.PAGE: 0.05,
    OtherKind.RADIOGRAPH: 0.05,
}
_MADE_BY_NO_PROBE = (OtherKind.SCENE, OtherKind.PAGE, OtherKind.RADIOGRAPH)


def draw_example(rng: np.random.Generator) -> Drawings:
    """A lung in 78 of 100, or something else, with its truth: a batch of one."""
    machine = random_machine(rng)
    convex = machine.probe.kind is ProbeKind.CONVEX
    if rng.random() >= _OTHERS:
        return _example(draw(random_scene(rng), machine, rng), is_lung=True, is_convex=convex)
    kind = rng.choice(list(_KINDS), p=list(_KINDS.values()))
    drawing = draw_other(kind, machine, rng)
    convex = convex and kind not in _MADE_BY_NO_PROBE
    return _example(drawing, is_lung=False, is_convex=convex)


def _example(drawing: Drawing, *, is_lung: bool, is_convex: bool) -> Drawings:
    signs = np.concatenate([drawing.signs, drawing.extent, np.array([is_lung, is_convex])])
    maps = (255 * drawing.maps.transpose(1, 2, 0)).round().astype(np.uint8)
    return Drawings(drawing.picture[None], maps[None], signs[None].astype(np.float32))
