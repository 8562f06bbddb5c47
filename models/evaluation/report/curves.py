"""ROC curves of each class against the others, over the folds (the paper's Figure 2)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

from models.contract import CLASSES
from models.evaluation.report.scores import ScoreSet

_GRID = 201


@dataclass(frozen=True, slots=True)
class Roc:
    """One class against the two others.

    Attributes:
        false_positives: grid of false positive rates (201,).
        mean, sd: true positive rates on that grid over the folds that hold both sides.
        folds: number of these folds.
        auc_mean, auc_sd: areas over the same folds.
        auc: area over the pooled frames.
        best: false and true positive rate at the threshold of the highest accuracy over the pooled
            frames; `threshold` and `accuracy` at this point.
    """

    key: str
    false_positives: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    sd: npt.NDArray[np.float64]
    folds: int
    auc_mean: float
    auc_sd: float
    auc: float
    best: tuple[float, float]
    threshold: float
    accuracy: float


def roc_curves(score_set: ScoreSet) -> list[Roc]:
    """A curve for each class that has both positive and negative frames."""
    found = []
    for n, key in enumerate(CLASSES):
        positive, scores = score_set.labels == n, score_set.scores[:, n]
        if positive.any() and not positive.all():
            found.append(_curve(key, positive, scores, score_set.folds))
    return found


def _curve(
    key: str,
    positive: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.float32],
    folds: npt.NDArray[np.int64],
) -> Roc:
    grid = np.linspace(0, 1, _GRID)
    curves, areas = [], []
    for fold in np.unique(folds):
        positive_in_fold = positive[folds == fold]
        if positive_in_fold.any() and not positive_in_fold.all():
            fpr, tpr, _ = roc_curve(positive_in_fold, scores[folds == fold])
            curve = np.interp(grid, fpr, tpr)
            curve[0] = 0.0
            curves.append(curve)
            areas.append(roc_auc_score(positive_in_fold, scores[folds == fold]))
    fpr, tpr, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    share = positive.mean()
    accuracies = tpr * share + (1 - fpr) * (1 - share)
    place = int(accuracies.argmax())
    if not curves:
        # No fold has positives and negatives (each source has one class): pool all frames.
        curves, areas = [np.interp(grid, fpr, tpr)], [roc_auc_score(positive, scores)]
    several = len(curves) > 1
    return Roc(
        key=key,
        false_positives=grid,
        mean=np.mean(curves, axis=0),
        sd=np.std(curves, axis=0, ddof=1) if several else np.zeros(_GRID),
        folds=len(curves),
        auc_mean=float(np.mean(areas)),
        auc_sd=float(np.std(areas, ddof=1)) if several else 0.0,
        auc=float(roc_auc_score(positive, scores)),
        best=(float(fpr[place]), float(tpr[place])),
        threshold=float(min(1.0, thresholds[place])),
        accuracy=float(accuracies[place]),
    )
