"""HTTP ranges (RFC 9110, section 14): which part of a file a request asks for."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `start` up to and without `stop`; `whole` where that is all of them."""

    start: int
    stop: int
    whole: bool


class UnsatisfiableError(Exception):
    """The range begins behind the end."""


def asked_for(wanted: str | None, if_range: str | None, etag: str, size: int) -> Part:
    """What to send of a file of `size` bytes with this ETag.

    A header that cannot be read, more than one range, or an `If-Range` that names another state
    of the file, all mean the whole file: the client then starts anew instead of joining parts of
    two files.

    Raises:
        UnsatisfiableError: the range lies behind the end.
    """
    everything = Part(0, size, whole=True)
    match = _RANGE.fullmatch(wanted or "")
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
    return Part(start, stop, whole=False)
