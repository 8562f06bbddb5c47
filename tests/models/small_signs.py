"""A sign network of the real shape with random weights, for tests of answering."""

from pathlib import Path
from typing import Any

import numpy as np

from models.contract import CLASSES, CONVEX, LUNG, SIGN_MAPS, SIGNS
from models.inference import artifact
from models.inference.answer import feature_names
from models.inference.artifact import Weights
from models.inference.sign_weights import SignWeights
from tests.models.small_artifact import FOLDS, Layers, head, manifest, trunk

WHOLE = (*SIGNS, *(f"{name}_extent" for name in SIGN_MAPS), LUNG, CONVEX)
FEATURES = feature_names(SIGN_MAPS, WHOLE)

_STAGES = ((1, 24, 1), (24, 48, 2), (48, 96, 2))
_CONTEXT = 128
_HIDDEN = 128


def sign_weights(seed: int = 0) -> SignWeights:
    """Random weights of a sign network with all maps and signs."""
    rng = np.random.default_rng([2, seed])
    values: Layers = {}
    for stage, (given, width, blocks) in enumerate(_STAGES, start=1):
        values |= _stage(rng, f"stage{stage}", given, width, blocks)
    values |= _stage(rng, "context", _STAGES[-1][1], _CONTEXT, 2)
    values |= _layer(rng, "context_back", (1, 1, _CONTEXT, _STAGES[-1][1]))
    values |= _layer(rng, "maps", (1, 1, _STAGES[-1][1], len(SIGN_MAPS)))
    values |= _layer(rng, "hidden", (2 * (_STAGES[-1][1] + _CONTEXT), _HIDDEN))
    values |= _layer(rng, "signs", (_HIDDEN, len(WHOLE)))
    return SignWeights(SIGN_MAPS, WHOLE, values, {"figures": {}})


def save_signs(path: Path, seed: int = 0) -> Path:
    """Write such weights into a file, as training does, and return its path."""
    sign_weights(seed).write(path)
    return path


def readers(seed: int = 0) -> Layers:
    """Random readers of all features, one for each fold."""
    rng = np.random.default_rng([3, seed])
    count = len(FEATURES)
    values: Layers = {}
    for fold in range(FOLDS):
        values[f"fold{fold}/kernel"] = _normal(rng, (count, len(CLASSES)), 1.0)
        values[f"fold{fold}/bias"] = _normal(rng, (len(CLASSES),), 0.1)
    return values


def answer(**changes: Any) -> dict[str, Any]:
    """How an artifact with such readers answers."""
    values = {
        "features": list(FEATURES),
        "share": 0.5,
        "temperature": {"both": 1.5, "pocovidnet": 2.0, "signs": 0.5},
        "reliability": [
            {"low": 0.33, "high": 0.6, "right": 31, "answers": 52},
            {"low": 0.6, "high": 1.0, "right": 40, "answers": 43},
        ],
        "usable": {"lung": 0.5, "convex": 0.5, "frames": 0.34},
    }
    return {**values, **changes}


def full_artifact(folder: Path) -> Path:
    """Write an artifact that answers from signs too, not calibrated, and return its folder."""
    heads = [head(fold) for fold in range(FOLDS)]
    weights = Weights(trunk(), heads, signs=sign_weights(), readers=readers())
    artifact.save(folder, manifest(version=folder.name, answer=answer()), weights)
    return folder


def _stage(rng: np.random.Generator, name: str, given: int, width: int, blocks: int) -> Layers:
    values = _normed(rng, f"{name}_down", given, width)
    for block in range(1, blocks + 1):
        for n in (1, 2):
            values |= _normed(rng, f"{name}_block{block}_conv{n}", width, width)
    return values


def _normed(rng: np.random.Generator, name: str, given: int, width: int) -> Layers:
    return {
        f"{name}/kernel": _normal(rng, (3, 3, given, width), (2 / (9 * given)) ** 0.5),
        f"{name}_norm/gamma": rng.uniform(0.5, 1.0, width).astype(np.float32),
        f"{name}_norm/beta": _normal(rng, (width,), 0.1),
        f"{name}_norm/moving_mean": _normal(rng, (width,), 0.1),
        f"{name}_norm/moving_variance": rng.uniform(0.5, 1.5, width).astype(np.float32),
    }


def _layer(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> Layers:
    spread = (1 / shape[-2]) ** 0.5
    return {
        f"{name}/kernel": _normal(rng, shape, spread),
        f"{name}/bias": _normal(rng, shape[-1:], 0.1),
    }


def _normal(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Any:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(spread)
