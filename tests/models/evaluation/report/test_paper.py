"""The paper's Table 2 agrees with what its abstract says of the same experiment."""

import pytest

from models.contract import CLASSES
from models.evaluation.report.paper import CLASSES as TABLE
from models.evaluation.report.paper import OVERALL

ROUNDED = 0.03
"""The table's figures are means over folds, so what follows from them is near, not equal."""


def test_the_frames_are_those_of_the_abstract() -> None:
    assert [TABLE[label]["count"] for label in CLASSES] == [654, 277, 172]
    assert sum(row["count"] for row in TABLE.values()) == OVERALL["frames"] == 1103


def test_accuracies_follow_from_the_sensitivities() -> None:
    right = sum(row["sensitivity"] * row["count"] for row in TABLE.values())
    assert right / OVERALL["frames"] == pytest.approx(OVERALL["frame_accuracy"], abs=0.005)
    balanced = sum(row["sensitivity"] for row in TABLE.values()) / 3
    assert balanced == pytest.approx(OVERALL["frame_balanced_accuracy"], abs=0.01)


@pytest.mark.parametrize("label", CLASSES)
def test_f1_follows_from_precision_and_sensitivity(label: str) -> None:
    row = TABLE[label]
    f1 = 2 * row["precision"] * row["sensitivity"] / (row["precision"] + row["sensitivity"])
    assert row["f1"] == pytest.approx(f1, abs=ROUNDED)


@pytest.mark.parametrize(("label", "near"), [("covid19", 0.015), ("pneumonia", 0.015)])
def test_precision_follows_from_sensitivity_and_specificity(label: str, near: float) -> None:
    row = TABLE[label]
    hits = row["sensitivity"] * row["count"]
    alarms = (1 - row["specificity"]) * (OVERALL["frames"] - row["count"])
    assert row["precision"] == pytest.approx(hits / (hits + alarms), abs=near)
