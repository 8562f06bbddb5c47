"""Which recordings are copies of each other, byte for byte or to the eye."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.data.extraction import Facts
from models.data.fingerprint import distance
from models.data.identity import Identity, RecordingMatcher, identities
from models.data.index import Entry


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two recordings that look alike; `bits` of 64 are different, 0 for the same bytes."""

    one: Entry
    other: Entry
    bits: int

    @property
    def exact(self) -> bool:
        """Whether the files are the same, byte for byte."""
        return self.one.sha256 == self.other.sha256

    @property
    def across_patients(self) -> bool:
        """Whether the table says that these are two patients: a split by patient then leaks."""
        return self.one.patient != self.other.patient


def duplicates(entries: Sequence[Entry], facts: Mapping[str, Facts]) -> list[DuplicatePair]:
    """All pairs that are the same or nearly so, the most alike first; see
    `models.data.identity`.

    Args:
        entries: recordings, any number of them with the same content.
        facts: by SHA-256; recordings without any are compared by their bytes alone.
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
    """How far apart two recordings look; 0 where they have bytes in common."""
    if one.hashes & other.hashes:
        return 0
    return min(
        distance(first, second) for first in one.fingerprints for second in other.fingerprints
    )


def duplicate_groups(pairs: Sequence[DuplicatePair]) -> dict[str, int]:
    """By SHA-256, the number of the set of copies that a recording belongs to, if it has any.

    Copies of copies are of one set.
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
    """The same recordings, those that are nearly the same named as twins.

    A picture that is there twice, under two patients' numbers or two labels, is no test of the
    model that has learnt the other one: folds keep twins together whatever they hold out.
    """
    numbers = duplicate_groups(duplicates(entries, facts))
    return tuple(
        replace(entry, duplicate_group=f"twins {numbers[entry.sha256]}")
        if entry.sha256 in numbers
        else entry
        for entry in entries
    )
