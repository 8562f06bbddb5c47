"""A base for stand-ins of the models, which only have to say their softmax scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import Prediction, Probe, Square
from models.inference.answer import Method
from models.inference.evidence import Evidence


class PlainScorer:
    """Answers as an artifact without a sign network does."""

    version = "plain"

    def scores(self, frames: Any) -> npt.NDArray[np.float32]:
        """Softmax scores (models, n, 3)."""
        raise NotImplementedError

    def evidence(self, frames: npt.NDArray[np.uint8]) -> Evidence:
        """The scores alone."""
        return Evidence(self.scores(frames))

    def conclude(
        self,
        evidences: Sequence[Evidence],
        times_s: Sequence[float],
        square: Square,
        probe: Probe = Probe.CONVEX,
    ) -> Prediction:
        """The mean of the scores."""
        return Method(self.version).conclude(evidences, times_s, square, probe)
