"""An artifact of the real shape with random weights, made in a moment, for tests of answering."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES, FRAME_SIDE, Manifest
from models.inference import artifact
from models.inference.artifact import Weights
from models.inference.calibration import calibrate
from models.media import sampling

MEANS_BGR = (104.0, 117.0, 123.0)
FOLDS = 5

Layers = dict[str, npt.NDArray[np.float32]]

_TRUNK = ((2, 64), (2, 128), (3, 256), (3, 512), (2, 512))


def frames(count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Pictures that the random networks tell apart: (count, 224, 224, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((count, 7, 7, 3)) * rng.uniform(20, 255, (count, 1, 1, 3))
    return coarse.astype(np.uint8).repeat(32, axis=1).repeat(32, axis=2)


def trunk(seed: int = 0) -> Layers:
    """The twelve frozen convolutions, so that activations neither grow nor vanish."""
    rng = np.random.default_rng(seed)
    weights: Layers = {}
    given = 3
    for block, (convolutions, filters) in enumerate(_TRUNK, start=1):
        for n in range(1, convolutions + 1):
            weights |= _convolution(rng, f"block{block}_conv{n}", given, filters)
            given = filters
    return weights


def head(seed: int) -> Layers:
    """One fold's layers, with a batch normalisation that is far from doing nothing."""
    rng = np.random.default_rng([1, seed])
    convolution = _convolution(rng, "block5_conv3", 512, 512)
    rest: Layers = {
        "hidden/kernel": _normal(rng, (512, 64), 0.002),
        "hidden/bias": _normal(rng, (64,), 0.1),
        "hidden_norm/gamma": _normal(rng, (64,), 0.2) + np.float32(1),
        "hidden_norm/beta": _normal(rng, (64,), 0.2),
        "hidden_norm/moving_mean": _normal(rng, (64,), 0.2),
        "hidden_norm/moving_variance": np.abs(1 + _normal(rng, (64,), 0.2)) + np.float32(0.1),
        "output/kernel": _normal(rng, (64, 3), 0.2),
        "output/bias": _normal(rng, (3,), 0.3),
    }
    return convolution | rest


def manifest(**changes: object) -> Manifest:
    """A manifest as a training run writes it, but for the figures."""
    values: dict[str, object] = {
        "version": "pocovidnet-test",
        "created": "2021-02-01",
        "network": "pocovidnet",
        "folds": FOLDS,
        "group": "patient",
        "classes": CLASSES,
        "preprocessing": {
            "side": FRAME_SIDE,
            "colour": sampling.COLOUR,
            "channels": "BGR",
            "means": MEANS_BGR,
        },
        "training": {},
        "data": {},
        "metrics": {},
        "licence": "for tests",
    }
    return Manifest(**{**values, **changes})  # type: ignore[arg-type]


def calibrated(progress: Callable[[int, int], None]) -> Layers:
    """What `calibrate` measures for it, which takes seconds: see the fixture `measured`."""
    heads = [head(fold) for fold in range(FOLDS)]
    return calibrate(trunk(), heads, MEANS_BGR, calibration_frames(), progress)


def calibration_frames() -> npt.NDArray[np.uint8]:
    """What it is calibrated on; shifts are measured on the first of them."""
    return frames(3, seed=9)


def save(folder: Path, calibration: Mapping[str, npt.NDArray[np.float32]] | None = None) -> Path:
    """Write the artifact into a new folder and return that."""
    weights = Weights(trunk(), [head(fold) for fold in range(FOLDS)])
    if calibration is not None:
        weights = replace(weights, calibration=dict(calibration))
    artifact.save(folder, manifest(version=folder.name), weights)
    return folder


def _convolution(rng: np.random.Generator, name: str, given: int, filters: int) -> Layers:
    spread = (2 / (9 * given)) ** 0.5
    return {
        f"{name}/kernel": _normal(rng, (3, 3, given, filters), spread),
        f"{name}/bias": _normal(rng, (filters,), 0.1),
    }


def _normal(
    rng: np.random.Generator, shape: tuple[int, ...], spread: float
) -> npt.NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(spread)
