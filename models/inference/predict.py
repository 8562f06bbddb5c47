"""The Predictor: the models of an artifact, five of one trunk and five heads, and the signs'."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.contract import (
    CLASSES,
    FRAME_SIDE,
    LUNG,
    SIGN_PLACES,
    Manifest,
    Prediction,
    Probe,
    Square,
)
from models.inference import artifact, engine
from models.inference.answer import Method
from models.inference.artifact import ArtifactError, Weights
from models.inference.evidence import Evidence, Signs
from models.inference.lung_test import LungTest
from models.inference.sign_reader import lung_test
from models.inference.sign_weights import SignWeightsError
from models.inference.signs import SignEngine
from models.media import sampling

_NETWORK = "pocovidnet"
_FAINTEST = np.float32(1e-9)
"""Of Grad-CAM, which no frame's map is scaled up from."""

_PREPROCESSING = {"side": FRAME_SIDE, "colour": sampling.COLOUR, "channels": "BGR"}


class Predictor:
    """Predicts frames with every model of an artifact; load it once and reuse it."""

    def __init__(
        self,
        manifest: Manifest,
        method: Method,
        compiled: engine.Engine,
        signs: SignEngine | None = None,
        lung_test: LungTest | None = None,
    ) -> None:
        self.manifest = manifest
        self._method = method
        self._engine = compiled
        self._signs = signs
        self._lung_test = lung_test

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        precision: engine.Precision | None = None,
        *,
        pocovidnet_alone: bool = False,
    ) -> "Predictor":
        """Load and compile an artifact.

        Args:
            folder: the artifact; by default the active one.
            precision: of the computation; by default the fastest that this processor supports and
                the artifact is calibrated for.
            pocovidnet_alone: whether POCOVID-Net alone names the class, without the readers.

        Raises:
            ArtifactError: it is missing, modified, or of an unsupported format.
        """
        manifest, weights = artifact.load(folder or artifact.active())
        method = _method(manifest, weights)
        preprocessing = {name: manifest.preprocessing.get(name) for name in _PREPROCESSING}
        if manifest.network != _NETWORK or preprocessing != _PREPROCESSING:
            raise ArtifactError(
                f"{manifest.version}: expected {_NETWORK} with {_PREPROCESSING}, "
                f"got {manifest.network} with {preprocessing}."
            )
        precision = precision or engine.best_precision(weights.calibration)
        signs, test = _sign_engine(manifest, weights, precision)
        try:
            compiled = engine.compile_classifier(
                weights.trunk,
                weights.heads,
                manifest.preprocessing["means"],
                precision,
                weights.calibration,
                evidence=True,
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ArtifactError(
                f"{manifest.version}: its weights are not those of POCOVID-Net: {error}"
            ) from error
        predictor = cls(
            manifest,
            method.without_readers() if pocovidnet_alone else method,
            compiled,
            signs,
            test,
        )
        # Warm up: the first run compiles kernels.
        predictor.evidence(np.zeros((1, FRAME_SIDE, FRAME_SIDE, 3), dtype=np.uint8))
        return predictor

    @property
    def version(self) -> str:
        """The artifact's version, stored with each prediction."""
        return self.manifest.version

    @property
    def precision(self) -> engine.Precision:
        """The precision of the computation."""
        return self._engine.precision

    @property
    def sign_precision(self) -> engine.Precision | None:
        """The sign network's; None where there is none."""
        return None if self._signs is None else self._signs.precision

    def predict(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The mean of the models' softmax scores for every frame.

        Args:
            frames: uint8 RGB, shape (n, 224, 224, 3).

        Returns:
            float32, shape (n, 3), classes in the order of `contract.CLASSES`.

        Raises:
            ValueError: the frames have another shape or dtype.
        """
        mean: npt.NDArray[np.float32] = self.scores(frames).mean(axis=0)
        return mean

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """What every model answers for every frame.

        The mean of POCOVID-Net's softmax scores and those of the fold's reader, if the artifact has
        readers; POCOVID-Net's otherwise. No temperature is applied.

        Args:
            frames: uint8 RGB, shape (n, 224, 224, 3).

        Returns:
            float32, shape (models, n, 3), classes in the order of `contract.CLASSES`.

        Raises:
            ValueError: the frames have another shape or dtype.
        """
        return self._method.scores(self.evidence(frames))

    def evidence(self, frames: npt.NDArray[np.uint8]) -> Evidence:
        """What all networks say of every frame.

        Args:
            frames: uint8 RGB, shape (n, 224, 224, 3).

        Raises:
            ValueError: the frames have another shape or dtype.
        """
        softmax, cams, trunk = self._run(frames)
        return Evidence(
            softmax,
            None if self._signs is None else self._read(self._signs, frames, trunk),
            cams / np.maximum(cams.max(axis=(1, 2, 3), keepdims=True), _FAINTEST),
        )

    def conclude(
        self,
        evidences: Sequence[Evidence],
        times_s: Sequence[float],
        square: Square,
        probe: Probe = Probe.CONVEX,
    ) -> Prediction:
        """A recording's prediction, see `models.inference.answer.Method.conclude`."""
        return self._method.conclude(evidences, times_s, square, probe)

    def _read(
        self, signs: SignEngine, frames: npt.NDArray[np.uint8], trunk: npt.NDArray[np.float32]
    ) -> Signs:
        """The signs, with what the lung test says where there is one."""
        if self._lung_test is None or not len(frames):
            return signs.run(frames)
        found, hidden = signs.run_with_hidden(frames)
        return self._lung_test.judged(found, signs.signs.index(LUNG), hidden, trunk)

    def _run(
        self, frames: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Scores (models, n, 3), Grad-CAM (n, 3, 14, 14) and the trunk's means (n, 512)."""
        expected = (FRAME_SIDE, FRAME_SIDE, 3)
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != expected:
            raise ValueError(
                f"expected uint8 RGB frames of shape (n, {FRAME_SIDE}, {FRAME_SIDE}, 3), "
                f"got {frames.dtype} {frames.shape}"
            )
        if not len(frames):
            places = (SIGN_PLACES, SIGN_PLACES)
            return (
                np.zeros((self.manifest.folds, 0, len(CLASSES)), dtype=np.float32),
                np.zeros((0, len(CLASSES), *places), dtype=np.float32),
                np.zeros((0, engine.FILTERS), dtype=np.float32),
            )
        scores, cams, trunk = self._engine.run(np.ascontiguousarray(frames))
        return scores, cams, trunk


def _method(manifest: Manifest, weights: Weights) -> Method:
    """How the artifact answers."""
    signs = weights.signs
    try:
        return Method.of(
            manifest,
            () if signs is None else signs.maps,
            () if signs is None else signs.signs,
            weights.readers,
        )
    except KeyError as error:
        raise ArtifactError(f"{manifest.version}: its answer lacks {error}.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ArtifactError(f"{manifest.version} cannot answer: {error}.") from error


def _sign_engine(
    manifest: Manifest, weights: Weights, precision: engine.Precision
) -> tuple[SignEngine | None, LungTest | None]:
    """The compiled sign network, if there is one, and the lung test that goes with it."""
    if weights.signs is None:
        return None, None
    if precision == "int8" and not weights.signs.calibration:
        # An artifact from before the sign network was calibrated.
        precision = engine.best_precision({})
    try:
        compiled = SignEngine(weights.signs, precision)
        return compiled, lung_test(compiled, weights)
    except SignWeightsError as error:
        raise ArtifactError(f"{manifest.version}: {error}.") from error
