"""Detection of duplicate recordings: identical bytes, or a similar appearance."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.data.extraction import Facts
from models.data.fingerprint import distance
from models.data.identity import Identity, RecordingMatcher, identities
from models.data.index import Entry


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two similar recordings; `bits` is their perceptual distance, 0 (identical) to 64."""

    one: Entry
    other: Entry
    bits: int

    @property
    def exact(self) -> bool:
        """Whether the files are the same, byte for byte."""
        return self.one.sha256 == self.other.sha256

    @property
    def across_patients(self) -> bool:
        """Whether the table assigns them to different patients, which leaks in a patient split."""
        return self.one.patient != self.other.patient


def duplicates(entries: Sequence[Entry], facts: Mapping[str, Facts]) -> list[DuplicatePair]:
    """All pairs of duplicates and near-duplicates, most similar first; see `models.data.identity`.

    Args:
        entries: recordings; several may have the same content.
        facts: by SHA-256; recordings without facts are compared by their bytes alone.
    """
    known_identities = identities(entries, facts)
    matcher = RecordingMatcher(known_identities)
    found = [
        DuplicatePair(
            entries[n], entries[place], _bits(known_identities[n], known_identities[place])
        )
        for n, one in enumerate(known_identities)
        for place in matcher.matches(one)
        if n < place
    ]
    return sorted(found, key=lambda pair: (not pair.exact, pair.bits, pair.one.key))


def _bits(one: Identity, other: Identity) -> int:
    """Perceptual distance in bits of 64; 0 if the recordings share a file hash."""
    if one.hashes & other.hashes:
        return 0
    return min(
        distance(first, second) for first in one.fingerprints for second in other.fingerprints
    )


def duplicate_groups(pairs: Sequence[DuplicatePair]) -> dict[str, int]:
    """By SHA-256, the number of a recording's group of duplicates; transitive.

    Recordings without duplicates are not included.
    """
    links: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        links[pair.one.sha256].add(pair.other.sha256)
        links[pair.other.sha256].add(pair.one.sha256)
    numbers: dict[str, int] = {}
    for number, start in enumerate(links):
        queue = [start]
        while queue:
            name = queue.pop()
            if name not in numbers:
                numbers[name] = number
                queue += links[name]
    return numbers


def with_duplicate_groups(
    entries: Sequence[Entry], facts: Mapping[str, Facts]
) -> tuple[Entry, ...]:
    """The same recordings, with `duplicate_group` set for duplicates and near-duplicates.

    A recording cannot test a model that was trained on its duplicate, even under another patient
    or label, so folds of every kind keep duplicates together.
    """
    numbers = duplicate_groups(duplicates(entries, facts))
    return tuple(
        replace(entry, duplicate_group=f"twins {numbers[entry.sha256]}")
        if entry.sha256 in numbers
        else entry
        for entry in entries
    )
