"""The lung test, fitted on real pictures and drawings: what is refused, and what not.

From drawings alone the sign network learns what a lung is, but not how real lungs differ from drawn
ones. So what it says of that gives way to a logistic regression on its hidden layer and on the
trunk of POCOVID-Net, which learns from real lungs, from pictures of other things, and from drawings
of both, each with a share of its own: neither a few photographs nor the drawings alone decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from models.inference.lung_test import Features, LungTest

STRENGTH_OF_HIDDEN, STRENGTH_OF_ALL = 20.0, 2.0
"""Inverse strength of the penalty (scikit-learn's `C`) where all weights together are 1, of the
regression on the hidden layer and of that on all features.

Of 0.2, 2 and 20, those with which most of the kinds held out were refused.
"""

DRAWN_SHARE = 0.4
"""Of the drawings in what is learnt from; the rest is that of real pictures."""

_FOLDS = 6


@dataclass(frozen=True, slots=True)
class Pictures:
    """Recordings or single pictures of one kind.

    Attributes:
        features: what the test sees of each recording, (frames, k), see
            `models.inference.lung_test.features`.
        groups: of each recording, what is held out together: a source, or a kind of picture.
    """

    features: Sequence[Features]
    groups: Sequence[str]

    def of(self, chosen: Sequence[bool]) -> "Pictures":
        """Only these recordings."""
        kept = [n for n, each in enumerate(chosen) if each]
        return Pictures([self.features[n] for n in kept], [self.groups[n] for n in kept])


def fit_lung_test(
    lungs: Pictures,
    others: Pictures,
    drawn_lungs: Features,
    drawn_others: Features,
    hidden: int,
) -> LungTest:
    """Learn to tell lungs from everything else.

    Each recording counts as much as any other of its kind, however many frames it has; lungs count
    as much as what is no lung.

    Args:
        lungs: recordings of lungs.
        others: pictures of other things.
        drawn_lungs: features of drawn lungs (n, k).
        drawn_others: features of drawn things that are no lungs (n, k).
        hidden: how many of the features, the first ones, are the hidden layer's.

    Returns:
        The mean, before the sigmoid, of a regression on the hidden layer alone and one on all
        features: together they refuse more of what is held out than either.
    """
    parts, truth, weights = [], [], []
    for pictures, is_lung in ((lungs, True), (others, False)):
        for features in pictures.features:
            parts.append(features)
            truth += [is_lung] * len(features)
            share = (1 - DRAWN_SHARE) / 2 / len(pictures.features) / len(features)
            weights += [share] * len(features)
    for features, is_lung in ((drawn_lungs, True), (drawn_others, False)):
        parts.append(features)
        truth += [is_lung] * len(features)
        weights += [DRAWN_SHARE / 2 / max(1, len(features))] * len(features)
    seen = np.concatenate(parts)
    shares = np.array(weights)
    mean = shares @ seen / shares.sum()
    scale = np.sqrt(shares @ np.square(seen - mean) / shares.sum()) + 1e-4
    scaled = (seen - mean) / scale
    kernel, bias = np.zeros(seen.shape[1]), 0.0
    for strength, width in ((STRENGTH_OF_HIDDEN, hidden), (STRENGTH_OF_ALL, len(kernel))):
        regression = LogisticRegression(C=strength, max_iter=1000)
        regression.fit(scaled[:, :width], truth, sample_weight=shares)
        kernel[:width] += regression.coef_[0] / 2
        bias += float(regression.intercept_[0]) / 2
    kernel /= scale
    return LungTest(kernel.astype(np.float32), bias - float(mean @ kernel))


def held_out_probabilities(
    lungs: Pictures,
    others: Pictures,
    drawn_lungs: Features,
    drawn_others: Features,
    hidden: int,
) -> tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.float32]]]:
    """Of each recording of lungs and of each other one, (frames,), by a test that learnt nothing
    from its source, or from its kind of picture.
    """
    lung_folds = _folds(lungs.groups, _FOLDS)
    kinds = sorted(set(others.groups))
    of_lungs: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(lungs.groups)
    of_others: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(others.groups)
    for fold in sorted(set(lung_folds)):
        test = fit_lung_test(
            lungs.of([each != fold for each in lung_folds]),
            others,
            drawn_lungs,
            drawn_others,
            hidden,
        )
        for n, features in enumerate(lungs.features):
            if lung_folds[n] == fold:
                of_lungs[n] = test.probability(features)
    for kind in kinds:
        test = fit_lung_test(
            lungs,
            others.of([each != kind for each in others.groups]),
            drawn_lungs,
            drawn_others,
            hidden,
        )
        for n, features in enumerate(others.features):
            if others.groups[n] == kind:
                of_others[n] = test.probability(features)
    return of_lungs, of_others


def _folds(groups: Sequence[str], most: int) -> list[int]:
    """A fold for each recording, its group in one, the largest groups spread first."""
    names, counts = np.unique(groups, return_counts=True)
    sizes = [0] * min(most, len(names))
    home: dict[str, int] = {}
    for name, count in sorted(zip(names, counts, strict=True), key=lambda each: -each[1]):
        home[str(name)] = int(np.argmin(sizes))
        sizes[home[str(name)]] += int(count)
    return [home[group] for group in groups]
