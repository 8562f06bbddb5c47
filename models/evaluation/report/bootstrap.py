"""95 % confidence intervals by a cluster bootstrap over patients, whose frames are correlated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES
from models.evaluation import metrics
from models.evaluation.report.scores import ScoreSet

RESAMPLES = 2000
LEVEL = 0.95
SEED = 1

Interval = tuple[float, float]
_COUNT = len(CLASSES)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Patients as bootstrap clusters: the patient of each recording, and strata by class."""

    of_recording: npt.NDArray[np.int64]
    strata: tuple[npt.NDArray[np.int64], ...]

    @classmethod
    def of(cls, score_set: ScoreSet) -> "Clusters":
        """The patients of a score set, stratified so that every resample has each class."""
        names = [recording.patient_id for recording in score_set.recordings]
        numbers = {name: n for n, name in enumerate(dict.fromkeys(names))}
        recording_indices = np.array([numbers[name] for name in names])
        first = {
            numbers[recording.patient_id]: recording.truth
            for recording in reversed(score_set.recordings)
        }
        labels = np.array([first[n] for n in range(len(numbers))])
        return cls(recording_indices, tuple(np.flatnonzero(labels == n) for n in np.unique(labels)))

    def draws(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """How often each patient is drawn in each resample: (count, patients)."""
        times = np.zeros((count, sum(map(len, self.strata))), dtype=np.int64)
        for members in self.strata:
            even = np.full(len(members), 1 / len(members))
            times[:, members] = rng.multinomial(len(members), even, size=count)
        return times


def intervals(
    score_set: ScoreSet, *, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Interval]:
    """Percentile intervals of the metrics, by names such as `frame_classes.covid19.sensitivity`.

    Args:
        score_set: scored recordings.
        resamples: number of bootstrap resamples of the patients, within each class.
        seed: of the resamples.
    """
    clusters = Clusters.of(score_set)
    times = clusters.draws(resamples, np.random.default_rng(seed))
    drawn = {
        "frame": _tables(
            score_set.labels,
            score_set.scores.argmax(axis=1),
            clusters.of_recording[score_set.recording_indices],
            times,
        )
    }
    places = [n for n, each in enumerate(score_set.recordings) if each.kind == "video"]
    if places:
        videos = [score_set.recordings[n] for n in places]
        truth = np.array([video.truth for video in videos])
        recording_indices = clusters.of_recording[places]
        by_mean = np.array([video.mean.argmax() for video in videos])
        by_vote = np.array([metrics.majority_class(video.scores) for video in videos])
        drawn["video"] = _tables(truth, by_mean, recording_indices, times)
        drawn["majority"] = _tables(truth, by_vote, recording_indices, times)
    samples: dict[str, npt.NDArray[Any]] = {}
    for name, tables in drawn.items():
        samples |= _named(name, tables)
    samples |= _areas(score_set, clusters.of_recording[score_set.recording_indices], times)
    return {name: _interval(values) for name, values in samples.items()}


def rates(tables: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.float64]]:
    """Metrics of confusion matrices (…, 3, 3), rows true: each (…) or, per class, (…, 3).

    Division by zero gives 0, as in `models.evaluation.metrics`, never NaN.
    """
    hits = np.diagonal(tables, axis1=-2, axis2=-1).astype(float)
    true, predicted = tables.sum(axis=-1), tables.sum(axis=-2)
    total = tables.sum(axis=(-2, -1))[..., None]
    missed, false = true - hits, predicted - hits
    sensitivity = hits / np.maximum(1, true)
    present = true > 0
    return {
        "accuracy": hits.sum(axis=-1) / np.maximum(1, total[..., 0]),
        "balanced_accuracy": sensitivity.sum(axis=-1) / np.maximum(1, present.sum(axis=-1)),
        "sensitivity": sensitivity,
        "specificity": (total - true - false) / np.maximum(1, total - true),
        "precision": hits / np.maximum(1, predicted),
        "f1": 2 * hits / np.maximum(1, 2 * hits + missed + false),
    }


def _tables(
    truth: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    recording_indices: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The confusion matrix of each resample: (resamples, 3, 3)."""
    per_patient = np.zeros((times.shape[1], _COUNT, _COUNT), dtype=np.int64)
    np.add.at(per_patient, (recording_indices, truth, predicted), 1)
    drawn: npt.NDArray[np.int64] = np.tensordot(times, per_patient, axes=1)
    return drawn


def _named(name: str, tables: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    samples = rates(tables)
    if name == "majority":
        return {"video_accuracy_majority": samples["accuracy"]}
    values = {
        f"{name}_accuracy": samples["accuracy"],
        f"{name}_balanced_accuracy": samples["balanced_accuracy"],
    }
    for n, key in enumerate(CLASSES):
        for what in ("sensitivity", "specificity", "precision", "f1"):
            values[f"{name}_classes.{key}.{what}"] = samples[what][:, n]
    return values


def _areas(
    score_set: ScoreSet, recording_indices: npt.NDArray[np.int64], times: npt.NDArray[np.int64]
) -> Mapping[str, npt.NDArray[Any]]:
    """AUC of each resample: the share of positive-negative frame pairs in correct order."""
    samples = {}
    for n, key in enumerate(CLASSES):
        positive = score_set.labels == n
        if not positive.any() or positive.all():
            continue
        counts = [
            np.bincount(recording_indices[side], minlength=times.shape[1])
            for side in (positive, ~positive)
        ]
        wins = times @ _wins(score_set.scores[:, n], positive, recording_indices, times.shape[1])
        pairs = (times @ counts[0]) * (times @ counts[1])
        # A resample may lack a class if one patient has recordings of several.
        defined = pairs > 0
        if defined.any():
            samples[f"auc.{key}"] = (wins * times).sum(axis=1)[defined] / pairs[defined]
    return samples


def _wins(
    scores: npt.NDArray[Any],
    positive: npt.NDArray[np.bool_],
    recording_indices: npt.NDArray[np.int64],
    patients: int,
) -> npt.NDArray[np.float64]:
    """Correctly ordered pairs of patient i's positive and patient j's negative frames."""
    wins = np.zeros((patients, patients))
    for other in range(patients):
        rest = np.sort(scores[~positive & (recording_indices == other)])
        below, up_to = (np.searchsorted(rest, scores[positive], side) for side in ("left", "right"))
        wins[:, other] = np.bincount(
            recording_indices[positive], weights=(below + up_to) / 2, minlength=patients
        )
    return wins


def _interval(values: npt.NDArray[Any]) -> Interval:
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
