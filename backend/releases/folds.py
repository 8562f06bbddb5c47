"""Which fold tests which recordings: by patient, stratified, and never changed once given.

A patient, or a recording that is there twice, may become known only after parts were released in
several folds. These folds stay; one of them is then the group's, and its recordings in the others
are left out of training and testing.
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
    """What must stay together, and the labels of its recordings."""

    key: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A recording of a release, and what ties it to others.

    `patient` is its patient's hash, if one is known; `copies` are the recordings that it looks
    like; `fold` is the one it was released with, if it was.
    """

    id: UUID
    label: str
    patient: str | None
    copies: frozenset[UUID]
    fold: int | None = None

    @property
    def key(self) -> str:
        """That of its patient's group; without a patient a recording is its own."""
        return recording_key(self.id) if self.patient is None else patient_key(self.patient)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recording is tested; `left_out` where its group is tested in another fold.

    `home` is its group's fold.
    """

    fold: int
    home: int

    @property
    def left_out(self) -> bool:
        """Whether no model may learn from it or be tested on it."""
        return self.fold != self.home


def patient_key(patient: str) -> str:
    """The key of a patient's group, by the patient's hash."""
    return f"{_PATIENT}{patient}"


def is_patient(key: str) -> bool:
    """Whether a group is a patient's."""
    return key.startswith(_PATIENT)


def patient_of(contribution: Contribution, earlier_key: str | None) -> str | None:
    """The patient's hash; the one it was released with, where it has none any more."""
    if contribution.patient_hash is None and earlier_key is not None and is_patient(earlier_key):
        return earlier_key.removeprefix(_PATIENT)
    return contribution.patient_hash


def recording_key(contribution_id: UUID) -> str:
    """The key of a group of one recording."""
    return f"recording:{contribution_id}"


def copies(
    contributions: Sequence[Contribution], known: Mapping[UUID, Collection[UUID]]
) -> dict[UUID, frozenset[UUID]]:
    """For each recording, the others that were uploaded as the same bytes or look like it.

    Args:
        contributions: recordings.
        known: what was found of some of them among one another before; they are compared with the
            others alone.
    """
    found = {each.id: set(known.get(each.id, ())) for each in contributions}
    looks = FingerprintIndex([each.fingerprints for each in contributions])
    by_bytes: dict[str, list[UUID]] = {}
    for each in contributions:
        by_bytes.setdefault(each.sha256, []).append(each.id)
    for each in contributions:
        if each.id in known:
            continue
        similar = [contributions[place].id for place in looks.similar(each.fingerprints)]
        for other in {*similar, *by_bytes[each.sha256]} - {each.id}:
            found[each.id].add(other)
            found[other].add(each.id)
    return {one: frozenset(others & found.keys()) for one, others in found.items()}


def assign_folds(
    members: Sequence[Member], assigned: Mapping[str, int], taken: Sequence[Counter[str]]
) -> dict[UUID, Place]:
    """The fold of each recording: the one it was released with, or else its group's.

    A group is everything that a patient or a copy ties together. Its fold is the one that most of
    its released recordings have; without any, the one that its patients were assigned before; and
    a new group gets the fold that has least of what it brings.

    Args:
        members: all recordings of the release.
        assigned: by key, folds that were given before.
        taken: for each fold, how many released recordings of each label it has.
    """
    groups = _groups(members)
    homes: dict[str, int] = {}
    new: list[Group] = []
    for name, together in groups.items():
        released = Counter(each.fold for each in together if each.fold is not None)
        given = sorted({each.key for each in together} & assigned.keys())
        if released:
            homes[name] = min(released, key=lambda fold: (-released[fold], fold))
        elif given:
            homes[name] = assigned[given[0]]
        else:
            new.append(Group(name, tuple(sorted(each.label for each in together))))
    homes |= assign(new, taken)
    return {
        each.id: Place(homes[name] if each.fold is None else each.fold, homes[name])
        for name, together in groups.items()
        for each in together
    }


def _groups(members: Iterable[Member]) -> dict[str, list[Member]]:
    """What is tied together, by the first of the members' keys."""
    by_id = {each.id: each for each in members}
    links: dict[str | UUID, set[str | UUID]] = {}
    for each in by_id.values():
        ties: list[str | UUID] = [each.key, *(each.copies & by_id.keys())]
        for tie in ties:
            links.setdefault(each.id, set()).add(tie)
            links.setdefault(tie, set()).add(each.id)
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
            groups[min(each.key for each in together)] = together
    return groups


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
