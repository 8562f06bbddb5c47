"""Whether a frame shows a lung: a regression on what both networks see of it.

The sign network alone has learnt from drawings what a lung is, and takes organs that it has never
seen drawn for one. The trunk of POCOVID-Net, which knows photographs of a thousand kinds (ImageNet)
and real ultrasound, tells those apart that look alike to it. Together they refuse more kinds of
pictures that neither has learnt from (`docs/MODEL_CARD.md`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.inference.evidence import Signs

Features = npt.NDArray[np.float32]

_KERNEL, _BIAS = "kernel", "bias"
_LENGTH = 8.0
"""Of the trunk's means as a vector, so that they weigh about as much as the hidden layer."""


def features(hidden: Features, trunk: Features) -> Features:
    """What the test sees of n frames, (n, k + m).

    Args:
        hidden: the sign network's hidden layer (n, k).
        trunk: the trunk's channels, their means over all places (n, m). Only their proportions
            count: how bright a picture is changes nothing.
    """
    length = np.linalg.norm(trunk, axis=1, keepdims=True)
    return np.concatenate([hidden, _LENGTH * trunk / np.maximum(length, 1e-6)], axis=1)


@dataclass(frozen=True, slots=True)
class LungTest:
    """A regression: `kernel` (k + m,) and `bias`; its probability, 0 to 1, is that of a lung."""

    kernel: npt.NDArray[np.float32]
    bias: float

    @classmethod
    def of(cls, values: Mapping[str, npt.NDArray[Any]], expected: int) -> "LungTest":
        """The test of an artifact.

        Args:
            values: as from `values`.
            expected: how many features it should see.

        Raises:
            ValueError: a name or a shape is not that of a test.
        """
        shapes = {name: value.shape for name, value in values.items()}
        if shapes != {_KERNEL: (expected,), _BIAS: ()}:
            raise ValueError(f"the lung test: expected a kernel of {expected}, got {shapes}")
        return cls(values[_KERNEL].astype(np.float32), float(values[_BIAS]))

    def values(self) -> dict[str, npt.NDArray[np.float32]]:
        """Its arrays by name, as an artifact keeps them."""
        return {_KERNEL: self.kernel, _BIAS: np.array(self.bias, dtype=np.float32)}

    def probability(self, seen: Features) -> npt.NDArray[np.float32]:
        """Of each frame, (n,), from its features (n, k + m)."""
        return np.asarray(1 / (1 + np.exp(-(seen @ self.kernel + self.bias))), np.float32)

    def judged(self, signs: Signs, column: int, hidden: Features, trunk: Features) -> Signs:
        """The signs with this test's probability as the sign in that column, that of a lung."""
        whole = signs.whole.copy()
        whole[:, column] = self.probability(features(hidden, trunk))
        return Signs(signs.maps, whole)
