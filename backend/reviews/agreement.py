"""How far what answered for a recording agrees: by it the queue can be ordered, and no more.

Every number is the same whichever classes change places, as far as signs allow, and is in tenths:
the queue's order is not to tell a reader which class the models chose.
"""

from models.contract import CLASSES, Prediction

UNKNOWN = 1.0
"""Of a recording that nothing is known of: it has no need to come first."""

_HEALTHY = "healthy"
_ABNORMAL = (
    "b_lines",
    "consolidation",
    "effusion",
    "pleural_irregularity",
    "air_bronchogram",
)


def of_models(prediction: Prediction) -> float:
    """How far the models agree with each other, 0 to 1: 1 less their mean distance from the mean.

    The distance of two answers is half the sum of the differences of their probabilities.
    """
    models = prediction.models
    if not models:
        return UNKNOWN
    mean = {key: sum(model[key] for model in models) / len(models) for key in CLASSES}
    distances = [abs(model[key] - mean[key]) for model in models for key in CLASSES]
    return round(1 - sum(distances) / 2 / len(models), 1)


def of_signs(prediction: Prediction) -> float:
    """How far the signs agree with the class, 0 to 1: both say that something is wrong, or neither.

    The plainest sign of disease is held against the probability that the lung is not healthy.
    """
    if prediction.signs is None:
        return UNKNOWN
    seen = max(prediction.signs[sign].probability for sign in _ABNORMAL)
    return round(1 - abs(seen - (1 - prediction.probabilities[_HEALTHY])), 1)
