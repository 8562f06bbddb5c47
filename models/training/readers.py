"""Readers: from the signs in a frame to the three classes, one small regression for each fold.

What a doctor does after looking: multinomial logistic regression with an L2 penalty on a few
numbers that have names, which carries to an unknown hospital better than a network's thousand
features (docs/MODEL_CARD.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from models.contract import CLASSES

Features = npt.NDArray[np.float32]

STRENGTHS = (0.001, 0.003, 0.01, 0.03)
"""Inverse strengths of the penalty to choose from (scikit-learn's `C`)."""

_INNER_FOLDS = 5
_NEVER = -20.0
"""Logit of a class that no recording of a training fold has."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A regression: `kernel` (k, 3) and `bias` (3,), for features as they are."""

    kernel: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def softmax(self, features: Features) -> npt.NDArray[np.float32]:
        """Probabilities (n, 3) for features (n, k)."""
        logits = features @ self.kernel + self.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Examples:
    """Frames to learn from.

    Attributes:
        features: (n, k), see `models.inference.answer.features`.
        labels: (n,) class indices.
        recordings: (n,) index of each frame's recording.
        sources: for each recording, what is held out together when the penalty is chosen.
    """

    features: Features
    labels: npt.NDArray[np.int64]
    recordings: npt.NDArray[np.int64]
    sources: Sequence[str]

    def of(self, recordings: npt.NDArray[np.bool_]) -> "Examples":
        """Only the frames of these recordings, given as a mask over all recordings."""
        chosen = recordings[self.recordings]
        return Examples(
            self.features[chosen], self.labels[chosen], self.recordings[chosen], self.sources
        )


def fit_readers(
    examples: Examples, folds: Sequence[int], progress: Callable[[int, int], None]
) -> list[Reader]:
    """A reader for each fold, learnt from the recordings that are not in it.

    Args:
        examples: all frames.
        folds: for each recording, its test fold.
        progress: called with the folds done and in all.
    """
    numbers = np.asarray(folds)
    count = int(numbers.max()) + 1
    readers = []
    for fold in range(count):
        training = examples.of(numbers != fold)
        readers.append(_fitted(training, choose_strength(training)))
        progress(fold + 1, count)
    return readers


def held_out_readings(
    examples: Examples, folds: Sequence[int], readers: Sequence[Reader]
) -> npt.NDArray[np.float32]:
    """Softmax scores (n, 3) of every frame by the reader of its recording's test fold."""
    fold_of_frame = np.asarray(folds)[examples.recordings]
    scores = np.zeros((len(fold_of_frame), len(CLASSES)), dtype=np.float32)
    for fold, reader in enumerate(readers):
        tested = fold_of_frame == fold
        scores[tested] = reader.softmax(examples.features[tested])
    return scores


def choose_strength(examples: Examples) -> float:
    """The strength with the lowest loss on sources that an inner cross-validation holds out.

    The middle one where fewer than two sources, or too few classes, leave nothing to hold out.
    """
    sources = np.array(examples.sources)[examples.recordings]
    splits = min(_INNER_FOLDS, len(np.unique(sources)))
    middle = STRENGTHS[len(STRENGTHS) // 2]
    if splits < 2:
        return middle
    losses = np.zeros(len(STRENGTHS))
    for train, test in GroupKFold(splits).split(examples.features, examples.labels, sources):
        if len(np.unique(examples.labels[train])) < 2:
            return middle
        part = Examples(
            examples.features[train],
            examples.labels[train],
            examples.recordings[train],
            examples.sources,
        )
        weights = _class_weights(examples.labels)[examples.labels[test]]
        for n, strength in enumerate(STRENGTHS):
            scores = _fitted(part, strength).softmax(examples.features[test])
            loss = log_loss(
                examples.labels[test],
                scores,
                sample_weight=weights,
                labels=range(len(CLASSES)),
                normalize=False,
            )
            losses[n] += loss
    return STRENGTHS[int(losses.argmin())]


def _class_weights(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Weights with which each class that occurs counts as much as any other."""
    counts = np.bincount(labels, minlength=len(CLASSES))
    return len(labels) / np.maximum(counts, 1) / np.count_nonzero(counts)


def _fitted(examples: Examples, strength: float) -> Reader:
    """A reader of these frames, its features' scales folded into its weights."""
    mean = examples.features.mean(axis=0)
    scale = examples.features.std(axis=0) + np.float32(1e-4)
    classes = np.unique(examples.labels)
    kernel = np.zeros((examples.features.shape[1], len(CLASSES)))
    bias = np.full(len(CLASSES), _NEVER)
    if len(classes) < 2:
        bias[classes] = 0.0
        return Reader(kernel.astype(np.float32), bias.astype(np.float32))
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
    regression.fit((examples.features - mean) / scale, examples.labels)
    weights, intercepts = regression.coef_, regression.intercept_
    if len(classes) == 2:  # scikit-learn then has one row, for the second class
        weights = np.concatenate([-weights, weights]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    kernel[:, classes] = weights.T / scale[:, None]
    bias[classes] = intercepts - (mean / scale) @ weights.T
    return Reader(kernel.astype(np.float32), bias.astype(np.float32))
