"""HTTP range requests (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to but not including `stop`; `is_complete`: all there are."""

    start: int
    stop: int
    is_complete: bool


class UnsatisfiableError(Exception):
    """The range starts beyond the end of the file."""


def requested_range(header: str | None, if_range: str | None, etag: str, size: int) -> ByteRange:
    """Which part of a file of `size` bytes with this ETag to send.

    An invalid header, more than one range, and an `If-Range` with another ETag all mean the whole
    file: the client then starts over instead of joining parts of two versions.

    Raises:
        UnsatisfiableError: the range starts beyond the end of the file.
    """
    everything = ByteRange(0, size, is_complete=True)
    match = _RANGE.fullmatch(header or "")
    if match is None or (if_range is not None and if_range.strip() != etag):
        return everything
    first, last = match.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return everything
    elif last:
        start, stop = max(size - int(last), 0), size
    else:
        return everything
    if start >= size or stop <= start:
        raise UnsatisfiableError
    return ByteRange(start, stop, is_complete=False)
