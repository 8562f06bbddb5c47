"""Calibration of the probabilities: reliability, and ECE before and after scaling by fold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.evaluation.report.scores import ScoreSet
from models.evaluation.temperature import fit_temperature, negative_log_likelihood, scale

BINS = 10

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
    recording influences the temperature applied to it (Guo et al. 2017): that of frames on frames,
    that of videos, as in the product, on recordings.
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
    answers = np.array([each.mean for each in videos])
    by_recording = {fold: _fit_on_recordings(score_set, fold) for fold in folds}
    own = np.array([by_recording.get(-1 if v.fold is None else v.fold, 1.0) for v in videos])
    answers_scaled = scale(answers, own) if videos else answers
    truth = np.array([each.truth for each in videos])
    return Calibration(
        frames=reliability(score_set.scores, score_set.labels),
        frames_scaled=reliability(scaled, score_set.labels),
        videos=reliability(answers, truth) if videos else None,
        videos_scaled=reliability(answers_scaled, truth) if videos else None,
        temperatures=temperatures,
    )


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
        bins,
        float(ece),
        negative_log_likelihood(scores, labels),
        float(((scores - target) ** 2).sum(axis=1).mean()),
    )


def _fit_on_recordings(score_set: ScoreSet, fold: int) -> float:
    """The temperature of the recordings' answers, fitted on those of all other folds."""
    others = [each for each in score_set.recordings if each.fold != fold]
    return fit_temperature(
        np.array([each.mean for each in others]), np.array([each.truth for each in others])
    )
