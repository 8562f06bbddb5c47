"""Bounds on what reading a DICOM header may cost, whatever the file says of itself."""

import logging
import tempfile
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pydicom.config

from models.media import limits
from models.media.formats import MediaError, truncated

# What pydicom says of a value that breaks a rule quotes the value, which may be a patient's name.
logging.getLogger("pydicom").disabled = True  # noqa: TID251  # the library's own logger
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

_CHUNK = 1 << 20
_TAG = 8
"""Bytes of a tag and a short length: fewer at the end of a file are its normal end."""

_QUIET = threading.RLock()


class BoundedReader:
    """A file for pydicom to parse, which refuses to be read more than a header may need.

    Bounded are the sum of all bytes read and the number of reads (`LIMITS.header_bytes`,
    `LIMITS.header_reads`), and so time and memory, however the elements are nested.

    Raises:
        MediaError: `unreadable_file` beyond a bound, `truncated_file` where a value is longer
            than the rest of the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        file.seek(0)
        self._bytes = limits.LIMITS.header_bytes
        self._reads = limits.LIMITS.header_reads

    def read(self, count: int = -1) -> bytes:
        """The next bytes; fewer than `count` at the end, where `count` is that of a tag."""
        remaining = self.size - self._file.tell()
        if count < 0:
            count = remaining
        self._reads -= 1
        self._bytes -= min(count, max(remaining, 0))
        if self._reads < 0 or self._bytes < 0:
            raise MediaError(
                "unreadable_file",
                "The header of this DICOM file is larger than that of any ultrasound picture. "
                "Export it again, or export the picture as PNG or the clip as MP4.",
            )
        if count > _TAG and count > remaining:
            raise truncated()
        return self._file.read(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, which costs nothing."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The position in bytes from the start."""
        return self._file.tell()


@contextmanager
def quiet() -> Iterator[None]:
    """Read elements of a DICOM data set without pydicom's warnings, which quote their values.

    pydicom converts an element when it is first looked at, so any look belongs in here. One thread
    at a time, because Python's list of warning filters belongs to the whole process.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def inflated(file: BinaryIO) -> BinaryIO:
    """The rest of a deflated file, inflated into an anonymous temporary file.

    Raises:
        MediaError: `unreadable_file` beyond `LIMITS.inflated_bytes` or where it is not deflated,
            `truncated_file`.
    """
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    content: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    try:
        size, waiting = 0, b""
        while not inflate.eof:
            waiting = inflate.unconsumed_tail or file.read(_CHUNK)
            if not waiting:
                raise truncated()
            size += content.write(inflate.decompress(waiting, _CHUNK))
            if size > limits.LIMITS.inflated_bytes:
                raise MediaError(
                    "unreadable_file",
                    f"This deflated DICOM file unpacks to more than "
                    f"{limits.LIMITS.inflated_bytes >> 20} MiB. Export it without deflation.",
                )
    except BaseException as error:
        content.close()
        if isinstance(error, zlib.error):
            raise unreadable() from error
        raise
    content.seek(0)
    return content


def unreadable() -> MediaError:
    """The error for a header that is no DICOM, or is damaged."""
    return MediaError(
        "unreadable_file",
        "The header of this DICOM file cannot be read: it may be damaged. Export it again, or "
        "export the picture as PNG or the clip as MP4.",
    )
