"""Intervals hold the figures they are of, draw whole patients, and are never NaN."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from models.contract import CLASSES
from models.evaluation.report.bootstrap import Clusters, _areas, intervals, rates
from models.evaluation.report.figures import value
from models.evaluation.report.scores import ScoreSet
from tests.models.evaluation.report.score_sets import score_set, scored, small_score_sets


@given(arrays(np.int64, (3, 3), elements=st.integers(0, 9)).filter(lambda table: table.sum() > 0))
def test_rates_are_scikit_learn_s(table: np.ndarray) -> None:
    truth = np.repeat(np.arange(3), table.sum(axis=1))
    named = np.concatenate([np.repeat(np.arange(3), row) for row in table])
    found = rates(table)
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, named, labels=range(3), zero_division=0
    )
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, named))
    assert found["sensitivity"] == pytest.approx(recall)
    assert found["precision"] == pytest.approx(precision)
    assert found["f1"] == pytest.approx(f1)
    for n in range(3):
        others, quiet = truth != n, named != n
        if others.any():
            assert found["specificity"][n] == pytest.approx((others & quiet).sum() / others.sum())
    present = table.sum(axis=1) > 0
    assert found["balanced_accuracy"] == pytest.approx(recall[present].mean())
    if present.all():
        assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truth, named))


def test_each_interval_holds_its_figure_and_is_narrower_with_more_patients() -> None:
    few, many = score_set(recordings=30), score_set(recordings=300)
    wide, narrow = (intervals(each, resamples=300) for each in (few, many))
    for found, each in ((wide, few), (narrow, many)):
        figures = each.metrics()
        low, high = found["frame_accuracy"]
        assert low <= figures["frame_accuracy"] <= high
        for key in CLASSES:
            low, high = found[f"video_classes.{key}.sensitivity"]
            assert low <= figures["video_classes"][key]["sensitivity"] <= high
    width = {name: high - low for name, (low, high) in narrow.items()}
    assert all(
        width[name] < high - low
        for name, (low, high) in wide.items()
        if name in ("frame_accuracy", "auc.covid19", "video_accuracy")
    )


def test_frames_of_one_patient_are_no_independent_evidence() -> None:
    """The same frames, once of one patient for each class and once of many."""
    rows = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]
    many = ScoreSet(
        "patient",
        tuple(scored(n, CLASSES[n % 3], [rows[(n // 3) % 2]], patient=str(n)) for n in range(60)),
    )
    one = ScoreSet(
        "patient",
        tuple(
            scored(n, CLASSES[n % 3], [rows[(n // 3) % 2]], patient=CLASSES[n % 3])
            for n in range(60)
        ),
    )
    low, high = intervals(many, resamples=300)["frame_accuracy"]
    assert low < high
    low, high = intervals(one, resamples=300)["frame_accuracy"]
    assert low == high


def test_areas_are_scikit_learn_s_ties_and_all() -> None:
    some = score_set(recordings=60)
    rounded = ScoreSet(
        "patient",
        tuple(
            replace(recording, scores=recording.scores.round(1)) for recording in some.recordings
        ),
    )
    recording_indices = Clusters.of(rounded).of_recording[rounded.recording_indices]
    times = Clusters.of(rounded).draws(5, np.random.default_rng(0))
    for key, values in _areas(rounded, recording_indices, times).items():
        n = CLASSES.index(key.removeprefix("auc."))
        expected = [
            roc_auc_score(
                rounded.labels == n, rounded.scores[:, n], sample_weight=each[recording_indices]
            )
            for each in times
        ]
        assert values == pytest.approx(expected)


def test_no_draw_is_without_a_class() -> None:
    some = score_set(recordings=12)
    clusters = Clusters.of(some)
    times = clusters.draws(200, np.random.default_rng(1))
    for members in clusters.strata:
        assert (times[:, members].sum(axis=1) == len(members)).all()
    assert times.shape[1] == len({recording.patient_id for recording in some.recordings})


def test_the_seed_decides() -> None:
    some = score_set()
    one, same, other = (intervals(some, resamples=200, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@settings(max_examples=40, deadline=None)
@given(small_score_sets())
def test_nothing_is_nan_however_few_recordings_there_are(some: ScoreSet) -> None:
    found = intervals(some, resamples=20)
    assert all(0 <= low <= high <= 1 for low, high in found.values())
    assert ("video_accuracy" in found) == bool(some.videos)


def test_an_interval_s_name_is_the_path_of_its_figure() -> None:
    some = score_set()
    figures = some.metrics()

    class Chapter:
        """As much of one as is needed."""

        def __init__(self) -> None:
            self.metrics = figures

    for name, (low, high) in intervals(some, resamples=300).items():
        if name != "video_balanced_accuracy" and not name.startswith("auc."):
            found = value(Chapter(), name)  # type: ignore[arg-type]
            assert found is not None
            assert low - 0.05 <= found <= high + 0.05, name
