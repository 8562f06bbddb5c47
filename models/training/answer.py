"""An artifact's answer: readers of its recordings' signs, temperature and reliability."""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES, SIGNS
from models.data.index import Entry
from models.evaluation.metrics import HeldOutScores, compute_metrics
from models.evaluation.temperature import fit_temperature, scale
from models.inference import answer, artifact
from models.inference.screen import BATCH
from models.inference.sign_weights import SignWeights
from models.inference.signs import SignEngine
from models.training.readers import Examples, Reader, fit_readers, held_out_readings

Array = npt.NDArray[Any]
Scores = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]

SHARE = 0.5
"""Of the readers in the mean with POCOVID-Net: half, chosen before any mean was measured."""

REFUSAL = ("usable", "refused")
"""Parts of a manifest's `answer` that hold for the sign network, whatever else is trained."""

_ANSWERS_A_BIN = 24
_HELD_OUT = ("source", "patient", "recording")
"""Cross-validations in the order in which they are preferred to fit a temperature on."""


@dataclass(frozen=True, slots=True)
class ShippedSigns:
    """The shipped artifact's sign network, and the parts of its `answer` about what is refused."""

    weights: SignWeights
    refusal: Mapping[str, Any]


def shipped_signs() -> ShippedSigns | None:
    """Those of the active artifact in this repository; None where it has none.

    Raises:
        ArtifactError: it cannot be read.
    """
    manifest, weights = artifact.load(artifact.active())
    if weights.signs is None:
        return None
    kept = {name: manifest.answer[name] for name in REFUSAL if name in manifest.answer}
    return ShippedSigns(weights.signs, kept)


@dataclass(frozen=True)
class Answer:
    """What an artifact needs besides POCOVID-Net's weights.

    Attributes:
        readers: one for each fold of the shipped models.
        scores: for each cross-validation, the held-out scores (n, 3) of the whole answer.
        description: the manifest's `answer`.
    """

    readers: list[Reader]
    scores: dict[str, Array]
    description: dict[str, Any]

    def reader_weights(self) -> dict[str, Array]:
        """The readers as an artifact stores them, see `models.inference.answer.Readers`."""
        weights: dict[str, Array] = {}
        for n, reader in enumerate(self.readers):
            weights[f"fold{n}/kernel"], weights[f"fold{n}/bias"] = reader.kernel, reader.bias
        return weights


def make_answer(
    weights: SignWeights,
    frames: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    recordings: npt.NDArray[np.int64],
    entries: Sequence[Entry],
    splits: Mapping[str, Sequence[int]],
    group: str,
    softmax: Mapping[str, Array],
    progress: Progress,
) -> Answer:
    """Learn to read the signs of the training recordings, and measure the answer of both parts.

    Args:
        weights: the sign network.
        frames: uint8 RGB (n, 224, 224, 3).
        labels: (n,) class indices.
        recordings: (n,) index of each frame's recording.
        entries: the recordings.
        splits: for each cross-validation, the test fold of each recording.
        group: the cross-validation of the shipped models.
        softmax: for each cross-validation, POCOVID-Net's held-out scores (n, 3).
        progress: called after every step.
    """
    names = answer.feature_names(weights.maps, weights.signs)
    read = features_read(weights)
    columns = [names.index(name) for name in read]
    found = _features(weights, frames, progress)[:, columns]
    examples = Examples(found, labels, recordings, [entry.source or entry.key for entry in entries])
    readers: dict[str, list[Reader]] = {}
    readings: dict[str, Scores] = {}
    for name in softmax:
        readers[name] = fit_readers(
            examples,
            splits[name],
            functools.partial(progress, f"Readers by {name}"),
        )
        readings[name] = held_out_readings(examples, splits[name], readers[name])
    both = {
        name: ((1 - SHARE) * softmax[name] + SHARE * readings[name]).astype(np.float32)
        for name in softmax
    }
    calibrated_on = next(name for name in (*_HELD_OUT, group) if name in softmax)
    folds = np.asarray(splits[calibrated_on])
    by_part = {"both": both, "pocovidnet": softmax, "signs": readings}
    of_recordings = {
        part: _of_recordings(scores[calibrated_on], recordings) for part, scores in by_part.items()
    }
    truth = np.array([CLASSES.index(entry.label) for entry in entries])
    return Answer(
        readers[group],
        both,
        {
            "features": list(read),
            "share": SHARE,
            "temperature": {
                part: round(fit_temperature(scores, truth), 4)
                for part, scores in of_recordings.items()
            },
            "reliability": [
                {"group": calibrated_on, **each}
                for each in _reliability(of_recordings["both"], truth, folds)
            ],
            "metrics": {
                part: {
                    name: compute_metrics(
                        HeldOutScores(
                            np.asarray(scores[name], dtype=np.float32),
                            labels,
                            recordings,
                            [entry.kind == "video" for entry in entries],
                        )
                    )
                    for name in softmax
                }
                for part, scores in by_part.items()
            },
        },
    )


def features_read(weights: SignWeights) -> tuple[str, ...]:
    """Names of what the readers see: each map's mean and maximum, and the signs of the picture.

    Whether it is a lung, and of which probe, is left out: neither depends on a disease, but both
    might identify a hospital.
    """
    of_maps = [f"{name}_{kind}" for kind in ("mean", "maximum") for name in weights.maps]
    return (*of_maps, *(name for name in weights.signs if name in SIGNS))


def _features(
    weights: SignWeights, frames: npt.NDArray[np.uint8], progress: Progress
) -> npt.NDArray[np.float32]:
    engine = SignEngine(weights, "f32")
    parts = []
    for at in range(0, len(frames), BATCH):
        parts.append(answer.features(engine.run(frames[at : at + BATCH])))
        progress("Signs", min(at + BATCH, len(frames)), len(frames))
    return np.concatenate(parts)


def _of_recordings(scores: Array, recordings: npt.NDArray[np.int64]) -> Array:
    """Mean scores of each recording, (recordings, 3)."""
    sums = np.zeros((int(recordings.max()) + 1, scores.shape[1]))
    np.add.at(sums, recordings, scores)
    return np.asarray(sums / np.bincount(recordings)[:, None])


def _reliability(
    scores: Array, truth: npt.NDArray[np.int64], folds: npt.NDArray[np.int64]
) -> list[dict[str, float]]:
    """How often answers of about the same probability were right, in groups of about 24.

    Each recording's probability is scaled by a temperature that was fitted without its fold.
    """
    temperatures = np.array(
        [
            fit_temperature(scores[folds != fold], truth[folds != fold])
            if (folds != fold).any()
            else 1.0
            for fold in folds
        ]
    )
    scaled = scale(scores, temperatures)
    order = np.argsort(scaled.max(axis=1), kind="stable")
    parts = np.array_split(order, max(1, len(order) // _ANSWERS_A_BIN))
    highest = scaled.max(axis=1)
    edges = [
        0.0,
        *(float(highest[a[-1]] + highest[b[0]]) / 2 for a, b in itertools.pairwise(parts)),
        1.0,
    ]
    return [
        {
            "low": round(low, 4),
            "high": round(high, 4),
            "right": int((scaled[part].argmax(axis=1) == truth[part]).sum()),
            "answers": len(part),
        }
        for part, low, high in zip(parts, edges[:-1], edges[1:], strict=True)
    ]
