"""The machine and its operator: probe, gains, grey map, resolution, marks and codec.

A machine knows no patient: the same one draws lungs and everything else.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import cos, radians, sin

import numpy as np

from models.phantom.dice import Dice
from models.phantom.fields import AXIAL_SIZES, LATERAL_SIZES


class ProbeKind(StrEnum):
    """The shapes of a probe's field."""

    CONVEX = "convex"
    LINEAR = "linear"
    PHASED = "phased"


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe's field.

    `radius_cm` is the curvature of its face and `half_angle` (radians) half its opening; a linear
    probe has none and is `half_width_cm` wide on either side. `depth_cm` is the depth of the field.
    """

    kind: ProbeKind
    depth_cm: float
    radius_cm: float = 0.0
    half_angle: float = 0.0
    half_width_cm: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """The square of the field that the picture shows.

    `side_cm` is its height, `aspect` the stretch of its width, `left_cm` and `top_cm` shift the
    field, `mirrored` swaps left and right.
    """

    side_cm: float
    aspect: float
    left_cm: float
    top_cm: float
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """Something burned into the picture: `text`, a `ruler` of ticks, or a `dot`.

    Places and sizes are shares of the picture's side; `grey` is 0 to 1.
    """

    kind: str
    x: float
    y: float
    size: float
    grey: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where the face has contact: lines from `start` to `end` (-1 to 1); others stay dark."""

    start: float
    end: float
    leak: float


@dataclass(frozen=True, slots=True)
class Machine:
    """A probe, its settings, and what becomes of the picture before it is stored.

    Attributes:
        tgc: time-gain over the depth as exponents: linear, quadratic, and its unevenness.
        lateral_gain: exponents over the lines: fall to the sides, tilt, and unevenness.
        axial, lateral: size of speckle, as indices into `AXIAL_SIZES` and `LATERAL_SIZES`.
        speckle: 0 (smoothed away) to 1 (fully developed, a single look).
        noise: electronic noise relative to the brightest echoes; it grows with the time-gain.
        range_db: dynamic range of the grey map, 34 to 64 dB.
        bright_grey: grey (0 to 1) that the brightest echoes reach: the gain.
        gamma: exponent of the grey map.
        black: grey of the field's floor, 0 to 0.12.
        outside: grey around the field, 0 to 0.12.
        blur: blur of the picture, as a standard deviation in 112ths of its side.
        sharpen: strength of edge enhancement.
        resolution: stored side as a share of the picture's, 0.5 to 1.
        quality: JPEG quality 18 to 95, or 100 for no codec.
        persistence: correlation of speckle from one frame to the next, 0 to 1.
    """

    probe: Probe
    view: View
    tgc: tuple[float, float, float]
    lateral_gain: tuple[float, float, float]
    contact: Contact | None
    axial: int
    lateral: int
    speckle: float
    noise: float
    range_db: float
    bright_grey: float
    gamma: float
    black: float
    outside: float
    blur: float
    sharpen: float
    resolution: float
    quality: int
    persistence: float
    marks: tuple[Mark, ...] = ()


def random_machine(rng: np.random.Generator, kind: ProbeKind | None = None) -> Machine:
    """A machine with all its settings; convex in four of five cases unless `kind` is given."""
    dice = Dice(rng)
    if kind is None:
        share = dice.between(0.0, 1.0)
        kind = (
            ProbeKind.CONVEX
            if share < 0.8
            else ProbeKind.LINEAR
            if share < 0.9
            else ProbeKind.PHASED
        )
    probe = _probe(dice, kind)
    dark = dice.chance(0.62)
    poor = dice.chance(0.22)
    return Machine(
        probe=probe,
        view=_view(dice, probe),
        tgc=(dice.between(-3.2, 0.6), dice.between(-2.5, 0.8), dice.between(0.0, 0.35)),
        lateral_gain=(dice.scale(0.05, 2.5), dice.between(-0.4, 0.4), dice.between(0.0, 0.35)),
        contact=_contact(dice) if dice.chance(0.25) else None,
        axial=dice.count(0, len(AXIAL_SIZES) - 1),
        lateral=dice.count(0, len(LATERAL_SIZES) - 1),
        speckle=dice.between(0.15, 0.95),
        noise=dice.scale(0.0008, 0.03),
        range_db=dice.between(34.0, 64.0),
        bright_grey=dice.between(0.38, 0.72) if dark else dice.between(0.58, 0.95),
        gamma=dice.scale(1.0, 2.0) if dark else dice.scale(0.9, 2.0),
        black=dice.between(0.0, 0.07) if dice.chance(0.3) else 0.0,
        outside=dice.between(0.0, 0.12) if dice.chance(0.12) else 0.0,
        blur=dice.scale(0.2, 1.1) if dice.chance(0.45) else 0.0,
        sharpen=dice.between(0.2, 1.0) if dice.chance(0.3) else 0.0,
        resolution=dice.between(0.5, 0.95) if poor else 1.0,
        quality=dice.count(18, 50) if poor else dice.count(40, 95) if dice.chance(0.5) else 100,
        persistence=dice.between(0.35, 0.9),
        marks=_marks(dice) if dice.chance(0.18) else (),
    )


def _probe(dice: Dice, kind: ProbeKind) -> Probe:
    """Sizes of usual transducers: convex of 5 to 6 cm radius, linear of 4 to 5 cm, cardiac."""
    if kind is ProbeKind.LINEAR:
        return Probe(kind, dice.scale(3.0, 8.0), half_width_cm=dice.between(1.8, 2.6))
    if kind is ProbeKind.PHASED:
        return Probe(
            kind,
            dice.between(9.0, 18.0),
            radius_cm=dice.between(0.4, 1.2),
            half_angle=radians(dice.between(34.0, 46.0)),
        )
    radius = dice.between(4.0, 6.5) if dice.chance(0.85) else dice.between(1.2, 2.5)
    return Probe(
        kind,
        dice.scale(6.0, 18.0),
        radius_cm=radius,
        half_angle=radians(dice.between(24.0, 38.0)),
    )


def _view(dice: Dice, probe: Probe) -> View:
    """Mostly the whole depth, from the face's edge; the sides are often cut off."""
    height = probe.depth_cm + probe.radius_cm * (1.0 - cos(probe.half_angle))
    side = height * (dice.between(0.92, 1.12) if dice.chance(0.8) else dice.between(0.6, 0.95))
    if probe.kind is ProbeKind.LINEAR:
        side = max(side, probe.half_width_cm * 1.5)
    width = max(probe.half_width_cm, (probe.radius_cm + probe.depth_cm) * sin(probe.half_angle))
    free = max(0.05, 0.5 - 0.45 * width / side)
    return View(
        side_cm=side,
        aspect=dice.between(0.85, 1.18),
        left_cm=side * dice.between(-0.25, 0.25) * free,
        top_cm=side * dice.between(-0.02, 0.05),
        mirrored=dice.chance(0.5),
    )


def _contact(dice: Dice) -> Contact:
    """Contact from one side on, or in the middle alone, as between ribs or with a dry probe."""
    lost = [dice.between(0.1, 0.7), dice.between(0.1, 0.7)]
    kept = dice.count(0, 2)
    if kept < len(lost):
        lost[kept] = -0.2
    return Contact(lost[0] - 1.0, 1.0 - lost[1], dice.between(0.0, 0.15))


def _marks(dice: Dice) -> tuple[Mark, ...]:
    """Text, rulers and markers, as they stay after the square is cut out."""
    marks = []
    for _ in range(dice.count(1, 3)):
        kind = ("text", "ruler", "dot")[dice.count(0, 2)]
        letters = "".join(chr(dice.count(48, 90)) for _ in range(dice.count(2, 9)))
        edge = dice.between(0.0, 0.12)
        marks.append(
            Mark(
                kind,
                x=edge if dice.chance(0.5) else 1.0 - edge - (0.15 if kind == "text" else 0.0),
                y=dice.between(0.02, 0.97),
                size=dice.between(0.015, 0.05),
                grey=dice.between(0.4, 1.0),
                text=letters if kind == "text" else "",
            )
        )
    return tuple(marks)
