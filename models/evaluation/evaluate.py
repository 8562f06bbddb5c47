"""Figures of a cross-validation: every frame answered by the one model that never saw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, recall_score

from models.contract import CLASSES


@dataclass(frozen=True, slots=True)
class Tested:
    """Softmax scores from test folds.

    Attributes:
        scores: (n, 3), each row from the model of the fold that holds the frame out.
        labels: (n,) true class numbers.
        recordings: (n,) number of the recording each frame belongs to.
        is_video: for each recording, whether it is a video.
    """

    scores: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    recordings: npt.NDArray[np.int64]
    is_video: Sequence[bool]


def figures(tested: Tested) -> dict[str, Any]:
    """Frame and video figures as in the paper's section 5.

    A video's class is that of its mean softmax scores; `majority` is that of most of its frames.
    Sensitivity and specificity are those of a class against the two others; `count` is how many
    frames or videos are of it. Of a set without videos, the video figures are None.
    """
    named = tested.scores.argmax(axis=1)
    numbers = np.unique(tested.recordings)
    videos = np.array([n for n in numbers if tested.is_video[n]])
    truth = np.array([tested.labels[tested.recordings == n][0] for n in videos])
    mine = [tested.scores[tested.recordings == n] for n in videos]
    by_mean = np.array([each.mean(axis=0).argmax() for each in mine])
    by_vote = np.array([majority(each) for each in mine])
    return {
        "frames": len(named),
        "videos": len(videos),
        "frame_accuracy": _share(named, tested.labels),
        "frame_balanced_accuracy": _balanced(tested.labels, named),
        "video_accuracy": _share(by_mean, truth),
        "video_accuracy_majority": _share(by_vote, truth),
        "frame_classes": _by_class(tested.labels, named),
        "video_classes": _by_class(truth, by_mean) if len(videos) else None,
    }


def majority(scores: npt.NDArray[np.float32]) -> int:
    """The class most frames (n, 3) name; the higher mean score decides a tie."""
    votes = np.bincount(scores.argmax(axis=1), minlength=len(CLASSES))
    return int(max(range(len(CLASSES)), key=lambda n: (votes[n], scores[:, n].mean())))


def _share(named: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float | None:
    return _rounded((named == truth).mean()) if len(truth) else None


def _balanced(truth: npt.NDArray[Any], named: npt.NDArray[Any]) -> float:
    """Mean sensitivity of the classes that are there."""
    there = np.unique(truth)
    return _rounded(recall_score(truth, named, labels=there, average="macro"))


def _by_class(truth: npt.NDArray[Any], named: npt.NDArray[Any]) -> dict[str, dict[str, Any]]:
    table = confusion_matrix(truth, named, labels=range(len(CLASSES)))
    found: dict[str, dict[str, Any]] = {}
    for n, key in enumerate(CLASSES):
        hits = table[n, n]
        missed, false = table[n].sum() - hits, table[:, n].sum() - hits
        rest = table.sum() - hits - missed - false
        found[key] = {
            "sensitivity": _rounded(hits / max(1, hits + missed)),
            "specificity": _rounded(rest / max(1, rest + false)),
            "precision": _rounded(hits / max(1, hits + false)),
            "f1": _rounded(2 * hits / max(1, 2 * hits + missed + false)),
            "count": int(hits + missed),
        }
    return found


def _rounded(value: float) -> float:
    return round(float(value), 4)
