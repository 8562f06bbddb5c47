"""What lies under the probe: chest wall, ribs, pleura, lung, fluid and organs, in centimetres.

A scene knows no probe and no machine. Places across are centimetres along the probe's face,
measured at the place's own depth; 0 is the middle. Depths are centimetres from the face.
Brightness is linear echo amplitude, where 1 is a well reflecting muscle.

The artefacts follow the literature on lung ultrasound: Lichtenstein, "Whole Body Ultrasonography
in the Critically Ill" (2010); Volpicelli et al., Intensive Care Med. 38 (2012), the international
recommendations; Soldati et al., J. Ultrasound Med. 35 (2016), on the physics of B-lines.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.phantom.dice import Dice


@dataclass(frozen=True, slots=True)
class Wall:
    """The chest wall above the pleura: skin and fat, then muscle between bright fascias.

    Fat is darker than muscle; muscle is striated along its fibres. `fat_share` is the part of the
    wall that is fat; `fascias` are depths as shares of the wall, with their brightness.
    """

    fat_share: float
    fat: float
    muscle: float
    striation: float
    fibre_cm: float
    fascias: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Rib:
    """A rib across the beam: a bright convex cortex, and no sound beyond it.

    `above_cm` is the distance of its surface to the pleura; `leak` the amplitude that remains in
    its shadow; `penumbra_cm` the width over which the shadow's edge is grey, because the aperture
    is wide.
    """

    x_cm: float
    half_cm: float
    above_cm: float
    brightness: float
    leak: float
    penumbra_cm: float


@dataclass(frozen=True, slots=True)
class Pleura:
    """The pleural line: a specular reflector, bright where the beam meets it at a right angle.

    `slope` and `bow_per_cm` tilt and bend it (centimetres of depth per centimetre, and per square
    centimetre). `roughness_cm` over `roughness_scale_cm` makes it irregular, `gaps` (0 to 1)
    breaks it, `thickness_cm` above 0.2 is thickened.
    """

    depth_cm: float
    slope: float
    bow_per_cm: float
    brightness: float
    thickness_cm: float
    facing_cm: float
    facing_width_cm: float
    roughness_cm: float
    roughness_scale_cm: float
    gaps: float

    @property
    def irregular(self) -> bool:
        """Whether a doctor would call it irregular: rough, broken or thickened."""
        return self.roughness_cm > 0.04 or self.gaps > 0.25 or self.thickness_cm > 0.26


@dataclass(frozen=True, slots=True)
class ALines:
    """Repeats of the pleura at multiples of its depth: sound that runs between probe and pleura.

    `decay` is the amplitude from one repeat to the next, `widening` their growing thickness;
    `tolerance` is the slope (centimetres per centimetre) at which the probe no longer meets a
    repeat, which leaves arcs; `broken` (0 to 1) interrupts them further.
    """

    brightness: float
    decay: float
    widening: float
    tolerance: float
    broken: float


@dataclass(frozen=True, slots=True)
class BLine:
    """A ring-down from the pleura to the bottom that erases A-lines and moves with the lung.

    `half_cm` is its half width at the pleura; it keeps its angle beyond, and widens or narrows by
    `spread` (a share per centimetre of depth). `fade_per_cm` is small, `ring_cm` the usual distance
    of its horizontal bars and `ring` their contrast.
    """

    x_cm: float
    half_cm: float
    brightness: float
    spread: float
    fade_per_cm: float
    ring_cm: float
    ring: float


@dataclass(frozen=True, slots=True)
class Tail:
    """A comet tail, or a column of close reverberations, that fades within a few centimetres.

    It is no B-line: it tapers, does not reach the bottom and does not erase A-lines.
    """

    x_cm: float
    half_cm: float
    brightness: float
    length_cm: float
    ring_cm: float
    ring: float


@dataclass(frozen=True, slots=True)
class Haze:
    """The grey under an aerated pleura: scattered sound, brightest below it, fading with depth.

    `wall_repeats` is the amplitude of the chest wall's echoes once more below the pleura;
    `streaks` (0 to 1) makes neighbouring lines differ; `arcs` (0 to 1) lays it in layers.
    """

    brightness: float
    fade_per_cm: float
    floor: float
    wall_repeats: float
    streaks: float
    arcs: float


@dataclass(frozen=True, slots=True)
class WhiteLung:
    """Confluent B-lines: the lung is bright from the pleura down, wholly or in broad patches."""

    brightness: float
    cover: float
    patch_cm: float
    fade_per_cm: float


@dataclass(frozen=True, slots=True)
class Consolidation:
    """Airless lung: an echo like tissue, a ragged lower edge (shred sign), bright lung beyond.

    Small ones lie under the pleura, lobar ones fill the picture. `air` is the brightness of static
    air bronchograms: short bright dots and branches.
    """

    x_cm: float
    half_cm: float
    depth_cm: float
    ragged: float
    ragged_cm: float
    echo: float
    edge: float
    beyond: float
    beyond_fade_per_cm: float
    air: float
    lobar: bool


@dataclass(frozen=True, slots=True)
class Effusion:
    """Fluid between the two pleural lines: black, with a bright line and enhancement beyond.

    `septa` is the brightness of strands within it, `echo` that of floating debris, `clutter` that
    of the wall's reverberations in its first centimetre; `tongue` draws a collapsed edge of lung
    that floats in it.
    """

    x_cm: float
    half_cm: float
    depth_cm: float
    echo: float
    clutter: float
    line: float
    beyond: float
    septa: float
    tongue: bool


@dataclass(frozen=True, slots=True)
class Organ:
    """Liver or spleen behind the diaphragm, at one side (-1 or 1), which breathing moves.

    `edge_cm` is where the lung's curtain ends at the pleura, towards that side; `slope` and
    `bow_per_cm` shape the diaphragm below, whose brightness is `diaphragm`; `vessels` (0 to 1) is
    how black the vessels in it are.
    """

    side: int
    edge_cm: float
    slope: float
    bow_per_cm: float
    echo: float
    diaphragm: float
    vessels: float


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything under the probe, at one moment.

    Attributes:
        texture: seed of all that is random in its tissue, so that it stays the same in a clip.
        slide_cm: how far the lung has slid along the chest wall.
        spine_cm: depth of a bright deep reflector (spine, far diaphragm), where sound gets there.
    """

    wall: Wall
    ribs: tuple[Rib, ...]
    pleura: Pleura
    haze: Haze
    a_lines: ALines | None = None
    b_lines: tuple[BLine, ...] = ()
    tails: tuple[Tail, ...] = ()
    white: WhiteLung | None = None
    consolidations: tuple[Consolidation, ...] = ()
    effusion: Effusion | None = None
    organ: Organ | None = None
    spine_cm: float | None = None
    texture: int = 0
    slide_cm: float = 0.0

    @property
    def has_b_lines(self) -> bool:
        """Whether there are B-lines, single or confluent."""
        return bool(self.b_lines) or self.white is not None

    def moved(self, slide_cm: float, breath_cm: float = 0.0) -> "Scene":
        """The scene with its lung slid by `slide_cm` and its organ by `breath_cm`.

        Ribs and chest wall stay; B-lines, comet tails and consolidations go with the lung.
        """
        organ = self.organ
        return replace(
            self,
            slide_cm=self.slide_cm + slide_cm,
            b_lines=tuple(replace(b, x_cm=b.x_cm + slide_cm) for b in self.b_lines),
            tails=tuple(replace(t, x_cm=t.x_cm + slide_cm) for t in self.tails),
            consolidations=tuple(replace(c, x_cm=c.x_cm + slide_cm) for c in self.consolidations),
            organ=organ and replace(organ, edge_cm=organ.edge_cm + breath_cm),
        )


class Finding(StrEnum):
    """The kinds of scene that `random_scene` makes."""

    A_LINES = "a_lines"
    PLAIN = "plain"
    B_LINES = "b_lines"
    WHITE_LUNG = "white_lung"
    SUBPLEURAL = "subpleural_consolidation"
    LOBAR = "lobar_consolidation"
    EFFUSION = "effusion"
    CURTAIN = "curtain"


_SHARES = {
    Finding.A_LINES: 0.22,
    Finding.PLAIN: 0.16,
    Finding.B_LINES: 0.18,
    Finding.WHITE_LUNG: 0.09,
    Finding.SUBPLEURAL: 0.10,
    Finding.LOBAR: 0.10,
    Finding.EFFUSION: 0.10,
    Finding.CURTAIN: 0.05,
}


def random_scene(rng: np.random.Generator, finding: Finding | None = None) -> Scene:
    """A scene with one main finding, and what comes with it.

    Args:
        rng: every number comes from it.
        finding: the main finding; chosen at random if it is None.
    """
    dice = Dice(rng)
    if finding is None:
        finding = list(_SHARES)[int(rng.choice(len(_SHARES), p=list(_SHARES.values())))]
    ill = finding in {Finding.B_LINES, Finding.WHITE_LUNG, Finding.SUBPLEURAL, Finding.LOBAR}
    basal = finding in {Finding.EFFUSION, Finding.LOBAR, Finding.CURTAIN}
    irregular = finding is Finding.SUBPLEURAL or (ill and dice.chance(0.5))
    if finding in {Finding.A_LINES, Finding.PLAIN}:
        irregular = dice.chance(0.06)
    deep = finding is Finding.LOBAR or (finding is Finding.EFFUSION and dice.chance(0.4))
    effusion = finding is Finding.EFFUSION or (finding is Finding.LOBAR and dice.chance(0.35))
    organ_chance = {Finding.CURTAIN: 1.0, Finding.EFFUSION: 0.65, Finding.LOBAR: 0.35}
    return Scene(
        wall=_wall(dice),
        ribs=_ribs(dice, basal=basal),
        pleura=_pleura(dice, irregular=irregular),
        haze=_haze(dice),
        a_lines=_a_lines(dice, finding),
        b_lines=_b_lines(dice, finding),
        tails=_tails(dice),
        white=_white(dice) if finding is Finding.WHITE_LUNG else None,
        consolidations=_consolidations(dice, finding, deep=deep),
        effusion=_effusion(dice, main=finding is Finding.EFFUSION) if effusion else None,
        organ=_organ(dice, basal=basal) if dice.chance(organ_chance.get(finding, 0.05)) else None,
        spine_cm=dice.between(7.5, 14.0) if basal and dice.chance(0.6) else None,
        texture=int(rng.integers(0, 2**31)),
    )


def _wall(dice: Dice) -> Wall:
    fascias = tuple(
        (dice.between(0.1, 0.97), dice.scale(0.4, 2.5)) for _ in range(dice.count(1, 5))
    )
    return Wall(
        fat_share=dice.between(0.1, 0.6),
        fat=dice.scale(0.12, 0.7),
        muscle=dice.scale(0.2, 0.9),
        striation=dice.between(0.3, 1.0),
        fibre_cm=dice.scale(0.05, 0.16),
        fascias=fascias,
    )


def _ribs(dice: Dice, *, basal: bool) -> tuple[Rib, ...]:
    """None where the probe lies along the intercostal space, else ribs at their usual distance."""
    if dice.chance(0.6 if basal else 0.35):
        return ()
    distance, first = dice.between(2.0, 3.6), dice.between(-0.5, 0.5)
    half = dice.between(0.35, 0.95)
    leak, penumbra = dice.scale(0.004, 0.4), dice.between(0.15, 1.3)
    above, brightness = dice.between(0.15, 0.8), dice.scale(0.3, 2.5)
    places = [(first + n) * distance for n in (-2, -1, 0, 1, 2)]
    return tuple(
        Rib(
            x_cm=x + dice.between(-0.2, 0.2),
            half_cm=half * dice.between(0.8, 1.25),
            above_cm=above * dice.between(0.8, 1.2),
            brightness=brightness * dice.between(0.5, 1.3),
            leak=leak,
            penumbra_cm=penumbra,
        )
        for x in places
        if dice.chance(0.85)
    )


def _pleura(dice: Dice, *, irregular: bool) -> Pleura:
    return Pleura(
        depth_cm=dice.scale(1.0, 3.4),
        slope=dice.between(-0.07, 0.07) if dice.chance(0.65) else dice.between(-0.3, 0.3),
        bow_per_cm=dice.between(-0.02, 0.02),
        brightness=dice.scale(0.6, 4.5),
        thickness_cm=dice.between(0.16, 0.4) if irregular else dice.between(0.06, 0.16),
        facing_cm=dice.between(-1.5, 1.5),
        facing_width_cm=dice.scale(0.6, 5.0),
        roughness_cm=dice.scale(0.045, 0.16) if irregular else dice.between(0.0, 0.02),
        roughness_scale_cm=dice.scale(0.12, 0.6),
        gaps=dice.between(0.3, 1.0) if irregular and dice.chance(0.7) else dice.between(0, 0.15),
    )


def _haze(dice: Dice) -> Haze:
    return Haze(
        brightness=dice.scale(0.05, 1.0),
        fade_per_cm=dice.scale(0.06, 0.8),
        floor=dice.scale(0.004, 0.05),
        wall_repeats=dice.scale(0.1, 0.8) if dice.chance(0.5) else 0.0,
        streaks=dice.between(0.05, 0.45),
        arcs=dice.between(0.0, 0.6),
    )


def _a_lines(dice: Dice, finding: Finding) -> ALines | None:
    chances = {Finding.A_LINES: 1.0, Finding.B_LINES: 0.35, Finding.SUBPLEURAL: 0.25}
    if not dice.chance(chances.get(finding, 0.0)):
        return None
    return ALines(
        brightness=dice.scale(0.25, 1.8),
        decay=dice.between(0.35, 0.85),
        widening=dice.between(0.1, 0.9),
        tolerance=dice.scale(0.05, 0.6),
        broken=dice.between(0.2, 1.0) if dice.chance(0.5) else dice.between(0.0, 0.3),
    )


def _b_lines(dice: Dice, finding: Finding) -> tuple[BLine, ...]:
    """A few, at the pleura's places; one alone is seen in healthy lungs too."""
    few = {
        Finding.B_LINES: dice.count(1, 7),
        Finding.WHITE_LUNG: dice.count(2, 6),
        Finding.SUBPLEURAL: dice.count(0, 4),
        Finding.LOBAR: dice.count(0, 2),
        Finding.A_LINES: int(dice.chance(0.08)),
        Finding.EFFUSION: int(dice.chance(0.15)),
    }
    confluent = dice.chance(0.3)
    fade = dice.between(0.0, 0.1)
    return tuple(
        BLine(
            x_cm=dice.between(-3.2, 3.2),
            half_cm=dice.scale(0.06, 0.3) * (dice.between(1.5, 4.0) if confluent else 1.0),
            brightness=dice.scale(0.45, 2.2),
            spread=dice.between(-0.02, 0.08),
            fade_per_cm=fade,
            ring_cm=dice.between(0.1, 0.45),
            ring=dice.between(0.0, 0.2) if confluent else dice.between(0.0, 0.5),
        )
        for _ in range(few.get(finding, 0))
    )


def _tails(dice: Dice) -> tuple[Tail, ...]:
    """Comet tails and columns of reverberations, which any lung may have."""
    tails = [
        Tail(
            x_cm=dice.between(-3.0, 3.0),
            half_cm=dice.scale(0.05, 0.25),
            brightness=dice.scale(0.4, 2.0),
            length_cm=dice.scale(0.4, 2.2),
            ring_cm=0.3,
            ring=0.0,
        )
        for _ in range(dice.count(1, 4) if dice.chance(0.3) else 0)
    ]
    if dice.chance(0.15):
        tails.append(
            Tail(
                x_cm=dice.between(-2.5, 2.5),
                half_cm=dice.between(0.15, 0.6),
                brightness=dice.scale(0.5, 2.0),
                length_cm=dice.scale(1.0, 4.0),
                ring_cm=dice.scale(0.2, 0.7),
                ring=dice.between(0.7, 1.0),
            )
        )
    return tuple(tails)


def _white(dice: Dice) -> WhiteLung:
    return WhiteLung(
        brightness=dice.scale(0.5, 2.0),
        cover=dice.between(-0.2, 1.8),
        patch_cm=dice.scale(0.8, 4.0),
        fade_per_cm=dice.between(0.0, 0.12),
    )


def _consolidations(dice: Dice, finding: Finding, *, deep: bool) -> tuple[Consolidation, ...]:
    if deep:
        return (_consolidation(dice, lobar=True),)
    if finding is Finding.SUBPLEURAL:
        return tuple(_consolidation(dice, lobar=False) for _ in range(dice.count(1, 3)))
    if finding in {Finding.B_LINES, Finding.WHITE_LUNG} and dice.chance(0.15):
        return (_consolidation(dice, lobar=False),)
    return ()


def _consolidation(dice: Dice, *, lobar: bool) -> Consolidation:
    return Consolidation(
        x_cm=dice.between(-2.0, 2.0) if lobar else dice.between(-2.5, 2.5),
        half_cm=dice.scale(1.8, 6.0) if lobar else dice.scale(0.3, 1.3),
        depth_cm=dice.scale(2.0, 10.0) if lobar else dice.scale(0.3, 1.6),
        ragged=dice.between(0.1, 0.5),
        ragged_cm=dice.scale(0.2, 1.2),
        echo=dice.scale(0.1, 0.8) if lobar else dice.scale(0.04, 0.4),
        edge=dice.scale(0.3, 2.0),
        beyond=dice.scale(0.15, 1.2),
        beyond_fade_per_cm=dice.scale(0.05, 0.7),
        air=dice.scale(0.8, 4.0) if lobar and dice.chance(0.65) else 0.0,
        lobar=lobar,
    )


def _effusion(dice: Dice, *, main: bool) -> Effusion:
    return Effusion(
        x_cm=dice.between(-2.0, 2.0),
        half_cm=dice.scale(2.5, 9.0),
        depth_cm=dice.between(1.0, 9.0) if main else dice.scale(0.3, 2.5),
        echo=dice.scale(0.002, 0.06),
        clutter=dice.scale(0.01, 0.4),
        line=dice.scale(0.5, 3.0),
        beyond=dice.scale(0.15, 1.5),
        septa=dice.scale(0.3, 1.5) if dice.chance(0.18) else 0.0,
        tongue=main and dice.chance(0.5),
    )


def _organ(dice: Dice, *, basal: bool) -> Organ:
    return Organ(
        side=1 if dice.chance(0.5) else -1,
        edge_cm=dice.between(-0.5, 3.0) if basal else dice.between(1.0, 3.5),
        slope=dice.between(-0.5, 0.8),
        bow_per_cm=dice.between(-0.05, 0.09),
        echo=dice.scale(0.12, 0.7),
        diaphragm=dice.scale(0.4, 3.0) if dice.chance(0.85 if basal else 0.5) else 0.0,
        vessels=dice.between(0.5, 1.0) if dice.chance(0.4) else 0.0,
    )
