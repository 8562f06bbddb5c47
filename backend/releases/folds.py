"""Cross-validation folds: by patient, stratified, and never changed once assigned.

It may turn out only after a release that recordings in several folds are of one patient or are
copies of each other. Their folds stay; one of them becomes the group's fold, and the group's
recordings in other folds are left out of training and testing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.tables import Contribution
from models.data.fingerprint import FingerprintIndex

_PATIENT = "patient:"

FOLDS = 5
"""As in the paper's cross-validation (POCOVID-Net, section 4.2)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Recordings that must stay together: their key and labels."""

    key: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A recording of a release, and what links it to others.

    `patient` is its patient's hash, if known; `copies` are the recordings that look like it; `fold`
    is the one it was released with, if it was.
    """

    id: UUID
    label: str
    patient: str | None
    copies: frozenset[UUID]
    fold: int | None = None

    @property
    def key(self) -> str:
        """The key of its patient's group; a recording without a patient is its own group."""
        return recording_key(self.id) if self.patient is None else patient_key(self.patient)


@dataclass(frozen=True, slots=True)
class Place:
    """The fold of a recording; `left_out` if its group is tested in another fold.

    `home` is its group's fold.
    """

    fold: int
    home: int

    @property
    def left_out(self) -> bool:
        """Whether it is excluded from training and testing."""
        return self.fold != self.home


def patient_key(patient: str) -> str:
    """The key of a patient's group, by the patient's hash."""
    return f"{_PATIENT}{patient}"


def is_patient(key: str) -> bool:
    """Whether a group is a patient's."""
    return key.startswith(_PATIENT)


def patient_of(contribution: Contribution, earlier_key: str | None) -> str | None:
    """The patient's hash; the one it was released with, if the contribution has none any more."""
    if contribution.patient_hash is None and earlier_key is not None and is_patient(earlier_key):
        return earlier_key.removeprefix(_PATIENT)
    return contribution.patient_hash


def recording_key(contribution_id: UUID) -> str:
    """The key of a group of one recording."""
    return f"recording:{contribution_id}"


def copies(
    contributions: Sequence[Contribution], known: Mapping[UUID, Collection[UUID]]
) -> dict[UUID, frozenset[UUID]]:
    """For each recording, the others with the same bytes or a similar appearance.

    Args:
        contributions: recordings.
        known: copies already known; these recordings have been compared with each other, and are
            only compared with the rest.
    """
    linked = {
        contribution.id: set(known.get(contribution.id, ())) for contribution in contributions
    }
    appearances = FingerprintIndex([contribution.fingerprints for contribution in contributions])
    by_bytes: dict[str, list[UUID]] = {}
    for contribution in contributions:
        by_bytes.setdefault(contribution.sha256, []).append(contribution.id)
    for contribution in contributions:
        if contribution.id in known:
            continue
        similar = [
            contributions[place].id for place in appearances.similar(contribution.fingerprints)
        ]
        for other in {*similar, *by_bytes[contribution.sha256]} - {contribution.id}:
            linked[contribution.id].add(other)
            linked[other].add(contribution.id)
    return {recording: frozenset(others & linked.keys()) for recording, others in linked.items()}


def assign_folds(
    members: Sequence[Member], assigned: Mapping[str, int], taken: Sequence[Counter[str]]
) -> dict[UUID, Place]:
    """The fold of each recording: the one it was released with, or else its group's.

    A group is everything linked by a patient or a copy. Its fold is the one of most of its released
    recordings; without any, the one assigned to its patients before; a new group gets the fold
    that has the fewest recordings of its classes.

    Args:
        members: all recordings of the release.
        assigned: folds assigned before, by key.
        taken: for each fold, how many released recordings of each label it has.
    """
    groups = _groups(members)
    homes: dict[str, int] = {}
    new: list[Group] = []
    for name, together in groups.items():
        released = Counter(member.fold for member in together if member.fold is not None)
        assigned_keys = sorted({member.key for member in together} & assigned.keys())
        if released:
            homes[name] = min(released, key=lambda fold: (-released[fold], fold))
        elif assigned_keys:
            homes[name] = assigned[assigned_keys[0]]
        else:
            new.append(Group(name, tuple(sorted(member.label for member in together))))
    homes |= assign(new, taken)
    return {
        member.id: Place(homes[name] if member.fold is None else member.fold, homes[name])
        for name, together in groups.items()
        for member in together
    }


def _groups(members: Iterable[Member]) -> dict[str, list[Member]]:
    """The connected components of the members, by the smallest of their keys."""
    by_id = {member.id: member for member in members}
    links: dict[str | UUID, set[str | UUID]] = {}
    for member in by_id.values():
        ties: list[str | UUID] = [member.key, *(member.copies & by_id.keys())]
        for tie in ties:
            links.setdefault(member.id, set()).add(tie)
            links.setdefault(tie, set()).add(member.id)
    seen: set[str | UUID] = set()
    groups = {}
    for start in by_id:
        together: list[Member] = []
        reached: list[str | UUID] = [start]
        while reached:
            name = reached.pop()
            if name in seen:
                continue
            seen.add(name)
            reached += links[name]
            if isinstance(name, UUID):
                together.append(by_id[name])
        if together:
            groups[min(member.key for member in together)] = together
    return groups


def assign(groups: Sequence[Group], taken: Sequence[Counter[str]]) -> dict[str, int]:
    """A fold for each new group, so that every fold gets its share of every class.

    The largest groups are assigned first, each to the fold with the fewest recordings of its
    classes. The result does not depend on the order of the groups.

    Args:
        groups: those without a fold.
        taken: for each fold, how many recordings of each label it has.
    """
    counts = [Counter(counter) for counter in taken]
    assigned = {}
    for group in sorted(groups, key=lambda candidate: (-len(candidate.labels), candidate.key)):
        brought = Counter(group.labels)
        fold = min(range(len(counts)), key=lambda n: (*_burden(counts[n], brought), n))
        counts[fold] += brought
        assigned[group.key] = fold
    return assigned


def _burden(there: Counter[str], brought: Counter[str]) -> tuple[int, int]:
    """How much a fold already has: of the group's classes, and in total."""
    return sum(there[label] * number for label, number in brought.items()), there.total()
