"""How far what answered agrees: the number orders the queue, and tells of no class."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.reviews import agreement
from models.contract import CLASSES, Prediction
from tests.factories import prediction, unusable, with_signs

SCORES = st.lists(
    st.floats(0, 1).flatmap(lambda a: st.floats(0, 1 - a).map(lambda b: (a, b, 1 - a - b))),
    min_size=1,
    max_size=5,
)


def answered(*models: tuple[float, ...], **changes: Any) -> Prediction:
    """What these models answer."""
    named = tuple(dict(zip(CLASSES, each, strict=True)) for each in models)
    mean = {key: sum(each[key] for each in named) / len(named) for key in CLASSES}
    return replace(prediction(), models=named, probabilities=mean, **changes)


class TestOfModels:
    def test_is_one_where_they_say_the_same(self) -> None:
        assert agreement.of_models(answered((0.5, 0.3, 0.2), (0.5, 0.3, 0.2))) == 1

    def test_is_less_the_further_they_are_from_their_mean(self) -> None:
        assert agreement.of_models(answered((0.7, 0.3, 0), (0.3, 0.7, 0))) == 0.8
        assert agreement.of_models(answered((1, 0, 0), (0, 1, 0))) == 0.5
        assert agreement.of_models(answered((1, 0, 0), (0, 1, 0), (0, 0, 1))) == 0.3

    @settings(deadline=None)
    @given(SCORES)
    def test_is_the_same_whichever_classes_change_places(
        self, models: list[tuple[float, ...]]
    ) -> None:
        swapped = (
            agreement.of_models(answered(*(tuple(m[c] for c in order) for m in models)))
            for order in itertools.permutations(range(3))
        )
        known = agreement.of_models(answered(*models))
        # sums in another order may round to the neighbouring tenth
        assert all(abs(each - known) < 0.11 for each in swapped)
        assert 0 <= known <= 1
        assert round(known, 1) == known


class TestOfSigns:
    @pytest.mark.parametrize(
        ("healthy", "signs", "expected"),
        [
            (0.9, {}, 0.9),
            (0.9, {"a_lines": 1.0}, 0.9),
            (0.9, {"b_lines": 0.9}, 0.2),
            (0.9, {"effusion": 0.9, "b_lines": 0.4}, 0.2),
            (0.1, {"consolidation": 0.9}, 1.0),
            (0.1, {"a_lines": 1.0}, 0.1),
        ],
    )
    def test_is_small_where_one_says_disease_and_the_other_health(
        self, healthy: float, signs: dict[str, float], expected: float
    ) -> None:
        for covid in (0, (1 - healthy) / 2, 1 - healthy):
            scores = (covid, 1 - healthy - covid, healthy)
            assert agreement.of_signs(with_signs(answered(scores), **signs)) == expected

    def test_says_nothing_where_no_signs_are_known(self) -> None:
        assert agreement.of_signs(prediction()) == agreement.UNKNOWN == 1

    def test_is_that_of_what_would_be_answered_anyway(self) -> None:
        answer = with_signs(answered((0, 0.1, 0.9)), b_lines=0.9)
        assert agreement.of_signs(unusable(answer)) == agreement.of_signs(answer) == 0.2
