"""A clip of a scene: the lung slides, the curtain breathes, speckle decorrelates."""

from dataclasses import dataclass
from math import pi, sin

import numpy as np

from models.phantom import imaging
from models.phantom.dice import Dice
from models.phantom.draw import SIZE, Drawing, check_size, finish
from models.phantom.echoes import echoes
from models.phantom.grid import PolarGrid
from models.phantom.imaging import Speckle
from models.phantom.machine import Machine
from models.phantom.scene import Scene


@dataclass(frozen=True, slots=True)
class Motion:
    """How a scene moves.

    Attributes:
        frames: number of frames.
        rate_hz: frames a second.
        breath_hz: breaths a second, 0.2 to 0.6.
        phase: part of a breath (0 to 1) at which the clip begins.
        slide_cm: amplitude of lung sliding along the pleura; 0 where the lung does not slide.
        curtain_cm: amplitude of the organ's edge, which comes as the lung leaves.
        pulse_hz: heartbeats a second.
        pulse_cm: amplitude of the lung pulse.
        frozen: first frames that repeat the very first, as when a recording begins frozen.
    """

    frames: int
    rate_hz: float
    breath_hz: float
    phase: float
    slide_cm: float
    curtain_cm: float
    pulse_hz: float
    pulse_cm: float
    frozen: int

    def slide_at(self, time_s: float) -> float:
        """How far the lung has slid, in centimetres."""
        breath = sin(2 * pi * (self.breath_hz * time_s + self.phase))
        return self.slide_cm * breath + self.pulse_cm * sin(2 * pi * self.pulse_hz * time_s)

    def curtain_at(self, time_s: float) -> float:
        """How far the organ's edge has moved, in centimetres."""
        return self.curtain_cm * sin(2 * pi * (self.breath_hz * time_s + self.phase))


@dataclass(frozen=True)
class ClipDrawing:
    """A drawn clip.

    Attributes:
        frames: a drawing with its truth for each frame.
        times_s: presentation times, starting at 0.
        slide_cm: how far the lung has slid in each frame.
    """

    frames: tuple[Drawing, ...]
    times_s: tuple[float, ...]
    slide_cm: tuple[float, ...]


def random_motion(rng: np.random.Generator, frames: int = 24) -> Motion:
    """Breathing at rest; in one of eight clips the lung does not slide."""
    dice = Dice(rng)
    return Motion(
        frames=frames,
        rate_hz=dice.between(8.0, 30.0),
        breath_hz=dice.between(0.2, 0.6),
        phase=dice.between(0.0, 1.0),
        slide_cm=0.0 if dice.chance(0.125) else dice.scale(0.2, 1.2),
        curtain_cm=dice.between(0.3, 2.0),
        pulse_hz=dice.between(0.9, 1.8),
        pulse_cm=dice.between(0.0, 0.06),
        frozen=dice.count(1, 5) if dice.chance(0.15) else 0,
    )


def draw_clip(
    scene: Scene, machine: Machine, motion: Motion, rng: np.random.Generator, size: int = SIZE
) -> ClipDrawing:
    """Draw a scene in motion, with the truth of every frame.

    Ribs and chest wall stay; B-lines, comet tails, consolidations and the lung's texture slide
    under them. The machine's gains are those of the first frame throughout.

    Raises:
        ValueError: a size out of bounds, or no frame.
    """
    check_size(size)
    if motion.frames < 1:
        raise ValueError(f"expected at least one frame, got {motion.frames}")
    grid = PolarGrid(machine.probe)
    speckle = Speckle.new(machine, rng)
    gains = None
    frames: list[Drawing] = []
    slides: list[float] = []
    times_s = tuple(number / motion.rate_hz for number in range(motion.frames))
    for number, time_s in enumerate(times_s):
        if 0 < number <= motion.frozen:
            frames.append(frames[0])
            slides.append(slides[0])
            continue
        slide = motion.slide_at(time_s)
        seen = echoes(scene.moved(slide, motion.curtain_at(time_s)), grid)
        gains = gains or imaging.settings(seen, machine, rng)
        frames.append(finish(seen, machine, gains, speckle, rng, size, scene))
        slides.append(slide)
        speckle = speckle.next(machine, rng)
    return ClipDrawing(tuple(frames), times_s, tuple(slides))
