"""From echoes to a stored picture: gains, speckle, grey map, scan conversion, marks and codec."""

from dataclasses import dataclass
from functools import lru_cache
from math import cos

import cv2
import numpy as np
import numpy.typing as npt

from models.phantom.echoes import Echoes
from models.phantom.fields import Grid, as_grid, complex_speckle, curve, magnitude, white_noise
from models.phantom.grid import DEPTHS, LINES, PolarGrid
from models.phantom.machine import Machine, Mark, Probe, ProbeKind, View

Grey = npt.NDArray[np.uint8]
"""A grey picture, (size, size)."""

_BRIGHTEST_SHARE = 0.985
_SEEN_FROM, _SEEN_TO = 0.05, 0.14
"""Greys of the smooth picture at which a bright artefact begins to be seen and is plain."""


@dataclass(frozen=True)
class Speckle:
    """Complex speckle of what stays with the wall and of what moves with the lung."""

    wall: Grid
    lung: Grid

    @classmethod
    def new(cls, machine: Machine, rng: np.random.Generator) -> "Speckle":
        """The speckle of a first frame; one field does for both."""
        field = complex_speckle(rng, (DEPTHS, LINES), machine.axial, machine.lateral)
        return cls(field, field)

    def next(self, machine: Machine, rng: np.random.Generator) -> "Speckle":
        """The next frame's: the wall hardly changes, the lung's correlates by `persistence`."""
        fresh = Speckle.new(machine, rng).lung
        return Speckle(
            _blend(self.wall, fresh, 1 - 0.25 * (1 - machine.persistence)),
            _blend(self.lung, fresh, machine.persistence),
        )

    def envelope(self, lung: Grid) -> Grid:
        """Its magnitude, of unit mean, where `lung` (0 to 1) says which of the two is seen."""
        if self.wall is self.lung:
            return magnitude(self.lung)
        return magnitude(self.wall + lung * (self.lung - self.wall))


def _blend(old: Grid, new: Grid, share: float) -> Grid:
    return old * np.float32(share) + new * np.float32(np.sqrt(1 - share**2))


@dataclass(frozen=True)
class Settings:
    """What a machine's random unevenness comes to: gains by row and by line, and its reference.

    Taken once, from the first frame, so that a clip does not flicker.
    """

    rows: Grid
    lines: Grid
    reference: float


def settings(picture: Echoes, machine: Machine, rng: np.random.Generator) -> Settings:
    """The gains of a machine, and the amplitude that its grey map makes bright."""
    grid = PolarGrid(machine.probe)
    share = grid.share - np.float32(0.5)
    linear, quadratic, uneven = machine.tgc
    rows = np.exp(
        linear * share + quadratic * np.square(share) + uneven * curve(rng, grid.share, 0.2)
    )
    fall, tilt, uneven = machine.lateral_gain
    lines = np.exp(-fall * np.square(grid.t) + tilt * grid.t + uneven * curve(rng, grid.t, 0.35))
    if machine.contact is not None:
        contact = machine.contact
        lost = (grid.t < contact.start) | (grid.t > contact.end)
        lost = cv2.blur(lost.astype(np.float32)[None], (7, 1))[0]
        lines = lines * (1 - lost * np.float32(1 - contact.leak))
    sample = (picture.amplitude[::3, ::2] * rows[::3, None] * lines[None, ::2]).ravel()
    place = int(_BRIGHTEST_SHARE * sample.size)
    reference = float(np.partition(sample, place)[place])
    return Settings(rows.astype(np.float32), lines.astype(np.float32), max(reference, 1e-6))


def polar_grey(
    picture: Echoes, machine: Machine, gains: Settings, speckle: Speckle
) -> tuple[Grid, Grid]:
    """Grey after compression, 0 to 1, and how plainly bright things are seen, (depths, lines)."""
    level = picture.amplitude * gains.rows[:, None] * gains.lines
    level = level * np.float32(1 / gains.reference)
    grain = speckle.envelope(picture.lung)
    share = np.float32(machine.speckle)
    # The receiver's noise has passed the time-gain too: it is brightest where the gain is.
    noise = np.float32(machine.noise) * (gains.rows / gains.rows.max())[:, None]
    echo = level * (grain * share + (1 - share)) + noise * grain[::-1]
    scale = np.float32(20 / np.log(10) / machine.range_db)
    smooth = np.log(level + np.float32(1e-6)) * scale + np.float32(1)
    seen = smooth * np.float32(machine.bright_grey)
    seen = np.minimum(np.maximum((seen - _SEEN_FROM) * (1 / (_SEEN_TO - _SEEN_FROM)), 0), 1)
    grey = (np.log(echo + np.float32(1e-6)) * scale + 1) * np.float32(machine.bright_grey)
    return np.minimum(np.maximum(grey, 0), 1), seen


@lru_cache(maxsize=64)
def places(probe: Probe, view: View, size: int) -> tuple[Grid, Grid]:
    """Line and row of the polar grid for every pixel of a picture, each (size, size).

    A convex or phased probe's lines meet above its face; the picture begins at the face's edges.
    """
    steps = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    across = (steps - np.float32(0.5)) * np.float32(view.side_cm / view.aspect) - view.left_cm
    if view.mirrored:
        across = -across
    down = steps * np.float32(view.side_cm) - np.float32(view.top_cm)
    shape = (size, size)
    x = np.broadcast_to(across[None, :], shape).astype(np.float32)
    y = np.broadcast_to(down[:, None], shape).astype(np.float32)
    if probe.kind is ProbeKind.LINEAR:
        depth, place = y, x / np.float32(probe.half_width_cm)
    else:
        y = y + np.float32(probe.radius_cm * cos(probe.half_angle))
        radius, angle = cv2.cartToPolar(y, x)
        angle = np.where(angle > np.pi, angle - np.float32(2 * np.pi), angle)
        depth, place = radius - np.float32(probe.radius_cm), angle / np.float32(probe.half_angle)
    lines = (place + 1) * np.float32((LINES - 1) / 2)
    rows = depth * np.float32((DEPTHS - 1) / probe.depth_cm)
    return lines.astype(np.float32), rows.astype(np.float32)


def scan_convert(layers: Grid, lines: Grid, rows: Grid) -> Grid:
    """Polar layers (depths, lines, n), at most four, as pictures (size, size, n); 0 outside."""
    converted = cv2.remap(layers, lines, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(converted, dtype=np.float32)


def stored(
    grey: Grid, inside: npt.NDArray[np.bool_], machine: Machine, rng: np.random.Generator
) -> Grey:
    """The picture as it is stored: filtered, mapped, marked, made coarse and coded.

    Args:
        grey: 0 to 1, (size, size).
        inside: where the field is.
        machine: its settings.
        rng: for the grain of the digitiser.
    """
    size = grey.shape[0]
    unit = size / 112
    if machine.blur:
        grey = as_grid(cv2.GaussianBlur(grey, (0, 0), machine.blur * unit))
    if machine.sharpen:
        soft = as_grid(cv2.GaussianBlur(grey, (0, 0), 1.3 * unit))
        grey = grey + np.float32(machine.sharpen) * (grey - soft)
    grey = grey + np.float32(0.006) * white_noise(rng, size, size)
    picture = cv2.convertScaleAbs(np.maximum(grey, 0), alpha=255.0)
    table = np.power(np.arange(256) / 255, machine.gamma) * (1 - machine.black) + machine.black
    mapped = cv2.LUT(picture, np.round(255 * table).astype(np.uint8))
    outside = np.uint8(round(255 * machine.outside))
    burned = np.asarray(np.where(inside, mapped, outside), dtype=np.uint8)
    for mark in machine.marks:
        _burn(burned, mark)
    return _coded(burned, machine)


def _coded(picture: Grey, machine: Machine) -> Grey:
    size = picture.shape[0]
    small = max(16, round(size * machine.resolution))
    if small < size:
        picture = np.asarray(
            cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), np.uint8
        )
    if machine.quality < 100:
        options = [cv2.IMWRITE_JPEG_QUALITY, machine.quality]
        picture = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", picture, options)[1], cv2.IMREAD_GRAYSCALE), np.uint8
        )
    if small < size:
        picture = np.asarray(
            cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8
        )
    return picture


def _burn(picture: Grey, mark: Mark) -> None:
    """Write a mark into the picture."""
    size = picture.shape[0]
    x, y, grey = round(mark.x * size), round(mark.y * size), round(255 * mark.grey)
    if mark.kind == "text":
        scale = mark.size * size / 22
        cv2.putText(picture, mark.text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, grey, 1)
    elif mark.kind == "dot":
        cv2.circle(picture, (x, y), max(1, round(mark.size * size / 2)), grey, -1)
    else:
        for tick in range(0, size, max(3, round(2 * mark.size * size))):
            picture[tick, max(0, x - 1) : x + 1] = grey
