"""Edit lists put into an MP4: what of the stored pictures is presented (ISO/IEC 14496-12, elst)."""

import struct
from collections.abc import Iterator, Sequence

EMPTY = -1
"""As the start of an edit: nothing is presented meanwhile."""


def edited(mp4: bytes, edits: Sequence[tuple[float, float]]) -> bytes:
    """The file with an edit list of (seconds presented, second of the media at which it starts).

    The index must stand behind the pictures, whose places then stay as they are.
    """
    moov_at, moov_end = next(_boxes(mp4, b"moov", 0, len(mp4)))
    assert moov_end == len(mp4)
    moov = mp4[moov_at:]
    movie_scale = int.from_bytes(moov[(at := moov.index(b"mvhd")) + 16 : at + 20], "big")
    media_scale = int.from_bytes(moov[(at := moov.index(b"mdhd")) + 16 : at + 20], "big")
    trak_at, trak_end = next(_boxes(moov, b"trak", 8, len(moov)))
    trak = moov[trak_at:trak_end]
    for start, end in _boxes(trak, b"edts", 8, len(trak)):
        trak = trak[:start] + trak[end:]
    entries = b"".join(
        struct.pack(
            ">Iihh",
            round(seconds * movie_scale),
            EMPTY if start == EMPTY else round(start * media_scale),
            1,
            0,
        )
        for seconds, start in edits
    )
    elst = _box(b"elst", struct.pack(">II", 0, len(edits)) + entries)
    mdia_at, _ = next(_boxes(trak, b"mdia", 8, len(trak)))
    trak = _box(b"trak", trak[8:mdia_at] + _box(b"edts", elst) + trak[mdia_at:])
    return mp4[:moov_at] + _box(b"moov", moov[8:trak_at] + trak + moov[trak_end:])


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _boxes(content: bytes, kind: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the boxes of this kind begin and end between two places."""
    while start < end:
        length, found = struct.unpack(">I4s", content[start : start + 8])
        if found == kind:
            yield start, start + length
        start += length
