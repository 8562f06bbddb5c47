"""A multipart/related body, streamed to disk a part at a time (RFC 2387, PS3.18, section 8.6.1.2).

Memory use is constant, and the disk holds one part: whoever reads the parts has it moved or
deleted before the next one begins.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from backend.core.errors import (
    BadRequestError,
    FileTooLargeError,
    InvalidInputError,
    UnsupportedTypeError,
    UploadTimeoutError,
)
from backend.http.multipart import disk_errors

DICOM = "application/dicom"
MOST_PARTS = 1000
"""Instances of one request."""

_LONGEST_HEADER = 4096
_LONGEST_BOUNDARY = 70  # RFC 2046, section 5.1.1


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart/related body of DICOM instances.

    Raises:
        UnsupportedTypeError: it is of another type.
        BadRequestError: it names no valid boundary.
    """
    header = Message()
    header["Content-Type"] = content_type[:_LONGEST_HEADER]
    root = str(header.get_param("type", DICOM))
    if header.get_content_type() != "multipart/related" or root.lower() != DICOM:
        raise UnsupportedTypeError(
            f'Send multipart/related; type="{DICOM}" with an instance in each part.'
        )
    boundary = str(header.get_param("boundary", ""))
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
        raise BadRequestError("The Content-Type of the body names no valid boundary.")
    return boundary.encode()


@dataclass(eq=False)
class _Parts:
    """The parser's callbacks: they write one part at a time to `folder`, and note those that end.

    A chunk may hold the ends of several parts, so each has a file of its own.
    """

    folder: Path
    most_bytes: int
    ended: deque[Path] = field(default_factory=deque)
    complete: bool = False
    begun: int = 0
    size: int = 0
    _file: BinaryIO | None = None
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self.begun, self.size = self.begun + 1, 0
        if self.begun > MOST_PARTS:
            raise InvalidInputError(f"Send at most {MOST_PARTS} instances in one request.")
        with disk_errors():
            self._file = (self.folder / f"{self.begun}.dcm").open("wb")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check_header()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._name) + len(self._value) > _LONGEST_HEADER:
            raise BadRequestError("A part's header is too long.")

    def _header_end(self) -> None:
        name, value = bytes(self._name).lower(), bytes(self._value).lower()
        self._name.clear()
        self._value.clear()
        kind = value.partition(b";")[0].strip()
        if name == b"content-type" and kind != DICOM.encode():
            raise UnsupportedTypeError(f"Every part must be {DICOM}.")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.size += end - start
        if self.size > self.most_bytes:
            raise FileTooLargeError(
                f"An instance is larger than {self.most_bytes / 1e6:g} MB.",
                limit=self.most_bytes,
            )
        assert self._file is not None  # noqa: S101  # a part begins before its data
        with disk_errors():
            self._file.write(data[start:end])

    def _end(self) -> None:
        with disk_errors():
            self.close()
        self.ended.append(self.folder / f"{self.begun}.dcm")

    def _finish(self) -> None:
        self.complete = True


async def parts(
    body: AsyncIterable[bytes], content_type: str, folder: Path, most_bytes: int, idle_s: float
) -> AsyncIterator[Path]:
    """The parts of a body, each as a file in `folder`, as they are complete.

    Args:
        body: its chunks.
        content_type: of the request, with the boundary.
        folder: where the files are written; the caller deletes it.
        most_bytes: of one part.
        idle_s: seconds without data after which the sender is given up.

    Raises:
        UnsupportedTypeError, BadRequestError, InvalidInputError: not multipart/related of DICOM,
            malformed, cut short, empty, or too many parts.
        FileTooLargeError, StorageFullError, StorageUnreachableError: as soon as it is known.
        UploadTimeoutError: no data for `idle_s`.
    """
    found = _Parts(folder, most_bytes)
    boundary = boundary_of(content_type)
    try:
        parser = MultipartParser(boundary, found.callbacks())  # type: ignore[arg-type]  # names
        async for chunk in _chunks(body, idle_s):
            await asyncio.to_thread(parser.write, chunk)
            while found.ended:
                yield found.ended.popleft()
    except MultipartParseError as error:
        raise BadRequestError("The multipart body cannot be read.") from error
    finally:
        found.close()
    if not found.begun:
        raise BadRequestError("The multipart body holds no instance.")
    if not found.complete:
        raise BadRequestError("The body was cut short. Please send it again.")


async def _chunks(body: AsyncIterable[bytes], idle_s: float) -> AsyncIterator[bytes]:
    iterator = aiter(body)
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(iterator, None)
        except TimeoutError as error:
            raise UploadTimeoutError(
                f"No data arrived for {idle_s:g} seconds. Please send it again."
            ) from error
        if chunk is None:
            return
        if chunk:
            yield chunk
