"""What a recording is known by: the bytes it ever had, and what it shows.

De-identification encodes a recording anew, so that the hash of its bytes alone would take a model's
own training material for recordings that it has never seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.data.extraction import Facts
from models.data.fingerprint import Known
from models.data.index import Entry


@dataclass(frozen=True, slots=True)
class Identity:
    """What one recording is known by.

    Attributes:
        hashes: SHA-256 of its bytes, and of the file that these were made from where that is known.
        looks: fingerprints (see `models.data.fingerprint`) of the recording, and of the file it was
            made from; none where nobody has computed them.
    """

    hashes: frozenset[str]
    looks: tuple[tuple[str, ...], ...] = ()


def identity(entry: Entry, facts: Facts | None) -> Identity:
    """What a dataset's recording is known by; `facts` is None where it could not be read."""
    original = entry.original
    looks = [() if facts is None else facts.fingerprints, original.fingerprints]
    return Identity(
        hashes=frozenset(each for each in (entry.sha256, original.sha256) if each),
        looks=tuple(tuple(each) for each in looks if each),
    )


def identities(entries: Iterable[Entry], facts: Mapping[str, Facts]) -> list[Identity]:
    """`identity` of each, with facts by SHA-256."""
    return [identity(entry, facts.get(entry.sha256)) for entry in entries]


class Recogniser:
    """Many recordings, made ready to be asked which of them another one is."""

    def __init__(self, known: Sequence[Identity]) -> None:
        self._by_hash: dict[str, set[int]] = {}
        for place, each in enumerate(known):
            for sha256 in each.hashes:
                self._by_hash.setdefault(sha256, set()).add(place)
        looks = [(place, look) for place, each in enumerate(known) for look in each.looks]
        self._owners = [place for place, _ in looks]
        self._looks = Known([look for _, look in looks])
        self.complete = all(each.looks for each in known)
        """Whether all of them are known by what they show: else an unknown copy may be missed."""

    def places(self, one: Identity) -> list[int]:
        """Places of the recordings that have a hash in common with this one or look like it."""
        found: set[int] = set()
        for sha256 in one.hashes:
            found |= self._by_hash.get(sha256, set())
        for look in one.looks:
            found |= {self._owners[place] for place in self._looks.near(look)}
        return sorted(found)
