"""The outcome of a round: one reader decides, or two who agree, or else a third."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from backend.tables.vocabulary import Label, Verdict


class Outcome(StrEnum):
    """The state of a round of reviews."""

    WAITING = "waiting"
    WAITING_FOR_SECOND = "waiting_for_second"
    DISPUTED = "disputed"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"


class Reading(Protocol):
    """The part of a review that decides."""

    @property
    def verdict(self) -> Verdict:
        """What the reviewer decided."""

    @property
    def label(self) -> Label | None:
        """The label, if the verdict is an approval."""


_ENDS = {
    Verdict.APPROVE: Outcome.APPROVED,
    Verdict.REJECT: Outcome.REJECTED,
    Verdict.REQUEST_CHANGES: Outcome.CHANGES_REQUESTED,
}


def outcome(readings: Sequence[Reading], needed: int) -> Outcome:
    """The state of a round after these verdicts, in the order in which they were given.

    Args:
        readings: the round's verdicts that were not undone.
        needed: readers who must agree, 1 or 2. If two disagree, a third decides.
    """
    if not readings:
        return Outcome.WAITING
    if needed == 1:
        return _end(readings[-1])
    if len(readings) == 1:
        return Outcome.WAITING_FOR_SECOND
    if rating(readings[0]) == rating(readings[1]):
        return _end(readings[1])
    return Outcome.DISPUTED if len(readings) == 2 else _end(readings[2])


def _end(reading: Reading) -> Outcome:
    return _ENDS[reading.verdict]


def rating(reading: Reading) -> str:
    """What two readers agree or disagree on: the verdict and, for approvals, the label."""
    if reading.verdict == Verdict.APPROVE:
        return f"{reading.verdict} {reading.label}"
    return reading.verdict


def kappa(pairs: Mapping[tuple[str, str], int]) -> float | None:
    """Cohen's kappa of two readers' ratings; None without pairs, or if chance agreement is 1.

    Cohen, J. (1960): (p_o - p_e) / (1 - p_e), with p_e from both readers' own frequencies.

    Args:
        pairs: how often each pair of ratings was given.
    """
    total = sum(pairs.values())
    if not total:
        return None
    firsts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for (first, second), number in pairs.items():
        firsts[first] += number
        seconds[second] += number
    observed = sum(number for (first, second), number in pairs.items() if first == second) / total
    expected = sum(firsts[value] * seconds[value] for value in firsts) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)
