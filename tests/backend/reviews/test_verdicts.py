"""What follows from verdicts, and how far two readers agree."""

import math
import warnings
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from backend.reviews.verdicts import Outcome, kappa, outcome, rating
from backend.tables.vocabulary import Label, Verdict


@dataclass(frozen=True)
class Word:
    verdict: Verdict
    label: Label | None = None


YES, NO = Word(Verdict.APPROVE, Label.COVID19), Word(Verdict.REJECT)
OTHER, ASK = Word(Verdict.APPROVE, Label.HEALTHY), Word(Verdict.REQUEST_CHANGES)


@pytest.mark.parametrize(
    ("said", "needed", "expected"),
    [
        ([], 1, Outcome.WAITING),
        ([], 2, Outcome.WAITING),
        ([YES], 1, Outcome.APPROVED),
        ([NO], 1, Outcome.REJECTED),
        ([ASK], 1, Outcome.CHANGES_REQUESTED),
        ([YES], 2, Outcome.WAITING_FOR_SECOND),
        ([YES, YES], 2, Outcome.APPROVED),
        ([NO, NO], 2, Outcome.REJECTED),
        ([ASK, ASK], 2, Outcome.CHANGES_REQUESTED),
        ([YES, NO], 2, Outcome.DISPUTED),
        ([YES, OTHER], 2, Outcome.DISPUTED),
        ([YES, NO, NO], 2, Outcome.REJECTED),
        ([YES, NO, ASK], 2, Outcome.CHANGES_REQUESTED),
        ([YES, OTHER, YES], 2, Outcome.APPROVED),
        ([NO, YES], 1, Outcome.APPROVED),  # fewer are needed than there were
    ],
)
def test_outcome(said: list[Word], needed: int, expected: Outcome) -> None:
    assert outcome(said, needed) is expected


def test_two_rejections_agree_whatever_their_reason() -> None:
    assert rating(NO) == rating(Word(Verdict.REJECT, Label.COVID19))


RATINGS = st.sampled_from(["approve covid19", "approve healthy", "reject", "request_changes"])


@settings(deadline=None)
@given(st.lists(st.tuples(RATINGS, RATINGS), min_size=1, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a single label, which it divides by nought
        expected = cohen_kappa_score(*zip(*pairs, strict=True))
    found = kappa(Counter(pairs))
    if math.isnan(expected):
        assert found is None
    else:
        assert found == pytest.approx(expected)


def test_kappa_of_nothing_is_none() -> None:
    assert kappa({}) is None
    assert kappa({("reject", "reject"): 5}) is None
