"""Single random numbers, drawn from a generator."""

from math import exp, log

import numpy as np


class Dice:
    """Draws single numbers from one generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def between(self, low: float, high: float) -> float:
        """A number between two bounds, all equally likely."""
        return float(self.rng.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """A number between two positive bounds, all ratios equally likely."""
        return exp(self.between(log(low), log(high)))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def count(self, low: int, high: int) -> int:
        """A whole number between two bounds, both included."""
        return int(self.rng.integers(low, high + 1))
