"""What a recording is known by: the bytes it ever had, and what it shows.

De-identification encodes a recording anew, so that the hash of its bytes alone would take a model's
own training material for recordings that it has never seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.data.extraction import Facts
from models.data.fingerprint import FingerprintIndex
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
    fingerprints: tuple[tuple[str, ...], ...] = ()


def identity(entry: Entry, facts: Facts | None) -> Identity:
    """What a dataset's recording is known by; `facts` is None where it could not be read."""
    original = entry.original
    fingerprints = [() if facts is None else facts.fingerprints, original.fingerprints]
    return Identity(
        hashes=frozenset(each for each in (entry.sha256, original.sha256) if each),
        fingerprints=tuple(tuple(each) for each in fingerprints if each),
    )


def identities(entries: Iterable[Entry], facts: Mapping[str, Facts]) -> list[Identity]:
    """`identity` of each, with facts by SHA-256."""
    return [identity(entry, facts.get(entry.sha256)) for entry in entries]


class RecordingMatcher:
    """Many recordings, made ready to be asked which of them another one is."""

    def __init__(self, identities_: Sequence[Identity]) -> None:
        self._by_hash: dict[str, set[int]] = {}
        for place, each in enumerate(identities_):
            for sha256 in each.hashes:
                self._by_hash.setdefault(sha256, set()).add(place)
        fingerprints = [
            (place, hashes_)
            for place, each in enumerate(identities_)
            for hashes_ in each.fingerprints
        ]
        self._owners = [place for place, _ in fingerprints]
        self._fingerprints = FingerprintIndex([hashes_ for _, hashes_ in fingerprints])
        self.fingerprints_complete = all(each.fingerprints for each in identities_)
        """Whether all of them are known by what they show: else an unknown copy may be missed."""

    def matches(self, target: Identity) -> list[int]:
        """Places of the recordings that have a hash in common with this one or look like it."""
        found: set[int] = set()
        for sha256 in target.hashes:
            found |= self._by_hash.get(sha256, set())
        for hashes_ in target.fingerprints:
            found |= {self._owners[place] for place in self._fingerprints.similar(hashes_)}
        return sorted(found)
