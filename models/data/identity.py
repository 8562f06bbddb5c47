"""How a recording is recognised: by the hashes of its files, and by perceptual fingerprints.

De-identification re-encodes a recording, so that by its file hash alone a model's own training data
would look like unseen recordings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.data.extraction import Facts
from models.data.fingerprint import FingerprintIndex
from models.data.index import Entry


@dataclass(frozen=True, slots=True)
class Identity:
    """The hashes and fingerprints that identify one recording.

    Attributes:
        hashes: SHA-256 of its file, and of the original file if known.
        fingerprints: perceptual hashes (see `models.data.fingerprint`) of the recording and of its
            original; empty if not computed.
    """

    hashes: frozenset[str]
    fingerprints: tuple[tuple[str, ...], ...] = ()


def identity(entry: Entry, facts: Facts | None) -> Identity:
    """The identity of a dataset's recording; `facts` is None if it could not be read."""
    original = entry.original
    fingerprints = [() if facts is None else facts.fingerprints, original.fingerprints]
    return Identity(
        hashes=frozenset(hash_ for hash_ in (entry.sha256, original.sha256) if hash_),
        fingerprints=tuple(tuple(fingerprint) for fingerprint in fingerprints if fingerprint),
    )


def identities(entries: Iterable[Entry], facts: Mapping[str, Facts]) -> list[Identity]:
    """The identity of each recording, with facts by SHA-256."""
    return [identity(entry, facts.get(entry.sha256)) for entry in entries]


class RecordingMatcher:
    """Finds which of many recordings another one is a copy of."""

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
        self.fingerprints_complete = all(identity_.fingerprints for identity_ in identities_)
        """Whether all recordings have fingerprints; if not, a re-encoded copy may be missed."""

    def matches(self, target: Identity) -> list[int]:
        """Ascending indices of the recordings that share a hash with this one or look alike."""
        found: set[int] = set()
        for sha256 in target.hashes:
            found |= self._by_hash.get(sha256, set())
        for hashes_ in target.fingerprints:
            found |= {self._owners[place] for place in self._fingerprints.similar(hashes_)}
        return sorted(found)
