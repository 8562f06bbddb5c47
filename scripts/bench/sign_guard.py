"""How far the sign network's narrow numbers are from float32, and what they change in answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from models.contract import Prediction, Square
from models.data.index import Entry
from models.evaluation.report.signs import FINDINGS
from models.inference.answer import Method
from models.inference.evidence import Evidence, Signs


@dataclass(frozen=True, slots=True)
class Compared:
    """A recording: POCOVID-Net's softmax (models, n, 3), and its signs in two precisions."""

    entry: Entry
    softmax: npt.NDArray[np.float32]
    narrow: Signs
    exact: Signs


def compare(method: Method, recordings: Sequence[Compared]) -> dict[str, Any]:
    """Differences of the signs' numbers, of the answers and of the findings' areas.

    Args:
        method: that concludes from both.
        recordings: with their signs in both precisions.
    """
    answers = [_answers(method, each) for each in recordings]
    pairs = [
        pair for narrow, exact in answers for pair in zip(narrow.frames, exact.frames, strict=True)
    ]
    found: dict[str, Any] = {
        "recordings": len(recordings),
        "frames": len(pairs),
        "same_class": _share([_label(narrow) == _label(exact) for narrow, exact in pairs]),
        "same_usable": _share([narrow.usable == exact.usable for narrow, exact in pairs]),
        "same_class_recordings": _share([narrow.label == exact.label for narrow, exact in answers]),
        "same_refusal": _share(
            [
                (narrow.usable, [each.code for each in narrow.reasons])
                == (exact.usable, [each.code for each in exact.reasons])
                for narrow, exact in answers
            ]
        ),
        "areas": _areas(method.signs, recordings),
    }
    for kind in ("maps", "whole"):
        differences = np.concatenate(
            [
                np.abs(getattr(each.narrow, kind) - getattr(each.exact, kind)).ravel()
                for each in recordings
            ]
        )
        found[f"{kind}_mean_difference"] = float(differences.mean())
        found[f"{kind}_largest_difference"] = float(differences.max())
    return found


def _answers(method: Method, each: Compared) -> tuple[Prediction, Prediction]:
    times = [0.0] * each.softmax.shape[1]
    square = Square(0, 0, 224)
    narrow, exact = (
        method.conclude([Evidence(each.softmax, signs)], times, square)
        for signs in (each.narrow, each.exact)
    )
    return narrow, exact


def _label(frame: Any) -> str:
    probabilities: dict[str, float] = frame.probabilities
    return max(probabilities, key=probabilities.__getitem__)


def _share(same: Sequence[bool]) -> float:
    return float(np.mean(same))


def _areas(names: Sequence[str], recordings: Sequence[Compared]) -> dict[str, dict[str, Any]]:
    """Area under the ROC curve of each sign's mean, against what doctors noted."""
    found = {}
    for finding, (sign, _) in FINDINGS.items():
        noted = [
            each
            for each in recordings
            if each.entry.trained and finding in each.entry.metadata.findings
        ]
        truth = [each.entry.metadata.findings[finding] for each in noted]
        if len(set(truth)) < 2:
            continue
        column = names.index(sign)
        found[finding] = {
            "noted": sum(truth),
            **{
                kind: float(
                    roc_auc_score(
                        truth, [getattr(each, kind).whole[:, column].mean() for each in noted]
                    )
                )
                for kind in ("narrow", "exact")
            },
        }
    return found
