"""Perceptual hashes of a recording: how similar two of them look, independent of their encoding.

Measured on the 132 readable recordings of the public POCUS dataset, as distances of `distance`
(bits of 64): a copy of half the size, as JPEG of quality 40, is 0 to 2 away from its original; one
made a fifth brighter 0 to 5; one cropped to the ultrasound field 0; one without its first quarter
2 at the median, and 104 of 106 at most 8. Of the 8,646 pairs of different recordings 6 are at most
8 apart, all of one patient's examination or one publication (one pair is a picture that is in the
dataset twice), and 1 in 1,000 is below 10; their median is 26. Hence `MAX_DUPLICATE_DISTANCE`.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.media import sampling
from models.media.sampling import Picture

MAX_DUPLICATE_DISTANCE = 8
"""Distance in bits up to which two recordings are reported as probable duplicates."""

MAX_HASHES = 8
"""Maximum number of frames hashed per recording, evenly spaced among the sampled frames."""

BAND_BITS = (20, 22, 22)
"""Bits of the three parts of a hash by which near ones are looked up, the highest first."""

_BITS = 64
_BAND_SHIFTS = (44, 22, 0)
_MAX_BAND_DISTANCE = MAX_DUPLICATE_DISTANCE // len(BAND_BITS)


def fingerprint_file(path: Path) -> list[str]:
    """The fingerprint of a file: 1 to 8 frame hashes, cropped to its proposed square.

    Raises:
        MediaError: see `models.media.sources.open_source`.
    """
    return fingerprint_recording(sampling.Recording.open(path))


def fingerprint_recording(recording: sampling.Recording) -> list[str]:
    """The fingerprint of an opened recording, as `fingerprint_file`."""
    places = recording.sampled()
    pictures = list(recording.source.read(places[:: math.ceil(len(places) / MAX_HASHES)]))
    square = recording.proposed_square(pictures)
    return fingerprints(
        picture[square.y : square.y + square.size, square.x : square.x + square.size]
        for picture in pictures
    )


def fingerprints(frames: Iterable[Picture]) -> list[str]:
    """One hash of 16 hexadecimal digits for each frame, (h, w, 3) uint8 RGB of any size."""
    return [
        str(imagehash.phash(Image.fromarray(np.ascontiguousarray(frame)).convert("L")))
        for frame in frames
    ]


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """The perceptual distance of two recordings: 0 (identical) to 64 bits; 64 without hashes.

    The median over one recording's hashes of the Hamming distance to the nearest hash of the other;
    the smaller of both directions, so that a part of a clip is close to the whole.
    """
    if not one or not other:
        return _BITS
    apart = np.bitwise_count(_numbers(one)[:, None] ^ _numbers(other)[None, :])
    return int(min(np.median(apart.min(axis=1)), np.median(apart.min(axis=0))))


def close_hashes(one: Sequence[str], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of many hashes, (n,), are within `MAX_DUPLICATE_DISTANCE` of a hash of this recording.

    Only a recording with such a hash can be within that distance as a whole.
    """
    if not one:
        return np.zeros(len(others), dtype=np.bool_)
    apart = np.bitwise_count(_numbers(one)[:, None] ^ others.view(np.uint64)[None, :])
    close: NDArray[np.bool_] = apart.min(axis=0) <= MAX_DUPLICATE_DISTANCE
    return close


def to_int64(hashes: Sequence[str]) -> NDArray[np.int64]:
    """Hashes as signed numbers of 64 bits, (n,), which a database can store."""
    return _numbers(hashes).view(np.int64)


def bands(hashes: Sequence[str]) -> NDArray[np.int64]:
    """The three parts of each hash, (n, 3), of as many bits as `BAND_BITS` says."""
    return np.stack(
        [
            (_numbers(hashes) >> np.uint64(shift)).astype(np.int64) & ((1 << bits) - 1)
            for shift, bits in zip(_BAND_SHIFTS, BAND_BITS, strict=True)
        ],
        axis=1,
    )


def close_bands(hashes: Sequence[str]) -> tuple[list[int], ...]:
    """For each of the three bands, the values that a close hash may have there; ascending.

    Of the bits in which two close hashes differ, one band has at most a third: a close hash has one
    of these values in at least one band.
    """
    own = bands(hashes)
    return tuple(
        np.unique(own[:, place, None] ^ _flips(bits)[None, :]).tolist()
        for place, bits in enumerate(BAND_BITS)
    )


def _flips(bits: int) -> NDArray[np.int64]:
    """All numbers of so many bits with at most `_MAX_BAND_DISTANCE` ones."""
    return np.array(
        [
            sum(1 << place for place in places)
            for count in range(_MAX_BAND_DISTANCE + 1)
            for places in itertools.combinations(range(bits), count)
        ]
    )


def _numbers(hashes: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(hash_, 16) for hash_ in hashes], dtype=np.uint64)


class FingerprintIndex:
    """The fingerprints of many recordings, indexed for similarity search."""

    def __init__(self, recordings: Sequence[Sequence[str]]) -> None:
        self._recordings = [recording for recording in recordings if recording]
        self._places = [place for place, each in enumerate(recordings) if each]
        lengths = [len(recording) for recording in self._recordings]
        self._starts = np.cumsum([0, *lengths[:-1]])
        self._all = _numbers([number for recording in self._recordings for number in recording])

    def similar(self, one: Sequence[str]) -> list[int]:
        """Ascending indices of the recordings within `MAX_DUPLICATE_DISTANCE` of this one."""
        if not one or not self._recordings:
            return []
        apart = np.bitwise_count(_numbers(one)[:, None] ^ self._all[None, :]).min(axis=0)
        # The median can only be close if some hash is, which leaves few candidates.
        close = np.flatnonzero(np.minimum.reduceat(apart, self._starts) <= MAX_DUPLICATE_DISTANCE)
        return [
            self._places[index]
            for index in close
            if distance(one, self._recordings[index]) <= MAX_DUPLICATE_DISTANCE
        ]
