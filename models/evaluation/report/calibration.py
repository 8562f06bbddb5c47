"""Calibration of the probabilities: reliability, ECE, and temperature scaling by fold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from models.evaluation.report.scores import ScoredRecording, ScoreSet

BINS = 10
_SMALLEST = 1e-7
_RANGE = (0.05, 20.0)

Scores = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of similar confidence: mean confidence, accuracy (both 0 to 1), and count."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """Agreement of confidence and accuracy.

    `ece` is the expected calibration error over ten bins of equal width (Guo et al. 2017), `nll`
    the mean negative log likelihood, `brier` the mean squared error over the three classes.
    """

    bins: tuple[Bin, ...]
    ece: float
    nll: float
    brier: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of frames and videos, uncalibrated and scaled; the temperatures by fold."""

    frames: Reliability
    frames_scaled: Reliability
    videos: Reliability | None
    videos_scaled: Reliability | None
    temperatures: dict[int, float]


def measure_calibration(score_set: ScoreSet) -> Calibration | None:
    """Reliability before and after scaling; None with fewer than two folds.

    Each fold's temperature is fitted on the held-out scores of the other folds, so that no
    recording influences the temperature applied to it (Guo et al. 2017).
    """
    folds = sorted({each.fold for each in score_set.recordings if each.fold is not None})
    if len(folds) < 2:
        return None
    temperatures = {
        fold: fit_temperature(
            score_set.scores[score_set.folds != fold], score_set.labels[score_set.folds != fold]
        )
        for fold in folds
    }
    by_frame = np.array([temperatures[int(fold)] for fold in score_set.folds])
    scaled = scale(score_set.scores, by_frame)
    videos = score_set.videos
    answers, answers_scaled = _answers(videos, {}), _answers(videos, temperatures)
    truth = np.array([each.truth for each in videos])
    return Calibration(
        frames=reliability(score_set.scores, score_set.labels),
        frames_scaled=reliability(scaled, score_set.labels),
        videos=reliability(answers, truth) if videos else None,
        videos_scaled=reliability(answers_scaled, truth) if videos else None,
        temperatures=temperatures,
    )


def scale(scores: Scores, temperature: float | npt.NDArray[np.floating]) -> Scores:
    """Softmax scores (n, 3) at another temperature, one for all or one for each row (n,)."""
    logits = np.log(np.maximum(scores, _SMALLEST)) / np.reshape(temperature, (-1, 1))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(scores: Scores, labels: npt.NDArray[np.int64]) -> float:
    """The temperature, 0.05 to 20, that minimises the negative log likelihood."""

    def loss(log_temperature: float) -> float:
        return _nll(scale(scores, float(np.exp(log_temperature))), labels)

    found = minimize_scalar(loss, bounds=np.log(_RANGE), method="bounded")
    return float(np.exp(found.x))


def reliability(scores: Scores, labels: npt.NDArray[np.int64]) -> Reliability:
    """Reliability of the top class and its probability.

    Args:
        scores: (n, 3), n at least 1.
        labels: (n,) true class indices.
    """
    confidence = scores.max(axis=1)
    right = scores.argmax(axis=1) == labels
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = tuple(
        Bin(
            float(confidence[places == n].mean()),
            float(right[places == n].mean()),
            int((places == n).sum()),
        )
        for n in np.unique(places)
    )
    ece = sum(each.count * abs(each.accuracy - each.confidence) for each in bins) / len(labels)
    target = np.eye(scores.shape[1])[labels]
    return Reliability(
        bins, float(ece), _nll(scores, labels), float(((scores - target) ** 2).sum(axis=1).mean())
    )


def _answers(videos: tuple[ScoredRecording, ...], temperatures: dict[int, float]) -> Scores:
    """The videos' mean scores (n, 3), each frame at the temperature of its fold."""
    rows = [
        scale(each.scores, temperatures[each.fold]).mean(axis=0)
        if each.fold in temperatures
        else each.mean
        for each in videos
    ]
    return np.array(rows)


def _nll(scores: Scores, labels: npt.NDArray[np.int64]) -> float:
    likelihood = scores[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(likelihood, _SMALLEST)).mean())
