"""A ZIP archive computed on the fly: its size is known in advance, and any range can be sent.

Files are stored without compression (recordings and frames are compressed already), so that the
position of every byte follows from the names, sizes and CRC-32 of the files. The same files always
give the same bytes: an interrupted download can continue with any process. Sizes over 4 GB and more
than 65,535 files are written as ZIP64 (PKWARE's APPNOTE, 4.3 to 4.5).
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


def of_release(
    number: int,
    created_at: datetime,
    files: Iterable[StoredFile],
    extra_files: Mapping[str, bytes] | None = None,
) -> "Archive":
    """The archive of a release: its files as listed in its rows, and `extra_files` by name."""
    root = f"pocovid-release-{number}"
    members = [Member(f"{root}/{file.path}", file.bytes, file.crc32, file.key) for file in files]
    members += [
        Member(f"{root}/{name}", len(content), zlib.crc32(content), content=content)
        for name, content in (extra_files or {}).items()
    ]
    return Archive(members, created_at)


class Archive:
    """A ZIP of these members, all dated `created_at`."""

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
        """Equal for equal bytes: derived from all names, sizes and CRC-32."""
        return f'"{sha256(self._directory + self._end).hexdigest()[:32]}"'

    def read(self, start: int, stop: int, opener: Open) -> Iterator[bytes]:
        """The bytes from `start` up to but not including `stop`, in chunks."""
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
                min(offset, _MAX_32),
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
