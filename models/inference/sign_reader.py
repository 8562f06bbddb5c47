"""The signs of frames as an artifact's answer has them, without its classes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.contract import LUNG
from models.inference import engine
from models.inference.artifact import Weights
from models.inference.evidence import Signs
from models.inference.lung_test import LungTest, features
from models.inference.sign_weights import SignWeightsError
from models.inference.signs import SignEngine

_BATCH = 16
"""Frames at a time: the trunk's first layers take 13 MB for each."""


class SignReader:
    """Reads signs, and whether there is a lung, by the same test as `Predictor`; not thread-safe.

    Args:
        weights: of an artifact with a sign network.
        means_bgr: channel means of its preprocessing.
        precision: of the sign network.
        trunk_precision: of the trunk, on which the lung test depends; by default the fastest that
            the artifact is calibrated for.

    Raises:
        SignWeightsError: the sign network is missing, or its weights are another one's.
    """

    def __init__(
        self,
        weights: Weights,
        means_bgr: Sequence[float],
        precision: engine.Precision = "f32",
        trunk_precision: engine.Precision | None = None,
    ) -> None:
        if weights.signs is None:
            raise SignWeightsError("the artifact has no sign network")
        self._signs = SignEngine(weights.signs, precision)
        self.maps, self.signs = self._signs.maps, self._signs.signs
        self._test = lung_test(self._signs, weights)
        self._trunk: engine.Engine | None = None
        if self._test is not None:
            self._trunk = trunk_engine(
                weights, means_bgr, trunk_precision or engine.best_precision(weights.calibration)
            )

    def run(self, frames: npt.NDArray[np.uint8]) -> Signs:
        """The signs in uint8 RGB frames (n, 224, 224, 3)."""
        if self._test is None or self._trunk is None:
            return self._signs.run(frames)
        signs, hidden = self._signs.run_with_hidden(frames)
        column = self.signs.index(LUNG)
        return self._test.judged(signs, column, hidden, trunk_means(self._trunk, frames))


class FeatureReader:
    """Reads what a lung test sees; not thread-safe.

    Args:
        signs: the sign network.
        weights: of the artifact whose trunk it is.
        means_bgr: channel means of its preprocessing.
    """

    def __init__(self, signs: SignEngine, weights: Weights, means_bgr: Sequence[float]) -> None:
        self._signs = signs
        self._trunk = trunk_engine(weights, means_bgr, engine.best_precision({}))

    def run(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The features of uint8 RGB frames (n, 224, 224, 3), see `lung_test.features`."""
        starts = range(0, len(frames), _BATCH)
        hidden = [self._signs.run_with_hidden(frames[at : at + _BATCH])[1] for at in starts]
        return features(np.concatenate(hidden), trunk_means(self._trunk, frames))


def lung_test(signs: SignEngine, weights: Weights) -> LungTest | None:
    """The artifact's lung test; None where the sign network alone says what is a lung.

    Raises:
        SignWeightsError: it is not one of these networks.
    """
    if weights.signs is None or not weights.signs.lung_test:
        return None
    try:
        return LungTest.of(weights.signs.lung_test, signs.units + engine.FILTERS)
    except ValueError as error:
        raise SignWeightsError(f"the sign network's file: {error}") from error


def trunk_engine(
    weights: Weights, means_bgr: Sequence[float], precision: engine.Precision
) -> engine.Engine:
    """An engine whose only output is the trunk's channels, their means over all places (n, 512)."""
    return engine.compile_trunk_means(weights.trunk, means_bgr, precision, weights.calibration)


def trunk_means(trunk: engine.Engine, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The means (n, 512) for uint8 RGB frames (n, 224, 224, 3), with bounded memory."""
    starts = range(0, len(frames), _BATCH)
    parts = [trunk.run(np.ascontiguousarray(frames[at : at + _BATCH]))[0] for at in starts]
    return np.concatenate([np.zeros((0, engine.FILTERS), dtype=np.float32), *parts])
