"""The Predictor: the five models of an artifact as one trunk and five heads."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES, FRAME_SIDE, Manifest
from models.inference import artifact, engine
from models.media import sampling

_NETWORK = "pocovidnet"
_PREPROCESSING = {"side": FRAME_SIDE, "colour": sampling.COLOUR, "channels": "BGR"}


class Predictor:
    """Predicts frames with every model of an artifact; load it once and reuse it."""

    def __init__(self, manifest: Manifest, compiled: engine.Engine) -> None:
        self.manifest = manifest
        self._engine = compiled

    @classmethod
    def load(
        cls, folder: Path | None = None, precision: engine.Precision | None = None
    ) -> "Predictor":
        """Load and compile an artifact.

        Args:
            folder: the artifact; by default the active one.
            precision: of the computation; by default the fastest that this processor supports and
                the artifact is calibrated for.

        Raises:
            ArtifactError: it is missing, modified, or of an unsupported format.
        """
        manifest, weights = artifact.load(folder or artifact.active())
        preprocessing = {name: manifest.preprocessing.get(name) for name in _PREPROCESSING}
        if manifest.network != _NETWORK or preprocessing != _PREPROCESSING:
            raise artifact.ArtifactError(
                f"{manifest.version}: expected {_NETWORK} with {_PREPROCESSING}, "
                f"got {manifest.network} with {preprocessing}."
            )
        try:
            compiled = engine.compile_classifier(
                weights.trunk,
                weights.heads,
                manifest.preprocessing["means"],
                precision or engine.best_precision(weights.calibration),
                weights.calibration,
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise artifact.ArtifactError(
                f"{manifest.version}: its weights are not those of POCOVID-Net: {error}"
            ) from error
        predictor = cls(manifest, compiled)
        # Warm up: the first run compiles kernels.
        predictor.scores(np.zeros((1, FRAME_SIDE, FRAME_SIDE, 3), dtype=np.uint8))
        return predictor

    @property
    def version(self) -> str:
        """The artifact's version, stored with each prediction."""
        return self.manifest.version

    @property
    def precision(self) -> engine.Precision:
        """The precision of the computation."""
        return self._engine.precision

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
        """Softmax scores of every model for every frame.

        The frozen trunk is computed once for each frame and shared by the heads.

        Args:
            frames: uint8 RGB, shape (n, 224, 224, 3).

        Returns:
            float32, shape (models, n, 3), classes in the order of `contract.CLASSES`.

        Raises:
            ValueError: the frames have another shape or dtype.
        """
        expected = (FRAME_SIDE, FRAME_SIDE, 3)
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != expected:
            raise ValueError(
                f"expected uint8 RGB frames of shape (n, {FRAME_SIDE}, {FRAME_SIDE}, 3), "
                f"got {frames.dtype} {frames.shape}"
            )
        if not len(frames):
            return np.zeros((self.manifest.folds, 0, len(CLASSES)), dtype=np.float32)
        return self._engine.run(np.ascontiguousarray(frames))[0]
