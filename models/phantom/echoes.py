"""The echoes of a scene on a probe's polar grid, and where its signs are, before any machine.

Each function draws one structure or artefact; `echoes` lays them over one another.
"""

from dataclasses import dataclass, replace
from math import cos, sin

import cv2
import numpy as np

from models.phantom.fields import Grid, as_grid, curve, fading, field, product, ridge, step
from models.phantom.grid import PolarGrid
from models.phantom.scene import ALines, Consolidation, Effusion, Organ, Scene, Tail

_SMALLEST_WALL_CM = 0.35
_CONTRAST_FROM, _CONTRAST_TO = 0.35, 1.0
"""Ratios of an artefact to what is around it, at which it begins to be seen and is plain."""


@dataclass(frozen=True)
class Echoes:
    """Echoes without gain and speckle, and the truth.

    Attributes:
        amplitude: linear amplitude, (depths, lines).
        lung: 1 where what is seen moves with the lung, (depths, lines).
        maps: the signs of `SIGN_MAPS`, 0 to 1, each (depths, lines).
    """

    amplitude: Grid
    lung: Grid
    maps: dict[str, Grid]


@dataclass(frozen=True)
class _Chest:
    """What the structures of a scene share: the pleura's place and the sound that reaches it.

    `x` are the lines' places at the pleura and `on_lung` their places on the lung, which slides;
    `base` is the pleura's depth without roughness, `line` with it, (lines,); `under` the depth
    below it and `below` whether it is below, (depths, lines); `cover` is the share of a line that
    ribs cover, `leak` the amplitude that they let pass, and `rib_surface` their depth, (lines,).
    """

    grid: PolarGrid
    rng: np.random.Generator
    x: Grid
    on_lung: Grid
    base: Grid
    line: Grid
    under: Grid
    below: Grid
    cover: Grid
    leak: Grid
    rib_surface: Grid

    @property
    def window(self) -> Grid:
        """The share of a line between ribs, (lines,)."""
        return 1 - self.cover

    @property
    def sharp_cm(self) -> float:
        """The width of an edge: a cell and a half."""
        return 1.5 * self.grid.cell_cm

    def inside(self, top: Grid, bottom: Grid) -> Grid:
        """1 between two depths of each line, (depths, lines)."""
        z = self.grid.z
        return np.minimum(step(z - top, self.sharp_cm), step(bottom - z, self.sharp_cm))


@dataclass(frozen=True)
class _Layers:
    """What is seen below the pleura, laid on one another; all (depths, lines).

    `lung` are the echoes, `solid` consolidated lung, `fluid` effusion; `hidden` is where fluid or
    a lobar consolidation, or what lies behind them, leaves nothing of the lung's artefacts.
    """

    lung: Grid
    solid: Grid
    fluid: Grid
    hidden: Grid


def echoes(scene: Scene, grid: PolarGrid) -> Echoes:
    """All echoes of a scene, and its signs; the same scene gives the same echoes."""
    chest = _chest(scene, grid)
    wall = _wall(scene, chest)
    pleura, pleura_map = _pleura(scene, chest)
    haze = _haze(scene, chest, wall)
    b_lines, erased = _b_lines(scene, chest)
    tails = sum((_tail(tail, chest) for tail in scene.tails), np.float32(0))
    nothing = np.zeros_like(haze)
    a_lines = nothing
    if scene.a_lines is not None:
        a_lines = _a_lines(scene.a_lines, scene, chest) * (1 - erased)
    lung = haze + b_lines + a_lines + tails
    layers = _Layers(lung, nothing, nothing, nothing)
    top = chest.line
    if scene.effusion is not None:
        layers, top = _effusion(scene.effusion, chest, layers)
    for part in scene.consolidations:
        layers = _consolidation(part, chest, top, layers)
    organ = nothing
    if scene.organ is not None:
        layers, organ = _organ(scene.organ, chest, layers)
    if scene.spine_cm is not None:
        layers = _spine(scene.spine_cm, chest, layers, organ)
    free = (1 - layers.hidden) * (1 - organ) * (chest.window * chest.below)
    onset = max((rib.penumbra_cm for rib in scene.ribs), default=1.0)
    beyond_rib = step(grid.z - chest.rib_surface - 0.5 * onset, onset + chest.sharp_cm)
    shadow = chest.cover * beyond_rib * (1 - chest.leak)
    amplitude = (wall + pleura + layers.lung * chest.below) * (1 - shadow)
    amplitude += _cortex(scene, chest)
    amplitude = np.asarray(cv2.blur(amplitude, (3, 1)), dtype=np.float32)  # the beam has a width
    maps = {
        "pleura": pleura_map,
        "a_lines": _contrast(a_lines, haze + b_lines + tails) * free if scene.a_lines else nothing,
        "b_lines": _contrast(b_lines, haze) * free if scene.has_b_lines else nothing,
        "consolidation": layers.solid * (1 - organ) * chest.window,
        "effusion": layers.fluid * (1 - organ) * chest.window,
        "tissue": np.maximum(1 - chest.below, organ) * (1 - shadow),
        "shadow": shadow * (1 - chest.leak),
    }
    return Echoes(amplitude, chest.below * (1 - organ), maps)


def _contrast(artefact: Grid, around: Grid) -> Grid:
    """How plainly an artefact is seen on what is around it, 0 to 1."""
    ratio = artefact / (around + np.float32(1e-3))
    middle = np.float32((_CONTRAST_FROM + _CONTRAST_TO) / 2)
    return step(ratio - middle, _CONTRAST_TO - _CONTRAST_FROM)


def _chest(scene: Scene, grid: PolarGrid) -> _Chest:
    rng = np.random.default_rng(scene.texture)
    pleura = scene.pleura
    x = grid.across(pleura.depth_cm)
    on_lung = x - np.float32(scene.slide_cm)
    base = pleura.depth_cm + pleura.slope * x + pleura.bow_per_cm * x**2
    base = np.maximum(base, _SMALLEST_WALL_CM).astype(np.float32)
    rough = curve(rng, on_lung, pleura.roughness_scale_cm) * np.float32(pleura.roughness_cm)
    line = np.maximum(base + rough, _SMALLEST_WALL_CM)
    under = grid.z - line
    cover, leak, surface = _ribs(scene, x, base)
    return _Chest(
        grid=grid,
        rng=rng,
        x=x,
        on_lung=on_lung,
        base=base,
        line=line,
        under=under,
        below=step(under, 1.5 * grid.cell_cm),
        cover=cover,
        leak=leak,
        rib_surface=surface,
    )


def _ribs(scene: Scene, x: Grid, base: Grid) -> tuple[Grid, Grid, Grid]:
    """What ribs cover of each line, what they let pass, and their depth, each (lines,)."""
    if not scene.ribs:
        return np.zeros_like(x), np.zeros_like(x), base
    places, halves, heights, penumbras, leaks = np.asarray(
        [(r.x_cm, r.half_cm, r.above_cm, r.penumbra_cm, r.leak) for r in scene.ribs], np.float32
    ).T[:, :, None]
    away = np.abs(x - places)
    covers = np.minimum(np.maximum((halves - away) / penumbras + np.float32(0.5), 0), 1)
    leak = (covers * leaks).sum(axis=0) / (covers.sum(axis=0) + np.float32(1e-6))
    tops = base - heights + np.float32(0.3) / halves * np.square(away)
    surface = np.where(away < np.float32(1.3) * halves, tops, base).min(axis=0)
    return covers.max(axis=0), leak, as_grid(np.maximum(surface, np.float32(0.2)))


def _wall(scene: Scene, chest: _Chest) -> Grid:
    """Fat over striated muscle, and fascias between; nothing below the pleura."""
    wall, grid = scene.wall, chest.grid
    rows = min(len(grid.depth), int(chest.line.max() / grid.cell_cm) + 3)
    z, x = grid.z[:rows], chest.x
    total = np.zeros_like(chest.below)
    border = chest.base * np.float32(wall.fat_share) + 0.06 * curve(chest.rng, x, 1.2)
    muscle = step(z - border, 0.15)
    fibres = field(chest.rng, grid.depth[:rows], x, wall.fibre_cm, 1.4)
    lobules = field(chest.rng, grid.depth[:rows], x, 0.3, 0.9)
    layers = np.exp(
        np.float32(wall.striation) * (0.7 * fibres * (0.4 + 0.6 * muscle) + 0.45 * lobules)
    )
    part = layers * (np.float32(wall.fat) + np.float32(wall.muscle - wall.fat) * muscle)
    for share, brightness in wall.fascias:
        depth = chest.base * np.float32(share) + 0.04 * curve(chest.rng, x, 1.0)
        strength = np.maximum(0.55 + 0.6 * curve(chest.rng, x, 0.8), 0) * np.float32(brightness)
        part += ridge(z - depth, max(0.035, 0.7 * grid.cell_cm)) * strength
    # The probe's face rings: the first millimetres are bright and structureless.
    part += np.exp(-z / np.float32(0.12)) * np.float32(0.8)
    total[:rows] = part * (1 - chest.below[:rows])
    return total


def _cortex(scene: Scene, chest: _Chest) -> Grid | np.float32:
    """The bright convex surface of the ribs."""
    if not scene.ribs:
        return np.float32(0)
    strength = np.zeros_like(chest.x)
    for rib in scene.ribs:
        away = (chest.x - np.float32(rib.x_cm)) / np.float32(rib.half_cm)
        strength += ridge(away, 0.65) * np.float32(rib.brightness)
    rows = ridge(chest.grid.z - chest.rib_surface, max(0.06, 0.8 * chest.grid.cell_cm))
    return rows * (strength * chest.cover)


def _facing(scene: Scene, chest: _Chest) -> Grid:
    """How squarely the beam meets the pleura, 0 to 1, (lines,)."""
    pleura = scene.pleura
    return 0.12 + 0.88 * ridge(chest.x - np.float32(pleura.facing_cm), pleura.facing_width_cm)


def _pleura(scene: Scene, chest: _Chest) -> tuple[Grid, Grid]:
    pleura = scene.pleura
    breaks = step(curve(chest.rng, chest.on_lung, 0.35) - 0.4, 0.8)
    strength = _facing(scene, chest) * chest.window * (1 - np.float32(pleura.gaps) * breaks)
    strength = strength * np.exp(0.25 * curve(chest.rng, chest.on_lung, 0.3))
    width = max(pleura.thickness_cm / 2.35, 0.6 * chest.grid.cell_cm)
    if pleura.irregular:
        lumps = np.maximum(1 + 0.6 * curve(chest.rng, chest.on_lung, 0.25), 0.3)
        shape = ridge(chest.under / lumps, width)
    else:
        shape = ridge(chest.under, width)
    seen = ridge(chest.under, max(0.1, 1.3 * chest.grid.cell_cm)) * np.minimum(strength * 2.5, 1)
    return shape * strength * np.float32(pleura.brightness), seen


def _haze(scene: Scene, chest: _Chest, wall: Grid) -> Grid:
    """The grey below the pleura, in streaks and layers, with the wall's echoes once more."""
    haze = scene.haze
    under = np.maximum(chest.under, 0)
    fall = np.exp(under * np.float32(-haze.fade_per_cm)) * np.float32(haze.brightness)
    streaks = np.exp(np.float32(haze.streaks) * curve(chest.rng, chest.on_lung, 0.25))
    patches = field(chest.rng, chest.grid.depth, chest.on_lung, 1.8, 1.2)
    layers = field(chest.rng, chest.grid.depth, chest.on_lung, 0.3, 1.1)
    grey = fall * np.exp(0.35 * patches + np.float32(haze.arcs) * layers)
    if haze.wall_repeats:
        # Probe, wall, probe, pleura: the wall again, one pleural depth further down.
        profile = wall.mean(axis=1)
        rows = np.maximum(chest.grid.z - chest.line, 0) / np.float32(chest.grid.cell_cm)
        again = profile[np.minimum(rows.astype(np.int32), len(profile) - 1)]
        grey += again * np.float32(haze.wall_repeats)
    return as_grid((grey * streaks + np.float32(haze.floor)) * chest.below)


def _a_lines(lines: ALines, scene: Scene, chest: _Chest) -> Grid:
    """Repeats at 2, 3, 4, … times the pleura's depth, seen where the probe meets them squarely."""
    pleura = scene.pleura
    slope = pleura.slope + 2 * pleura.bow_per_cm * chest.x
    total = np.zeros_like(chest.below)
    amplitude = lines.brightness
    gate = curve(chest.rng, chest.on_lung, 0.7)
    facing = _facing(scene, chest) * chest.window
    for number in range(2, 8):
        if number * float(chest.base.min()) > chest.grid.probe.depth_cm or amplitude < 0.02:
            break
        square = ridge(slope * (number - 1), lines.tolerance * 2)
        unbroken = 1 - np.float32(lines.broken) * step(gate - 0.2 + 0.1 * number, 0.8)
        width = max(pleura.thickness_cm, 0.1) / 2 * (1 + lines.widening * (number - 1))
        width = max(width, 0.8 * chest.grid.cell_cm)
        strength = facing * square * unbroken * np.float32(amplitude)
        total += ridge(chest.grid.z - chest.base * np.float32(number), width) * strength
        amplitude *= lines.decay
        gate = 0.6 * gate + 0.8 * curve(chest.rng, chest.on_lung, 0.5)
    return total


def _b_lines(scene: Scene, chest: _Chest) -> tuple[Grid, Grid]:
    """Ring-downs of bubbles and fluid from the pleura to the bottom; and the share they cover."""
    under = np.maximum(chest.under, 0)
    total, cover = np.zeros_like(under), np.zeros_like(under)
    if not scene.has_b_lines:
        return total, cover
    if scene.b_lines:
        # A B-line keeps its angle or widens a little: from one profile to another over the depth.
        deep = chest.grid.share[:, None]
        alongs, profiles = [], []
        for line in scene.b_lines:
            away = chest.x - np.float32(line.x_cm)
            wide = line.half_cm * max(1 + line.spread * chest.grid.probe.depth_cm, 0.4)
            rings = np.float32(line.ring) * curve(chest.rng, chest.grid.depth, line.ring_cm / 2)
            along = np.exp(rings - chest.grid.depth * np.float32(line.fade_per_cm))
            alongs.append(along * np.float32(line.brightness))
            profiles.append((ridge(away, line.half_cm), ridge(away, wide)))
        down = np.stack(alongs, axis=1)
        narrow, broad = np.stack(profiles, axis=1)
        total += product(down * (1 - deep), narrow) + product(down * deep, broad)
        cover += narrow.max(axis=0)
    if scene.white is not None:
        white = scene.white
        share = step(curve(chest.rng, chest.on_lung, white.patch_cm) + white.cover, 1.2)
        strength = share * np.exp(0.2 * curve(chest.rng, chest.on_lung, 0.3))
        fall = np.exp(under * np.float32(-white.fade_per_cm)) * np.float32(white.brightness)
        total = np.maximum(total, fall * strength)
        cover = np.maximum(cover, share)
    return total * chest.below, np.minimum(cover * np.float32(1.6), 1) * chest.below


def _tail(tail: Tail, chest: _Chest) -> Grid:
    """A comet tail (tapering) or a column of bars that fades."""
    away = chest.x - np.float32(tail.x_cm)
    under = np.maximum(chest.under, 0)
    fade = np.exp(under * np.float32(-1 / tail.length_cm)) * np.float32(tail.brightness)
    if tail.ring:
        bars = 1 + np.float32(tail.ring) * np.cos(under * np.float32(2 * np.pi / tail.ring_cm))
        return fade * bars * 0.5 * ridge(away, tail.half_cm) * chest.below
    taper = np.float32(tail.half_cm) * np.exp(under * np.float32(-0.7 / tail.length_cm)) + 0.01
    return fade * ridge(away / taper, 1.0) * chest.below


def _consolidation(part: Consolidation, chest: _Chest, top: Grid, layers: _Layers) -> _Layers:
    """Tissue from `top` to a ragged border, and bright lung beyond it."""
    rng, grid, on_lung = chest.rng, chest.grid, chest.on_lung
    bell = fading(np.power((chest.x - np.float32(part.x_cm)) / np.float32(part.half_cm), 4))
    ragged = 1 + np.float32(part.ragged) * (
        0.7 * curve(rng, on_lung, part.ragged_cm) + 0.4 * curve(rng, on_lung, part.ragged_cm / 3)
    )
    there = step(bell - 0.3, 0.2)
    bottom = top + np.float32(part.depth_cm) * bell * np.maximum(ragged, 0.25)
    region = chest.inside(top, bottom) * there
    beyond = step(grid.z - bottom, chest.sharp_cm) * there
    tissue = np.float32(part.echo) * np.exp(
        0.3 * field(rng, grid.depth, on_lung, 0.5, 0.6)
        + 0.25 * field(rng, grid.depth, on_lung, 0.15, 0.25)
    )
    if part.air:
        tissue += _bronchograms(chest) * np.float32(part.air)
    past = grid.z - bottom
    flicker = np.exp(0.35 * curve(rng, on_lung, 0.2))
    fall = np.exp(np.maximum(past, 0) * np.float32(-part.beyond_fade_per_cm))
    shred = np.maximum(0.4 + 0.8 * curve(rng, on_lung, 0.4), 0) * there
    border = ridge(past, max(0.1, chest.grid.cell_cm)) * shred * np.float32(part.edge)
    covered = region + beyond * np.float32(0.95 if part.lobar else 0.4)
    lung = layers.lung * (1 - np.minimum(covered, 1)) + region * tissue
    lung += border + beyond * fall * (np.float32(part.beyond) * flicker)
    hidden = np.minimum(region + beyond, 1) if part.lobar else region
    return replace(
        layers,
        lung=lung,
        solid=np.maximum(layers.solid, region),
        hidden=np.maximum(layers.hidden, hidden),
    )


def _bronchograms(chest: _Chest) -> Grid:
    """Air caught in bronchi: bright dots and short branches, in one part of the lobe."""
    rng, grid, on_lung = chest.rng, chest.grid, chest.on_lung
    dots = field(rng, grid.depth, on_lung, 0.22, 0.2)
    fine = field(rng, grid.depth, on_lung, 0.16, 0.55)
    part = field(rng, grid.depth, on_lung, 1.6, 1.6)
    bright = np.maximum(dots - 1.3, 0) * 1.4 + np.maximum(fine - 1.5, 0) * 1.2
    return as_grid(bright * step(as_grid(part + 0.2), 0.8))


def _effusion(effusion: Effusion, chest: _Chest, layers: _Layers) -> tuple[_Layers, Grid]:
    """Fluid below the parietal pleura; and the depth of its lower border, (lines,)."""
    rng, grid = chest.rng, chest.grid
    bell = fading(np.power((chest.x - np.float32(effusion.x_cm)) / np.float32(effusion.half_cm), 4))
    wave = np.maximum(1 + 0.2 * curve(rng, chest.x, 2.5), 0.4)
    gap = np.float32(effusion.depth_cm) * bell * wave
    bottom = chest.line + gap
    fluid = chest.inside(chest.line, bottom) * step(gap - 0.15, 0.15)
    black = np.full_like(layers.lung, effusion.echo)
    if effusion.septa:
        strands = field(rng, grid.depth, chest.on_lung, 0.7, 0.8)
        black += ridge(strands, 0.12) * np.float32(effusion.septa)
    past = grid.z - bottom
    beyond = step(past, chest.sharp_cm) * step(gap - 0.15, 0.15)
    enhanced = np.exp(np.maximum(past, 0) * np.float32(-0.35)) * np.float32(effusion.beyond)
    flicker = np.exp(0.4 * field(rng, grid.depth, chest.on_lung, 0.7, 0.8))
    line = ridge(past, max(0.07, 0.8 * grid.cell_cm)) * step(gap - 0.1, 0.1)
    # The wall's reverberations reach into the fluid.
    black += np.exp(np.maximum(chest.under, 0) * np.float32(-2.5)) * np.float32(effusion.clutter)
    lung = layers.lung * (1 - fluid) * (1 - 0.9 * beyond) + black * fluid
    uneven = np.maximum(0.75 + 0.5 * curve(rng, chest.on_lung, 0.8), 0)
    lung += (line * uneven * np.float32(effusion.line) + beyond * enhanced * flicker) * chest.window
    afloat = np.zeros_like(lung)
    if effusion.tongue:
        lung, afloat = _tongue(effusion, chest, lung, fluid)
    hidden = np.minimum(fluid + beyond, 1)
    return _Layers(lung, afloat, fluid * (1 - afloat), hidden), bottom


def _tongue(effusion: Effusion, chest: _Chest, lung: Grid, fluid: Grid) -> tuple[Grid, Grid]:
    """A collapsed edge of lung in the fluid, grey with a bright rim on one side."""
    rng, grid = chest.rng, chest.grid
    angle = rng.uniform(0.3, 1.3) * (1 if rng.random() < 0.5 else -1)
    length = effusion.depth_cm * rng.uniform(0.4, 0.8)
    width = length * rng.uniform(0.2, 0.45)
    across = grid.x - np.float32(effusion.x_cm + rng.uniform(-0.8, 0.8))
    down = chest.under - np.float32(effusion.depth_cm * rng.uniform(0.5, 0.9))
    along = (across * cos(angle) + down * sin(angle)) / np.float32(length)
    thick = (down * cos(angle) - across * sin(angle)) / np.float32(width)
    thick = thick + 0.25 * curve(rng, chest.on_lung, 0.6) + 0.5 * np.square(along)
    radius = as_grid(np.sqrt(np.square(along) + np.square(thick)))
    inside = step(1 - radius, 0.2) * fluid
    grey = np.float32(rng.uniform(0.1, 0.5)) * np.exp(
        0.4 * field(rng, grid.depth, chest.x, 0.3, 0.4)
    )
    rim = ridge(radius - 1, 0.12) * np.float32(rng.uniform(0.2, 1.5)) * step(as_grid(-thick), 0.6)
    return lung * (1 - inside) + inside * grey + rim * fluid, inside


def _organ(organ: Organ, chest: _Chest, layers: _Layers) -> tuple[_Layers, Grid]:
    """Liver or spleen below the curtain's edge; the diaphragm where something lets sound in."""
    grid, rng = chest.grid, chest.rng
    under = np.maximum(chest.under, 0)
    edge = organ.edge_cm + organ.slope * under + organ.bow_per_cm * np.square(under)
    beside = as_grid((grid.x - edge * np.float32(organ.side)) * np.float32(organ.side))
    inside = step(beside, 0.2) * chest.below
    # The organ moves as a whole with its edge, and its texture with it.
    x = chest.x - np.float32(organ.side * organ.edge_cm)
    grey = np.float32(organ.echo) * np.exp(
        0.15 * field(rng, grid.depth, x, 1.2, 1.2) - under * np.float32(0.06)
    )
    if organ.vessels:
        lumen = step(field(rng, grid.depth, x, 0.4, 0.9) - 1.5, 0.3)
        grey = grey * (1 - 0.85 * np.float32(organ.vessels) * lumen)
    lung = layers.lung * (1 - inside) + inside * grey
    if organ.diaphragm:
        spread = ridge(beside, max(0.12, grid.cell_cm)) * chest.below
        strength = np.maximum(0.7 + 0.4 * curve(rng, grid.depth, 1.5), 0.1)[:, None]
        lung += spread * strength * np.float32(organ.diaphragm)
    return replace(layers, lung=lung), inside


def _spine(depth_cm: float, chest: _Chest, layers: _Layers, organ: Grid) -> _Layers:
    """A bright, uneven deep reflector wherever no air is in front of it."""
    rng, grid = chest.rng, chest.grid
    through = np.maximum(np.maximum(layers.solid, layers.fluid), organ)
    reached = step(through.mean(axis=0) - 0.15, 0.2) * chest.window
    depth = depth_cm + 0.5 * curve(rng, chest.x, 2.0) + 0.15 * curve(rng, chest.x, 0.5)
    past = grid.z - depth
    uneven = np.exp(0.6 * field(rng, grid.depth, chest.x, 0.5, 0.9))
    glow = np.exp(np.maximum(past, 0) * np.float32(-0.8)) * step(past, 0.5)
    shine = (ridge(past, 0.3) * 1.5 + 0.8 * glow) * uneven * reached
    return replace(layers, lung=as_grid(layers.lung + shine))
