"""A picture of a scene through a machine, with its signs at every place."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.contract import SIGN_MAPS, SIGNS
from models.phantom import imaging
from models.phantom.echoes import Echoes, echoes
from models.phantom.fields import Grid, as_grid
from models.phantom.grid import PolarGrid
from models.phantom.imaging import Grey, Settings, Speckle
from models.phantom.machine import Machine
from models.phantom.scene import Scene

SIZE = 112
"""Default side of a picture in pixels."""

MAP_SIDE = 14
"""Side of a sign's map in cells."""

_MAP_PIXELS = 4 * MAP_SIDE
_THIN = ("pleura", "a_lines", "b_lines")
_DARK = ("consolidation", "effusion")
_NEIGHBOURS = np.ones((1, 15), np.uint8)
"""Lines beside a dark sign on which something must shine behind it, or nobody can see it."""

_PRESENT = 0.5


@dataclass(frozen=True)
class Drawing:
    """A picture and its truth.

    Attributes:
        picture: uint8, (size, size).
        maps: a map for each of `SIGN_MAPS`, 0 to 1, float32 (7, 14, 14). Of thin signs (pleura,
            A-lines, B-lines) a cell holds the maximum, of the others the mean.
        signs: 1.0 where the picture shows a sign of `SIGNS`, else 0.0, float32 (6,).
        extent: share of the field (0 to 1) that each map covers, float32 (7,).
    """

    picture: Grey
    maps: Grid
    signs: Grid
    extent: Grid


def draw(scene: Scene, machine: Machine, rng: np.random.Generator, size: int = SIZE) -> Drawing:
    """Draw a scene as a machine shows it.

    The scene's own texture is part of the scene; `rng` gives speckle, noise and unevenness of the
    gains, so that the same scene can be seen twice.

    Args:
        scene: see `models.phantom.scene.random_scene`.
        machine: see `models.phantom.machine.random_machine`.
        rng: every further random number comes from it.
        size: side of the picture in pixels, 28 to 1024.

    Raises:
        ValueError: a size out of bounds.
    """
    check_size(size)
    seen = echoes(scene, PolarGrid(machine.probe))
    gains = imaging.settings(seen, machine, rng)
    return finish(seen, machine, gains, Speckle.new(machine, rng), rng, size, scene)


def without_signs(picture: Grey) -> Drawing:
    """The drawing of a picture that shows no sign anywhere."""
    nothing = np.zeros((len(SIGN_MAPS), MAP_SIDE, MAP_SIDE), np.float32)
    none = np.zeros(len(SIGN_MAPS), np.float32)
    return Drawing(picture, nothing, np.zeros(len(SIGNS), np.float32), none)


def check_size(size: int) -> None:
    """Refuse a side that cannot be drawn.

    Raises:
        ValueError: it is not from 28 to 1024.
    """
    if not 28 <= size <= 1024:
        raise ValueError(f"expected a side of 28 to 1024 pixels, got {size}")


def finish(
    seen: Echoes,
    machine: Machine,
    gains: Settings,
    speckle: Speckle,
    rng: np.random.Generator,
    size: int,
    scene: Scene | None,
) -> Drawing:
    """The drawing of these echoes; `scene` is None for what is no lung, which has no signs."""
    grey, plain = imaging.polar_grey(seen, machine, gains, speckle)
    lines, rows = imaging.places(machine.probe, machine.view, size)
    converted = imaging.scan_convert(grey, lines, rows)
    inside = _inside(seen, lines, rows)
    picture = imaging.stored(converted, inside, machine, rng)
    if scene is None:
        return without_signs(picture)
    return Drawing(picture, *_truth(_maps(seen, machine, plain, gains), scene))


def _inside(seen: Echoes, lines: Grid, rows: Grid) -> npt.NDArray[np.bool_]:
    depths, width = seen.amplitude.shape
    across = (lines >= 0) & (lines <= width - 1)
    return np.asarray(across & (rows >= 0) & (rows <= depths - 1), dtype=np.bool_)


def _maps(seen: Echoes, machine: Machine, plain: Grid, gains: Settings) -> tuple[Grid, Grid]:
    """The maps as pictures of 56 pixels, in two halves (56, 56, 4); the last is the field.

    Two rows of the polar grid become one: their maximum where a sign is thin.
    """
    contact = np.minimum(gains.lines * np.float32(2 / float(np.median(gains.lines))), 1)
    behind = np.maximum.accumulate(plain[::-2])[::-1]
    behind = as_grid(cv2.dilate(behind, _NEIGHBOURS)) * contact
    plain = plain * contact
    layers = []
    for name in SIGN_MAPS:
        layer = seen.maps[name]
        if name in _THIN:
            layers.append(np.maximum(layer[::2] * plain[::2], layer[1::2] * plain[1::2]))
        else:
            layers.append(layer[::2] * (behind if name in _DARK else contact))
    layers.append(np.ones_like(behind))
    lines, rows = imaging.places(machine.probe, machine.view, _MAP_PIXELS)
    rows = (rows - np.float32(0.5)) * np.float32(0.5)
    first, second = (cv2.merge(half) for half in (layers[:4], layers[4:]))
    return imaging.scan_convert(first, lines, rows), imaging.scan_convert(second, lines, rows)


def _truth(halves: tuple[Grid, Grid], scene: Scene) -> tuple[Grid, Grid, Grid]:
    """Maps of 14 cells a side, signs of the whole picture, and extents."""
    side, cells = _MAP_PIXELS // MAP_SIDE, (MAP_SIDE, MAP_SIDE)
    mean = np.dstack([cv2.resize(half, cells, interpolation=cv2.INTER_AREA) for half in halves])
    across = halves[0].reshape(MAP_SIDE, side, _MAP_PIXELS, 4).max(axis=1)
    highest = across.reshape(MAP_SIDE, MAP_SIDE, side, 4).max(axis=2)
    maps = np.moveaxis(mean[..., : len(SIGN_MAPS)], 2, 0).astype(np.float32)
    for n, name in enumerate(SIGN_MAPS):
        if name in _THIN:
            maps[n] = highest[..., n]
    field = max(float(mean[..., -1].mean()), 1e-6)
    present = np.concatenate([np.count_nonzero(half > _PRESENT, axis=(0, 1)) for half in halves])
    extents = (present[:-1] * np.float32(1 / _MAP_PIXELS**2 / field)).astype(np.float32)
    extent = dict(zip(SIGN_MAPS, extents.tolist(), strict=True))
    signs = {
        "a_lines": extent["a_lines"] > 0.004,
        "b_lines": extent["b_lines"] > 0.012,
        "consolidation": extent["consolidation"] > 0.004,
        "effusion": extent["effusion"] > 0.006,
        "pleural_irregularity": scene.pleura.irregular and extent["pleura"] > 0.004,
        "air_bronchogram": extent["consolidation"] > 0.03
        and any(part.air for part in scene.consolidations),
    }
    present_signs = np.asarray([signs[name] for name in SIGNS], dtype=np.float32)
    return maps, present_signs, np.minimum(extents, 1)
