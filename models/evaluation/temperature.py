"""Temperature scaling (Guo et al. 2017): one number that makes probabilities mean what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from models.inference.answer import LEAST_PROBABILITY, tempered

Scores = npt.NDArray[Any]

_RANGE = (0.05, 20.0)


def scale(scores: Scores, temperature: float | npt.NDArray[np.floating]) -> Scores:
    """Softmax scores (n, 3) at another temperature, one for all or one for each row (n,)."""
    return tempered(scores, np.reshape(temperature, (-1, 1)))


def fit_temperature(scores: Scores, labels: npt.NDArray[np.int64]) -> float:
    """The temperature, 0.05 to 20, that minimises the negative log likelihood."""

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(scale(scores, float(np.exp(log_temperature))), labels)

    found = minimize_scalar(loss, bounds=np.log(_RANGE), method="bounded")
    return float(np.exp(found.x))


def negative_log_likelihood(scores: Scores, labels: npt.NDArray[np.int64]) -> float:
    """Mean over softmax scores (n, 3) of true class indices (n,)."""
    likelihood = scores[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(likelihood, LEAST_PROBABILITY)).mean())
