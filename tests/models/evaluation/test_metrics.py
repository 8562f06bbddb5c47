"""Figures of a cross-validation, against cases done by hand and against scikit-learn."""

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from models.contract import CLASSES
from models.evaluation import metrics
from models.evaluation.metrics import compute_metrics

SURE = np.eye(3, dtype=np.float32)


def answered(
    labels: list[int], named: list[int], recordings: list[int] | None = None
) -> metrics.HeldOutScores:
    """Every frame answered with certainty; without numbers, each is a video of its own."""
    owners = list(range(len(labels))) if recordings is None else recordings
    return metrics.HeldOutScores(
        SURE[named], np.array(labels), np.array(owners), [True] * (max(owners) + 1)
    )


def test_a_case_done_by_hand() -> None:
    # Two COVID-19 videos of which one is missed, two of pneumonia, one healthy, three frames each.
    tested = answered(
        labels=[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2],
        named=[0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 2, 1, 2, 2, 0],
        recordings=[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4],
    )
    found = compute_metrics(tested)
    assert (found["frames"], found["videos"]) == (15, 5)
    assert found["frame_accuracy"] == round(10 / 15, 4)
    assert found["frame_balanced_accuracy"] == round((3 / 6 + 5 / 6 + 2 / 3) / 3, 4)
    assert found["video_accuracy"] == found["video_accuracy_majority"] == 0.8
    assert found["frame_classes"]["covid19"] == {
        "sensitivity": 0.5,
        "specificity": round(8 / 9, 4),
        "precision": 0.75,
        "f1": 0.6,
        "count": 6,
    }
    assert found["video_classes"] == {
        "covid19": {
            "sensitivity": 0.5,
            "specificity": 1.0,
            "precision": 1.0,
            "f1": round(2 / 3, 4),
            "count": 2,
        },
        "pneumonia": {
            "sensitivity": 1.0,
            "specificity": round(2 / 3, 4),
            "precision": round(2 / 3, 4),
            "f1": 0.8,
            "count": 2,
        },
        "healthy": {
            "sensitivity": 1.0,
            "specificity": 1.0,
            "precision": 1.0,
            "f1": 1.0,
            "count": 1,
        },
    }


def test_a_video_is_named_by_its_mean_and_its_majority_apart() -> None:
    found = compute_metrics(with_a_video([1, 0, 0], [0.4, 0.6, 0], [0.4, 0.6, 0]))
    assert (found["video_accuracy"], found["video_accuracy_majority"]) == (1.0, round(2 / 3, 4))


def test_the_mean_decides_a_tied_vote() -> None:
    found = compute_metrics(with_a_video([0.9, 0.1, 0], [0.4, 0.6, 0]))
    assert found["video_accuracy_majority"] == 1.0
    found = compute_metrics(with_a_video([0.6, 0.4, 0], [0.1, 0.9, 0]))
    assert found["video_accuracy_majority"] == round(2 / 3, 4)


def with_a_video(*scores: list[float]) -> metrics.HeldOutScores:
    """A COVID-19 video of these frames, and a sure one of each other class."""
    return metrics.HeldOutScores(
        np.concatenate([np.array(scores, dtype=np.float32), SURE[1:]]),
        np.array([0] * len(scores) + [1, 2]),
        np.array([0] * len(scores) + [1, 2]),
        [True] * 3,
    )


def test_pictures_count_as_frames_and_not_as_videos() -> None:
    tested = metrics.HeldOutScores(
        SURE[[0, 1, 0]], np.array([0, 1, 2]), np.array([0, 1, 2]), [True, True, False]
    )
    found = compute_metrics(tested)
    assert (found["frames"], found["videos"]) == (3, 2)
    assert found["frame_accuracy"] == round(2 / 3, 4)
    assert found["video_accuracy"] == 1.0


def test_a_set_of_pictures_has_no_video_figures() -> None:
    found = compute_metrics(metrics.HeldOutScores(SURE, np.arange(3), np.arange(3), [False] * 3))
    assert found["frame_accuracy"] == 1.0
    assert found["videos"] == 0
    assert found["video_accuracy"] is found["video_accuracy_majority"] is None
    assert found["video_classes"] is None


def test_a_class_that_is_never_named_has_no_division_by_nought() -> None:
    found = compute_metrics(answered([0, 1, 2], [0, 0, 0]))
    assert found["frame_classes"]["healthy"] == {
        "sensitivity": 0.0,
        "specificity": 1.0,
        "precision": 0.0,
        "f1": 0.0,
        "count": 1,
    }


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 80))
def test_frame_figures_are_those_of_scikit_learn(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(3), rng.integers(0, 3, count)])
    scores = rng.dirichlet(np.ones(3), len(labels)).astype(np.float32)
    named = scores.argmax(axis=1)
    found = compute_metrics(
        metrics.HeldOutScores(scores, labels, np.arange(len(labels)), [True] * len(labels))
    )
    json.dumps(found, allow_nan=False)
    close = partial(pytest.approx, abs=5.1e-5)
    assert found["frame_accuracy"] == close(reference.accuracy_score(labels, named))
    assert found["frame_balanced_accuracy"] == close(
        reference.balanced_accuracy_score(labels, named)
    )
    precision, sensitivity, f1, support = reference.precision_recall_fscore_support(
        labels, named, labels=[0, 1, 2], zero_division=0
    )
    for n, key in enumerate(CLASSES):
        mine = found["frame_classes"][key]
        assert mine["precision"] == close(precision[n])
        assert mine["sensitivity"] == close(sensitivity[n])
        assert mine["f1"] == close(f1[n])
        assert mine["count"] == support[n]
        assert mine["specificity"] == close(reference.recall_score(labels != n, named != n))
    # Videos of one frame each are the frames over again.
    assert found["video_accuracy"] == found["frame_accuracy"]
    assert found["video_classes"] == found["frame_classes"]
