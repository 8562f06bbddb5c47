"""A ZIP archive computed on the fly: its size is known in advance, and any range can be sent.

Files are stored without compression (recordings and frames are compressed already), so that the
position of every byte follows from the names, sizes and CRC-32 of the files. The same files always
give the same bytes: an interrupted download can continue with any process. Sizes over 4 GB and more
than 65,535 files are written as ZIP64 (PKWARE's APPNOTE, 4.3 to 4.5).

An archive is laid out in runs of files. To know its size, and where each run lies, their sizes are
enough; only the files of the runs that a range meets are loaded.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, NamedTuple

CHUNK = 256 * 1024

_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
_PLAIN, _ZIP64 = 20, 45  # ZIP versions needed for reading: 2.0 and 4.5
_UNIX = 3 << 8
_UTF8 = 1 << 11
_MODE = 0o100644 << 16
_OLDEST = (1980, 1, 1, 0, 0, 0)

Open = Callable[[str, int], BinaryIO]
"""Opens the bytes under a storage key, from an offset on."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, with its bytes in the storage (`key`) or in memory (`content`)."""

    name: str
    size: int
    crc32: int
    key: str = ""
    content: bytes = b""


class Run(NamedTuple):
    """The size of some consecutive files in an archive.

    `bytes` counts their headers and contents, `directory_bytes` their entries in the directory at
    the end. `digest` (SHA-256, hexadecimal) is equal for equal names, sizes, CRC-32 and dates.
    """

    members: int
    bytes: int
    directory_bytes: int
    digest: str


Load = Callable[[int], Sequence[Member]]
"""The files of a run, by its index."""


def measure(members: Iterable[Member], offset: int, created_at: datetime) -> Run:
    """The size of files that begin at an offset in an archive dated `created_at`."""
    stamp = _dos_time(created_at)
    number, at, directory, digest = 0, offset, 0, sha256()
    for member in members:
        header = _local_header(member, stamp)
        digest.update(header)
        directory += len(_entry(member, at, stamp))
        at += len(header) + member.size
        number += 1
    return Run(number, at - offset, directory, digest.hexdigest())


def same_entries(run: Run, before: int, after: int) -> bool:
    """Whether a run has directory entries of the same size at both offsets.

    The entry of a file is longer from the offset on that has no room in 32 bits.
    """
    if before == after:
        return True
    near = max(before, after) + run.bytes <= _MAX_32
    return near or min(before, after) >= _MAX_32


class Archive:
    """A ZIP of the files of these runs, all dated `created_at`."""

    def __init__(self, runs: Sequence[Run], created_at: datetime, load: Load) -> None:
        self._runs = runs
        self._stamp = _dos_time(created_at)
        self._load = load
        self._end = self._end_records()
        contents = sum(run.bytes + run.directory_bytes for run in runs)
        self.size = contents + len(self._end)

    @property
    def etag(self) -> str:
        """Equal for equal bytes: derived from all names, sizes and CRC-32."""
        digests = "".join(run.digest for run in self._runs)
        return f'"{sha256(digests.encode()).hexdigest()[:32]}"'

    def read(self, start: int, stop: int, opener: Open) -> Iterator[bytes]:
        """The bytes from `start` up to but not including `stop`, in chunks."""
        at = 0
        for index, run in enumerate(self._runs):
            if start < (end := at + run.bytes) and stop > at:
                yield from self._files(index, at, start, stop, opener)
            at = end
            if at >= stop:
                return
        offset = 0
        for index, run in enumerate(self._runs):
            if start < (end := at + run.directory_bytes) and stop > at:
                yield _part(self._directory(index, offset), at, start, stop)
            at = end
            offset += run.bytes
        if stop > at:
            yield _part(self._end, at, start, stop)

    def _files(self, index: int, at: int, start: int, stop: int, opener: Open) -> Iterator[bytes]:
        """The part of a run at offset `at` that lies between `start` and `stop`."""
        for member in self._load(index):
            header = _local_header(member, self._stamp)
            if start < (end := at + len(header)) and stop > at:
                yield _part(header, at, start, stop)
            at = end
            if start < (end := at + member.size) and stop > at:
                first, last = max(start - at, 0), min(stop - at, member.size)
                yield from _content(member, first, last, opener)
            at = end
            if at >= stop:
                return

    def _directory(self, index: int, offset: int) -> bytes:
        """The entries of a run that begins at `offset`."""
        entries = []
        for member in self._load(index):
            entries.append(_entry(member, offset, self._stamp))
            offset += len(_local_header(member, self._stamp)) + member.size
        return b"".join(entries)

    def _end_records(self) -> bytes:
        number, size, at = (
            sum(run.members for run in self._runs),
            sum(run.directory_bytes for run in self._runs),
            sum(run.bytes for run in self._runs),
        )
        end = struct.pack(
            "<4sHHHHLLH",
            b"PK\5\6",
            0,
            0,
            min(number, _MAX_16),
            min(number, _MAX_16),
            min(size, _MAX_32),
            min(at, _MAX_32),
            0,
        )
        if number < _MAX_16 and size < _MAX_32 and at < _MAX_32:
            return end
        end64 = struct.pack(
            "<4sQHHLLQQQQ", b"PK\6\6", 44, _ZIP64, _ZIP64, 0, 0, number, number, size, at
        )
        return end64 + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1) + end


def _local_header(member: Member, stamp: tuple[int, int]) -> bytes:
    large = member.size >= _MAX_32
    size = _MAX_32 if large else member.size
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.size) if large else b""
    name = member.name.encode()
    return (
        struct.pack(
            "<4sHHHHHLLLHH",
            b"PK\3\4",
            _ZIP64 if large else _PLAIN,
            _UTF8,
            0,
            *stamp,
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def _entry(member: Member, offset: int, stamp: tuple[int, int]) -> bytes:
    """The member's entry in the central directory; numbers over 32 bits are in `extra`."""
    large = [n for n in (member.size, member.size, offset) if n >= _MAX_32]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size = min(member.size, _MAX_32)
    version = _ZIP64 if large else _PLAIN
    name = member.name.encode()
    return (
        struct.pack(
            "<4sHHHHHHLLLHHHHHLL",
            b"PK\1\2",
            _UNIX | version,
            version,
            _UTF8,
            0,
            *stamp,
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            _MODE,
            min(offset, _MAX_32),
        )
        + name
        + extra
    )


def _part(block: bytes, at: int, start: int, stop: int) -> bytes:
    """The part of a block at offset `at` that lies between `start` and `stop`."""
    return block[max(start - at, 0) : stop - at]


def _content(member: Member, first: int, last: int, opener: Open) -> Iterator[bytes]:
    """A member's bytes from `first` to `last`.

    Raises:
        EOFError: the storage holds fewer bytes than were released; aborting beats a corrupt file.
    """
    if not member.key:
        yield member.content[first:last]
        return
    left = last - first
    with opener(member.key, first) as file:
        while left:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                raise EOFError(f"{left} bytes of {member.key} are missing")
            left -= len(chunk)
            yield chunk


def _dos_time(at: datetime) -> tuple[int, int]:
    """Time and date in MS-DOS format: steps of two seconds, from 1980 on."""
    year, month, day, hour, minute, second = max(at.timetuple()[:6], _OLDEST)
    return (hour << 11) | (minute << 5) | (second // 2), ((year - 1980) << 9) | (month << 5) | day
