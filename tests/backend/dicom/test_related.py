"""A multipart/related body, however it is cut and whatever is wrong with it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.core.errors import (
    BadRequestError,
    FileTooLargeError,
    InvalidInputError,
    PocovidError,
    UnsupportedTypeError,
    UploadTimeoutError,
)
from backend.dicom import related

TYPE = 'multipart/related; type="application/dicom"; boundary=xyz'
PART = b"--xyz\r\nContent-Type: application/dicom\r\n\r\n%s\r\n"
END = b"--xyz--\r\n"
BODY = PART % b"one" + PART % b"" + PART % b"\r\n--xy\r\n" + END


def read(
    tmp_path: Path,
    body: bytes = BODY,
    content_type: str = TYPE,
    size: int = 7,
    most_bytes: int = 100,
) -> list[bytes]:
    """The parts of a body that comes in chunks of `size` bytes."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    async def collect() -> list[bytes]:
        found = []
        async for path in related.parts(chunks(), content_type, tmp_path, most_bytes, 5):
            found.append(path.read_bytes())
            path.unlink()
        return found

    return asyncio.run(collect())


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_parts_are_the_same_however_the_body_is_cut(size: int, tmp_path: Path) -> None:
    assert read(tmp_path, size=size) == [b"one", b"", b"\r\n--xy\r\n"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (BODY, "multipart/form-data; boundary=xyz", UnsupportedTypeError),
        (BODY, TYPE.replace("application/dicom", "application/dicom+json"), UnsupportedTypeError),
        (BODY, "", UnsupportedTypeError),
        (BODY, "multipart/related; type=application/dicom", BadRequestError),
        (BODY, TYPE + "x" * 100, BadRequestError),
        (BODY.replace(b"n/dicom", b"n/pdf"), TYPE, UnsupportedTypeError),
        (b"", TYPE, BadRequestError),
        (END, TYPE, BadRequestError),
        (b"nothing of the sort", TYPE, BadRequestError),
        (BODY[:60], TYPE, BadRequestError),
        (PART % b"one", TYPE, BadRequestError),
        (b"--xyz\r\nX: " + b"y" * 5000 + b"\r\n\r\n" + END, TYPE, BadRequestError),
        (PART % (b"z" * 101) + END, TYPE, FileTooLargeError),
        (PART % b"" * (related.MOST_PARTS + 1) + END, TYPE, InvalidInputError),
    ],
)
def test_what_is_no_such_body_is_refused(
    body: bytes, content_type: str, error: type[PocovidError], tmp_path: Path
) -> None:
    with pytest.raises(error):
        read(tmp_path, body, content_type, size=4096)


def test_a_sender_that_stops_is_given_up(tmp_path: Path) -> None:
    async def stops() -> AsyncIterator[bytes]:
        yield BODY[:50]
        await asyncio.sleep(30)

    async def collect() -> None:
        async for _ in related.parts(stops(), TYPE, tmp_path, 100, 0.05):
            raise AssertionError("no part is complete")

    with pytest.raises(UploadTimeoutError):
        asyncio.run(collect())
