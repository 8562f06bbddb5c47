"""Calibration: ECE by hand, temperatures that no recording has a part in for itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from models.evaluation.report.calibration import measure_calibration, reliability
from models.evaluation.report.scores import ScoreSet
from models.evaluation.temperature import fit_temperature, scale
from tests.models.evaluation.report.score_sets import score_set, scored, small_score_sets


def test_ece_is_the_mean_gap_weighted_by_how_full_a_bin_is() -> None:
    scores = np.array([[0.95, 0.05, 0], [0.95, 0.05, 0], [0.55, 0.45, 0], [0.1, 0.9, 0]])
    found = reliability(scores, np.array([0, 1, 0, 1]))
    # Bins: 0.5–0.6 holds one right answer; 0.9–1 holds three of which two are right.
    assert [(bin_.count, bin_.accuracy) for bin_ in found.bins] == [
        (1, 1.0),
        (3, pytest.approx(2 / 3)),
    ]
    expected = (abs(0.55 - 1) + 3 * abs((0.95 + 0.95 + 0.9) / 3 - 2 / 3)) / 4
    assert found.ece == pytest.approx(expected)


def test_log_loss_is_scikit_learn_s() -> None:
    some = score_set()
    found = reliability(some.scores, some.labels)
    scores = some.scores / some.scores.sum(axis=1, keepdims=True)
    assert found.nll == pytest.approx(log_loss(some.labels, scores, labels=[0, 1, 2]), rel=1e-5)


@given(st.floats(0.3, 3))
@settings(max_examples=8, deadline=None)
def test_the_temperature_that_was_put_in_is_found_again(temperature: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([3.0, 3.0, 3.0], 2000)
    labels = np.array([rng.choice(3, p=row) for row in honest])
    bent = scale(honest, 1 / temperature)
    assert fit_temperature(bent, labels) == pytest.approx(temperature, rel=0.12)
    assert np.allclose(scale(bent, temperature), honest, atol=1e-3)


def test_scaling_changes_no_answer() -> None:
    some = score_set()
    for temperature in (0.2, 5.0):
        scaled = scale(some.scores, temperature)
        assert np.array_equal(scaled.argmax(axis=1), some.scores.argmax(axis=1))
        assert np.allclose(scaled.sum(axis=1), 1)


def test_a_fold_s_own_recordings_have_no_part_in_its_temperature() -> None:
    some = score_set(recordings=60)
    before = measure_calibration(some)
    other = ScoreSet(
        some.name,
        tuple(
            replace(recording, scores=recording.scores[:, ::-1])
            if recording.fold == 1
            else recording
            for recording in some.recordings
        ),
    )
    after = measure_calibration(other)
    assert before is not None
    assert after is not None
    assert after.temperatures[1] == before.temperatures[1]
    assert after.temperatures[0] != before.temperatures[0]


def test_overconfident_answers_are_worth_more_when_they_are_cooled() -> None:
    some = score_set(recordings=120, skill=1.0)
    loud = ScoreSet(
        some.name,
        tuple(
            replace(recording, scores=scale(recording.scores, 0.3).astype(np.float32))
            for recording in some.recordings
        ),
    )
    found = measure_calibration(loud)
    assert found is not None
    assert all(value > 1.5 for value in found.temperatures.values())
    assert found.frames_scaled.nll < found.frames.nll
    assert found.frames_scaled.ece < found.frames.ece


def test_one_fold_alone_has_nothing_to_fit_on() -> None:
    assert (
        measure_calibration(ScoreSet("external", (scored(1, "healthy", [[0, 0, 1]], fold=None),)))
        is None
    )


@settings(max_examples=30, deadline=None)
@given(small_score_sets())
def test_nothing_is_nan_however_few_recordings_there_are(some: ScoreSet) -> None:
    found = measure_calibration(some)
    if found is not None:
        for each in (found.frames, found.frames_scaled, found.videos, found.videos_scaled):
            assert each is None or (
                0 <= each.ece <= 1 and np.isfinite([each.nll, each.brier]).all()
            )
