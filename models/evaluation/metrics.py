"""Metrics of a cross-validation, from held-out predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, recall_score

from models.contract import CLASSES


@dataclass(frozen=True, slots=True)
class HeldOutScores:
    """Softmax scores from test folds.

    Attributes:
        scores: (n, 3), 0 to 1, each row from the model of the frame's test fold.
        labels: (n,) true class indices.
        recordings: (n,) index of each frame's recording.
        is_video: for each recording, whether it is a video.
    """

    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    recordings: npt.NDArray[np.int64]
    is_video: Sequence[bool]


def compute_metrics(tested: HeldOutScores) -> dict[str, Any]:
    """Frame and video figures as in the paper's section 5.

    A video's class is the argmax of its mean softmax scores; `video_accuracy_majority` instead
    uses the majority vote of its frames. Sensitivity, specificity, precision and F1 are
    one-vs-rest, 0 to 1, rounded to four digits; `count` is the number of frames or videos of the
    class. Without videos, the video figures are None.
    """
    predicted = tested.scores.argmax(axis=1)
    numbers = np.unique(tested.recordings)
    videos = np.array([n for n in numbers if tested.is_video[n]])
    truth = np.array([tested.labels[tested.recordings == n][0] for n in videos])
    video_scores = [tested.scores[tested.recordings == n] for n in videos]
    by_mean = np.array([score.mean(axis=0).argmax() for score in video_scores])
    by_vote = np.array([majority_class(score) for score in video_scores])
    return {
        "frames": len(predicted),
        "videos": len(videos),
        "frame_accuracy": _share(predicted, tested.labels),
        "frame_balanced_accuracy": _balanced(tested.labels, predicted),
        "video_accuracy": _share(by_mean, truth),
        "video_accuracy_majority": _share(by_vote, truth),
        "frame_classes": _by_class(tested.labels, predicted),
        "video_classes": _by_class(truth, by_mean) if len(videos) else None,
    }


def majority_class(scores: npt.NDArray[np.float32]) -> int:
    """The most frequent top class of softmax scores (n, 3); ties go to the higher mean score."""
    votes = np.bincount(scores.argmax(axis=1), minlength=len(CLASSES))
    return int(max(range(len(CLASSES)), key=lambda n: (votes[n], scores[:, n].mean())))


def _share(predicted: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float | None:
    return _rounded((predicted == truth).mean()) if len(truth) else None


def _balanced(truth: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> float:
    """Mean sensitivity of the classes present."""
    present = np.unique(truth)
    return _rounded(recall_score(truth, predicted, labels=present, average="macro"))


def _by_class(truth: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> dict[str, dict[str, Any]]:
    confusion = confusion_matrix(truth, predicted, labels=range(len(CLASSES)))
    by_class: dict[str, dict[str, Any]] = {}
    for n, key in enumerate(CLASSES):
        hits = confusion[n, n]
        missed, false = confusion[n].sum() - hits, confusion[:, n].sum() - hits
        rest = confusion.sum() - hits - missed - false
        by_class[key] = {
            "sensitivity": _rounded(hits / max(1, hits + missed)),
            "specificity": _rounded(rest / max(1, rest + false)),
            "precision": _rounded(hits / max(1, hits + false)),
            "f1": _rounded(2 * hits / max(1, 2 * hits + missed + false)),
            "count": int(hits + missed),
        }
    return by_class


def _rounded(value: float) -> float:
    return round(float(value), 4)
