"""Which fold tests which recordings: by patient, stratified, and never changed once given."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.tables import Contribution

FOLDS = 5
"""As in the paper's cross-validation (POCOVID-Net, section 4.2)."""


@dataclass(frozen=True, slots=True)
class Group:
    """What must stay together, and the labels of its recordings."""

    key: str
    labels: tuple[str, ...]


def group_key(contribution: Contribution) -> str:
    """The patient's recordings share a group; without a patient a recording is its own."""
    if contribution.patient_hash is None:
        return recording_key(contribution.id)
    return f"patient:{contribution.patient_hash}"


def recording_key(contribution_id: UUID) -> str:
    """The key of a group of one recording."""
    return f"recording:{contribution_id}"


def assign(groups: Sequence[Group], taken: Sequence[Counter[str]]) -> dict[str, int]:
    """A fold for each new group, so that every fold gets its share of every class.

    The largest groups choose first, each the fold that has the least of what it brings. The same
    groups get the same folds, whatever their order.

    Args:
        groups: those without a fold.
        taken: for each fold, how many recordings of each label it has.
    """
    counts = [Counter(each) for each in taken]
    assigned = {}
    for group in sorted(groups, key=lambda each: (-len(each.labels), each.key)):
        brought = Counter(group.labels)
        fold = min(range(len(counts)), key=lambda n: (*_burden(counts[n], brought), n))
        counts[fold] += brought
        assigned[group.key] = fold
    return assigned


def _burden(there: Counter[str], brought: Counter[str]) -> tuple[int, int]:
    """How much a fold already has: of what a group brings, and in all."""
    return sum(there[label] * number for label, number in brought.items()), there.total()
