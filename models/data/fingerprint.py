"""Perceptual hashes of a recording: how similar two of them look, independent of their encoding.

Measured on the 132 readable recordings of the public POCUS dataset, as distances of `distance`
(bits of 64): a copy of half the size, as JPEG of quality 40, is 0 to 2 away from its original; one
made a fifth brighter 0 to 5; one cropped to the ultrasound field 0; one without its first quarter
2 at the median, and 104 of 106 at most 8. Of the 8,646 pairs of different recordings 6 are at most
8 apart, all of one patient's examination or one publication (one pair is a picture that is in the
dataset twice), and 1 in 1,000 is below 10; their median is 26. Hence `MAX_DUPLICATE_DISTANCE`.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.media import sampling
from models.media.sampling import Picture
from models.media.square import propose_square

MAX_DUPLICATE_DISTANCE = 8
"""Distance in bits up to which two recordings are reported as probable duplicates."""

MAX_HASHES = 8
"""Maximum number of frames hashed per recording, evenly spaced among the sampled frames."""

_BITS = 64


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
    square = propose_square(pictures)
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


def _numbers(hashes: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(each, 16) for each in hashes], dtype=np.uint64)


class FingerprintIndex:
    """The fingerprints of many recordings, indexed for similarity search."""

    def __init__(self, recordings: Sequence[Sequence[str]]) -> None:
        self._recordings = [each for each in recordings if each]
        self._places = [place for place, each in enumerate(recordings) if each]
        lengths = [len(each) for each in self._recordings]
        self._starts = np.cumsum([0, *lengths[:-1]])
        self._all = _numbers([number for each in self._recordings for number in each])

    def similar(self, one: Sequence[str]) -> list[int]:
        """Ascending indices of the recordings within `MAX_DUPLICATE_DISTANCE` of this one."""
        if not one or not self._recordings:
            return []
        apart = np.bitwise_count(_numbers(one)[:, None] ^ self._all[None, :]).min(axis=0)
        # The median can only be close if some hash is, which leaves few candidates.
        close = np.flatnonzero(np.minimum.reduceat(apart, self._starts) <= MAX_DUPLICATE_DISTANCE)
        return [
            self._places[each]
            for each in close
            if distance(one, self._recordings[each]) <= MAX_DUPLICATE_DISTANCE
        ]
