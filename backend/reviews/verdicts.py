"""What follows from verdicts: one reader decides, or two who agree, or else the third."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from backend.tables.vocabulary import Label, Verdict


class Outcome(StrEnum):
    """Where a round of reviews stands."""

    WAITING = "waiting"
    WAITING_FOR_SECOND = "waiting_for_second"
    DISPUTED = "disputed"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"


class Said(Protocol):
    """What counts of a review."""

    @property
    def verdict(self) -> Verdict:
        """What the reviewer decided."""

    @property
    def label(self) -> Label | None:
        """What the recording shows, where it was approved."""


_ENDS = {
    Verdict.APPROVE: Outcome.APPROVED,
    Verdict.REJECT: Outcome.REJECTED,
    Verdict.REQUEST_CHANGES: Outcome.CHANGES_REQUESTED,
}


def outcome(said: Sequence[Said], needed: int) -> Outcome:
    """Where a round stands after these verdicts, in the order in which they were given.

    Args:
        said: the round's verdicts that were not taken back.
        needed: readers who must agree, 1 or 2. Two who differ leave it to a third.
    """
    if not said:
        return Outcome.WAITING
    if needed == 1:
        return _end(said[-1])
    if len(said) == 1:
        return Outcome.WAITING_FOR_SECOND
    if rating(said[0]) == rating(said[1]):
        return _end(said[1])
    return Outcome.DISPUTED if len(said) == 2 else _end(said[2])


def _end(said: Said) -> Outcome:
    return _ENDS[said.verdict]


def rating(said: Said) -> str:
    """What two readers agree or differ in: the verdict, and of an approved one the label."""
    if said.verdict == Verdict.APPROVE:
        return f"{said.verdict} {said.label}"
    return said.verdict


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two readers' ratings; None where chance alone would agree, or no pair is.

    Cohen, J. (1960): (p_o - p_e) / (1 - p_e), with p_e from both readers' own frequencies.
    """
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(first == second for first, second in pairs) / total
    firsts, seconds = (Counter(each) for each in zip(*pairs, strict=True))
    expected = sum(firsts[each] * seconds[each] for each in firsts) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)
