"""Weights in the loss: the same share for each class, and for each group within it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import CLASSES
from models.data.index import Entry
from models.training.balance import Balance, sample_weights
from tests.models.data.test_index import entry


@st.composite
def frames(draw: st.DrawFn) -> tuple[list[Entry], list[int], list[int]]:
    """Recordings, the recording of each frame, and which frames are trained on."""
    entries = [
        entry(n, label, draw(st.sampled_from(["", "a", "b"])), draw(st.sampled_from(["x", "y"])))
        for n, label in enumerate(draw(st.lists(st.sampled_from(CLASSES), min_size=1)))
    ]
    owners = [n for n in range(len(entries)) for _ in range(draw(st.integers(1, 4)))]
    frame_indices = draw(st.sets(st.integers(0, len(owners) - 1), min_size=1))
    return entries, owners, sorted(frame_indices)


@given(frames(), st.sampled_from(["class", "patient", "source"]))
def test_each_class_has_the_same_share_and_the_mean_is_one(
    drawn: tuple[list[Entry], list[int], list[int]], balance: Balance
) -> None:
    entries, owners, trained = drawn
    found = sample_weights(entries, np.array(owners), np.array(trained), balance)
    assert found[trained].mean() == pytest.approx(1, rel=1e-4)
    shares = {
        label: sum(found[n] for n in trained if entries[owners[n]].label == label)
        for label in {entries[owners[n]].label for n in trained}
    }
    for share in shares.values():
        assert share == pytest.approx(len(trained) / len(shares), rel=1e-4)
    assert set(np.flatnonzero(found)) == set(trained)


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        ("class", [1, 1, 1, 1, 1, 1]),
        ("patient", [2 / 3, 2 / 3, 2 / 3, 2, 1, 1]),
        ("source", [0.75, 0.75, 0.75, 0.75, 1.5, 1.5]),
    ],
)
def test_within_a_class_each_group_has_the_same_share(
    balance: Balance, expected: list[float]
) -> None:
    entries = [
        entry(n, "covid19", patient, source)
        for n, (patient, source) in enumerate([("a", "x"), ("b", "x"), ("c", "y")])
    ]
    owners = np.array([0, 0, 0, 1, 2, 2])
    found = sample_weights(entries, owners, np.arange(6), balance)
    assert found.tolist() == pytest.approx(expected)
