"""A ZIP that is never built: its size is known before, and any part of it can be sent.

Files are stored as they are, without compression (recordings and frames are compressed already),
so that every byte's place follows from the names, sizes and CRC-32 of the files alone. The same
files give the same bytes: an interrupted download goes on where it was, from any process. Both
sizes beyond 4 GB and more than 65,535 files are written as ZIP64 (PKWARE's APPNOTE, 4.3 to 4.5).
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from backend.tables.releases import StoredFile

CHUNK = 256 * 1024

_MOST_32 = 0xFFFFFFFF
_MOST_16 = 0xFFFF
_PLAIN, _ZIP64 = 20, 45  # versions needed to read it: 2.0 and 4.5
_UNIX = 3 << 8
_UTF8 = 1 << 11
_MODE = 0o100644 << 16
_OLDEST = (1980, 1, 1, 0, 0, 0)

Open = Callable[[str, int], BinaryIO]
"""Opens what lies under a storage key, from a byte on."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: where its bytes are, in the storage (`key`) or here (`content`)."""

    name: str
    size: int
    crc32: int
    key: str = ""
    content: bytes = b""


def of_release(
    number: int,
    created_at: datetime,
    files: Iterable[StoredFile],
    further: Mapping[str, bytes] | None = None,
) -> "Archive":
    """The archive of a release: its files, as its rows list them, and `further` ones, by name."""
    root = f"pocovid-release-{number}"
    members = [Member(f"{root}/{each.path}", each.bytes, each.crc32, each.key) for each in files]
    members += [
        Member(f"{root}/{name}", len(content), zlib.crc32(content), content=content)
        for name, content in (further or {}).items()
    ]
    return Archive(members, created_at)


class Archive:
    """The bytes of a ZIP of these members, every one dated `created_at`."""

    def __init__(self, members: Sequence[Member], created_at: datetime) -> None:
        self._members = members
        self._stamp = _dos_time(created_at)
        self._offsets: list[int] = []
        at = 0
        for member in members:
            self._offsets.append(at)
            at += len(self._local_header(member)) + member.size
        self._directory_at = at
        self._directory = b"".join(
            self._entry(member, offset)
            for member, offset in zip(members, self._offsets, strict=True)
        )
        self._end = self._end_records()
        self.size = at + len(self._directory) + len(self._end)

    @property
    def etag(self) -> str:
        """The same for the same bytes: made of all names, sizes and CRC-32."""
        return f'"{sha256(self._directory + self._end).hexdigest()[:32]}"'

    def read(self, start: int, stop: int, opener: Open) -> Iterator[bytes]:
        """The bytes from `start` up to and without `stop`, a chunk at a time."""
        at = 0
        for member in self._members:
            header = self._local_header(member)
            if start < (end := at + len(header)) and stop > at:
                yield _part(header, at, start, stop)
            at = end
            if start < (end := at + member.size) and stop > at:
                first, last = max(start - at, 0), min(stop - at, member.size)
                yield from _content(member, first, last, opener)
            at = end
            if at >= stop:
                return
        for block in (self._directory, self._end):
            if start < (end := at + len(block)) and stop > at:
                yield _part(block, at, start, stop)
            at = end

    def _local_header(self, member: Member) -> bytes:
        large = member.size >= _MOST_32
        size = _MOST_32 if large else member.size
        extra = struct.pack("<HHQQ", 1, 16, member.size, member.size) if large else b""
        name = member.name.encode()
        return (
            struct.pack(
                "<4sHHHHHLLLHH",
                b"PK\3\4",
                _ZIP64 if large else _PLAIN,
                _UTF8,
                0,
                *self._stamp,
                member.crc32,
                size,
                size,
                len(name),
                len(extra),
            )
            + name
            + extra
        )

    def _entry(self, member: Member, offset: int) -> bytes:
        """The member's entry in the central directory; what does not fit 32 bits is in `extra`."""
        large = [n for n in (member.size, member.size, offset) if n >= _MOST_32]
        extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        size = min(member.size, _MOST_32)
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
                *self._stamp,
                member.crc32,
                size,
                size,
                len(name),
                len(extra),
                0,
                0,
                0,
                _MODE,
                min(offset, _MOST_32),
            )
            + name
            + extra
        )

    def _end_records(self) -> bytes:
        number, size, at = len(self._members), len(self._directory), self._directory_at
        end = struct.pack(
            "<4sHHHHLLH",
            b"PK\5\6",
            0,
            0,
            min(number, _MOST_16),
            min(number, _MOST_16),
            min(size, _MOST_32),
            min(at, _MOST_32),
            0,
        )
        if number < _MOST_16 and size < _MOST_32 and at < _MOST_32:
            return end
        end64 = struct.pack(
            "<4sQHHLLQQQQ", b"PK\6\6", 44, _ZIP64, _ZIP64, 0, 0, number, number, size, at
        )
        return end64 + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1) + end


def _part(block: bytes, at: int, start: int, stop: int) -> bytes:
    """What of a block that begins at `at` lies from `start` to `stop`."""
    return block[max(start - at, 0) : stop - at]


def _content(member: Member, first: int, last: int, opener: Open) -> Iterator[bytes]:
    """A member's own bytes from `first` to `last`.

    Raises:
        EOFError: the storage holds less than was released; better no end than a wrong one.
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
    """Time and date as MS-DOS counts them, in steps of two seconds, from 1980 on."""
    year, month, day, hour, minute, second = max(at.timetuple()[:6], _OLDEST)
    return (hour << 11) | (minute << 5) | (second // 2), ((year - 1980) << 9) | (month << 5) | day
