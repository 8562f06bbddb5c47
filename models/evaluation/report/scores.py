"""Scored recordings, from which every table and figure of the report is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import CLASSES, Manifest
from models.evaluation import metrics
from models.evaluation.held_out import TrainedRecording, scores_by_recording, trained_recordings


@dataclass(frozen=True, slots=True)
class ScoredRecording:
    """A recording with its held-out softmax scores (frames, 3).

    `fold` is the test fold whose model computed the scores; None for an external recording, scored
    by all models.
    """

    sha256: str
    key: str
    label: str
    kind: str
    patient: str
    source: str
    fold: int | None
    scores: npt.NDArray[np.float32]

    @property
    def truth(self) -> int:
        """Index of the true class."""
        return CLASSES.index(self.label)

    @property
    def mean(self) -> npt.NDArray[np.float32]:
        """Mean softmax scores (3,): the recording's prediction."""
        found: npt.NDArray[np.float32] = self.scores.mean(axis=0)
        return found

    @property
    def predicted(self) -> str:
        """Key of the predicted class."""
        return CLASSES[int(self.mean.argmax())]

    @property
    def patient_id(self) -> str:
        """The patient; a recording of an unknown patient counts as a patient of its own."""
        return f"patient {self.patient}" if self.patient else f"recording {self.sha256}"


@dataclass(frozen=True)
class ScoreSet:
    """All scores of one cross-validation, or those of external recordings."""

    name: str
    recordings: tuple[ScoredRecording, ...]

    @cached_property
    def scores(self) -> npt.NDArray[np.float32]:
        """Of all frames: (n, 3)."""
        return np.concatenate([recording.scores for recording in self.recordings])

    @cached_property
    def recording_indices(self) -> npt.NDArray[np.int64]:
        """For each frame, the index of its recording (n,)."""
        counts = [len(recording.scores) for recording in self.recordings]
        return np.repeat(np.arange(len(self.recordings)), counts)

    @cached_property
    def labels(self) -> npt.NDArray[np.int64]:
        """For each frame, the index of its true class (n,)."""
        return np.array([recording.truth for recording in self.recordings])[self.recording_indices]

    @cached_property
    def folds(self) -> npt.NDArray[np.int64]:
        """For each frame, the fold that scored it (n,); -1 for all models."""
        numbers = [
            -1 if recording.fold is None else recording.fold for recording in self.recordings
        ]
        return np.array(numbers)[self.recording_indices]

    @property
    def videos(self) -> tuple[ScoredRecording, ...]:
        """Those that are videos."""
        return tuple(recording for recording in self.recordings if recording.kind == "video")

    def metrics(self) -> dict[str, Any]:
        """The metrics as in a manifest, see `models.evaluation.metrics.compute_metrics`."""
        return metrics.compute_metrics(
            metrics.HeldOutScores(
                self.scores,
                self.labels,
                self.recording_indices,
                [recording.kind == "video" for recording in self.recordings],
            )
        )


def stored_score_sets(manifest: Manifest, scores: Mapping[str, Any]) -> dict[str, ScoreSet]:
    """The score set of each cross-validation stored in an artifact.

    Raises:
        HeldOutError: the manifest has no valid recording list, or the scores do not match it.
    """
    recordings = trained_recordings(manifest)
    return {
        group: ScoreSet(
            group,
            tuple(
                scored(each, each.folds[group], found)
                for each, found in zip(recordings, parts, strict=True)
            ),
        )
        for group, parts in scores_by_recording(manifest, scores).items()
    }


def scored(
    each: TrainedRecording, fold: int | None, scores: npt.NDArray[np.float32]
) -> ScoredRecording:
    """A listed recording with its scores."""
    return ScoredRecording(
        each.sha256, each.key, each.label, each.kind, each.patient, each.source, fold, scores
    )


def by_fold(score_set: ScoreSet) -> list[tuple[int, ScoreSet]]:
    """The part of each fold, in order."""
    parts: dict[int, list[ScoredRecording]] = {}
    for recording in score_set.recordings:
        parts.setdefault(-1 if recording.fold is None else recording.fold, []).append(recording)
    return [(fold, ScoreSet(score_set.name, tuple(parts[fold]))) for fold in sorted(parts)]


def worst(recordings: Sequence[ScoredRecording], most: int) -> list[ScoredRecording]:
    """The recordings with the lowest probability of the true class, the worst first."""
    return sorted(
        recordings, key=lambda recording: (float(recording.mean[recording.truth]), recording.key)
    )[:most]


def best(recordings: Sequence[ScoredRecording], of_each_class: int) -> list[ScoredRecording]:
    """Of each class, the recordings with the highest probability of it, the best first."""
    found = sorted(
        recordings, key=lambda recording: (-float(recording.mean[recording.truth]), recording.key)
    )
    return [
        recording
        for key in CLASSES
        for recording in [each for each in found if each.label == key][:of_each_class]
    ]
