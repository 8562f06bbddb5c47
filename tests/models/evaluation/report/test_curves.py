"""ROC curves and areas are scikit-learn's; the marked point is the most accurate one."""

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.metrics import roc_auc_score

from models.contract import CLASSES
from models.evaluation.report.curves import roc_curves
from models.evaluation.report.scores import ScoreSet
from tests.models.evaluation.report.score_sets import score_set, scored, small_score_sets


def test_areas_are_those_of_each_fold_and_of_all_together() -> None:
    some = score_set(recordings=60)
    for n, found in enumerate(roc_curves(some)):
        areas = [
            roc_auc_score(some.labels[some.folds == k] == n, some.scores[some.folds == k, n])
            for k in range(3)
        ]
        assert (found.key, found.folds) == (CLASSES[n], 3)
        assert found.auc_mean == pytest.approx(np.mean(areas))
        assert found.auc_sd == pytest.approx(np.std(areas, ddof=1))
        assert found.auc == pytest.approx(roc_auc_score(some.labels == n, some.scores[:, n]))


def test_no_other_threshold_is_more_accurate_than_the_marked_one() -> None:
    some = score_set(recordings=60, skill=0.7)
    for n, found in enumerate(roc_curves(some)):
        positive, scores = some.labels == n, some.scores[:, n]
        mine = ((scores >= found.threshold) == positive).mean()
        assert found.accuracy == pytest.approx(mine)
        assert all(((scores >= score) == positive).mean() <= mine + 1e-9 for score in scores)
        said = scores >= found.threshold
        assert found.best == pytest.approx((said[~positive].mean(), said[positive].mean()))


def test_a_fold_without_both_sides_has_no_part_in_the_mean() -> None:
    rows = [scored(n, CLASSES[n % 3], [[0.5, 0.3, 0.2]], fold=0) for n in range(6)]
    rows += [scored(9, "covid19", [[0.5, 0.3, 0.2]], fold=1)]
    found = {each.key: each for each in roc_curves(ScoreSet("source", tuple(rows)))}
    assert {key: each.folds for key, each in found.items()} == dict.fromkeys(CLASSES, 1)


def test_where_every_fold_shows_one_class_all_frames_count_together() -> None:
    rows = [scored(n, CLASSES[n % 3], [[0.5, 0.3, 0.2]], fold=n % 3) for n in range(6)]
    found = roc_curves(ScoreSet("source", tuple(rows)))
    assert [(each.folds, each.auc_sd) for each in found] == [(1, 0.0)] * 3
    assert all(each.auc_mean == each.auc == pytest.approx(0.5) for each in found)


@settings(max_examples=40, deadline=None)
@given(small_score_sets())
def test_curves_rise_from_nought_to_one_and_nothing_is_nan(some: ScoreSet) -> None:
    for found in roc_curves(some):
        assert np.isfinite(found.mean).all()
        assert np.isfinite(found.sd).all()
        assert (np.diff(found.mean) >= -1e-12).all()
        assert found.mean[-1] == pytest.approx(1)
        assert 0 <= found.auc_mean <= 1
        assert 0 <= found.threshold <= 1
