"""Multipart uploads streamed to disk: counted, hashed and refused while they arrive.

Memory use is constant: the body goes through the parser batch by batch into a file in the
storage's incoming folder. That file is deleted when the upload's context ends, unless the storage
has taken it over.
"""

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from streaming_form_data import StreamingFormDataParser
from streaming_form_data.parser import ParseFailedException, UnexpectedPartException
from streaming_form_data.targets import BaseTarget, ValueTarget
from streaming_form_data.validators import MaxSizeValidator, ValidationError

from backend.core.errors import (
    BadRequestError,
    FileTooLargeError,
    InvalidInputError,
    StorageFullError,
    StorageUnreachableError,
    UploadTimeoutError,
)
from backend.core.settings import Settings
from backend.storage.private_files import (
    DISK_FULL,
    STORAGE_FULL,
    STORAGE_UNREACHABLE,
    private_folder,
)

FILE_FIELD = "file"
CROP_FIELD = "crop"
PROBE_FIELD = "probe"

_BATCH_BYTES = 256 * 1024
_MAX_OVERHEAD_BYTES = 64 * 1024
_MAX_FIELD_BYTES = 1024
_CHECK_DISK_EVERY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A complete upload: the file at `path`, its size and SHA-256, and the text of the fields."""

    path: Path
    bytes: int
    sha256: str
    crop: str | None
    probe: str | None


@asynccontextmanager
async def receive_upload(
    headers: Mapping[str, str], body: AsyncIterable[bytes], settings: Settings
) -> AsyncIterator[Upload]:
    """Receive one multipart body with one file; nothing stays behind when the context ends.

    Raises:
        FileTooLargeError, StorageFullError: as soon as this is known, even amid the body.
        BadRequestError, InvalidInputError: not multipart, incomplete, no file, several files.
        UploadTimeoutError: no data for `upload_idle_s`.
    """
    _check_announced(headers, settings)
    with private_folder(settings.incoming_dir) as folder:
        form = _Form(headers, folder / "recording", settings)
        try:
            async for batch in _batches(body, settings.upload_idle_s):
                await asyncio.to_thread(form.feed, batch)
        finally:
            form.close()
        yield form.upload()


class _Form:
    """The parser with its three fields, and the limits that apply while it is fed."""

    def __init__(self, headers: Mapping[str, str], path: Path, settings: Settings) -> None:
        self._path = path
        self._file = _FileTarget(path, settings)
        self._texts = {
            name: ValueTarget(validator=MaxSizeValidator(_MAX_FIELD_BYTES))
            for name in (CROP_FIELD, PROBE_FIELD)
        }
        self._received = 0
        try:
            self._parser = StreamingFormDataParser(headers=headers, strict=True)
        except ParseFailedException as error:
            raise BadRequestError(
                "Send the recording as multipart/form-data with a boundary."
            ) from error
        self._parser.register(FILE_FIELD, self._file)
        for name, target in self._texts.items():
            self._parser.register(name, target)

    def feed(self, batch: bytes) -> None:
        """Parse, hash and write one batch. Runs in a thread."""
        self._received += len(batch)
        try:
            self._parser.data_received(batch)
        except UnexpectedPartException as error:
            raise InvalidInputError(
                f"Unknown field {str(error.part_name)[:50]!r}: send the recording as "
                f"{FILE_FIELD!r} and, optionally, {CROP_FIELD!r} and {PROBE_FIELD!r}.",
                code="missing_file" if not self._file.started else None,
            ) from error
        except UnicodeDecodeError as error:
            raise BadRequestError(
                "The multipart body holds a name that is not UTF-8. Rename the file."
            ) from error
        except ParseFailedException as error:
            raise BadRequestError("The multipart body cannot be read.") from error
        except ValidationError as error:
            raise InvalidInputError(
                f"A field besides {FILE_FIELD!r} is longer than {_MAX_FIELD_BYTES} bytes."
            ) from error
        if self._received - self._file.bytes > _MAX_OVERHEAD_BYTES + _BATCH_BYTES:
            raise BadRequestError("The multipart body holds too much besides the file.")

    def close(self) -> None:
        """Close the file, whatever happened."""
        self._file.close()

    def upload(self) -> Upload:
        """The upload, once it is known to be complete and not empty."""
        if not self._file.started:
            if self._received and not any(each.value for each in self._texts.values()):
                raise BadRequestError("The multipart body has no readable part.")
            raise InvalidInputError(
                f"The recording is missing: send it as {FILE_FIELD!r}.", code="missing_file"
            )
        if not self._file.finished:
            raise BadRequestError("The upload was cut short. Please try again.")
        if self._file.bytes == 0:
            raise InvalidInputError(
                "The file is empty: choose the recording again.", code="empty_file"
            )
        return Upload(
            self._path,
            self._file.bytes,
            self._file.sha256,
            crop=self._text(CROP_FIELD),
            probe=self._text(PROBE_FIELD),
        )

    def _text(self, name: str) -> str | None:
        content: bytes = self._texts[name].value
        try:
            return content.decode() or None
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"The field {name!r} is not UTF-8 text.") from error


class _FileTarget(BaseTarget):  # type: ignore[misc]  # the library has no types
    """Writes, counts and hashes the file; refuses a second one and too many bytes."""

    def __init__(self, path: Path, settings: Settings) -> None:
        super().__init__()
        self._path = path
        self._settings = settings
        self._hash = hashlib.sha256()
        self._open: BinaryIO | None = None
        self._next_disk_check = 0
        self.bytes = 0
        self.started = False
        self.finished = False

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def on_start(self) -> None:
        if self.started:
            raise InvalidInputError("Send one file per request; several were received.")
        self.started = True
        with disk_errors():
            self._open = self._path.open("wb")

    def on_data_received(self, chunk: bytes) -> None:
        self.bytes += len(chunk)
        limit = self._settings.max_upload_bytes
        if self.bytes > limit:
            raise too_large(limit, self.bytes)
        if self.bytes > self._next_disk_check:
            self._next_disk_check = self.bytes + _CHECK_DISK_EVERY_BYTES
            check_room(self._settings)
        self._hash.update(chunk)
        if self._open is None:
            raise RuntimeError("the parser sent data before the part's start")
        with disk_errors():
            self._open.write(chunk)

    def on_finish(self) -> None:
        self.close()
        self.finished = True

    def close(self) -> None:
        if self._open is not None:
            with disk_errors():
                self._open.close()
            self._open = None


def check_room(settings: Settings, announced_bytes: int = 0) -> None:
    """Refuse an upload if the disk is nearly full.

    Raises:
        StorageFullError: less than `min_free_bytes` are free, or would be with what is announced.
    """
    with disk_errors():
        free = shutil.disk_usage(settings.incoming_dir).free
    if free - announced_bytes < settings.min_free_bytes:
        raise StorageFullError(STORAGE_FULL)


def check_storage_room(settings: Settings, announced_bytes: int) -> None:
    """As `check_room`, for files bound for the storage: with a bucket they leave this disk soon.

    Raises:
        StorageFullError
    """
    check_room(settings, announced_bytes if settings.stores_on_disk else 0)


def too_large(limit: int, received_bytes: int) -> FileTooLargeError:
    """The error for a file over the limit; both sizes in bytes."""
    return FileTooLargeError(
        f"The file is larger than {limit / 1e6:g} MB. Trim the video or export it smaller.",
        limit=limit,
        received=received_bytes,
    )


def _check_announced(headers: Mapping[str, str], settings: Settings) -> None:
    announced = headers.get("content-length", "")
    if announced.isdigit():
        limit = settings.max_upload_bytes + _MAX_OVERHEAD_BYTES
        if int(announced) > limit:
            raise too_large(settings.max_upload_bytes, int(announced))


async def _batches(body: AsyncIterable[bytes], idle_s: float) -> AsyncIterator[bytes]:
    """The body in batches of about 256 KiB: fewer thread switches at constant memory."""
    batch = bytearray()
    chunks = aiter(body)
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise UploadTimeoutError(
                f"No data arrived for {idle_s:g} seconds. Please send the file again."
            ) from error
        if chunk is None:
            break
        batch += chunk
        if len(batch) >= _BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn errors of the disk into StorageFullError and StorageUnreachableError."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StorageFullError(STORAGE_FULL) from error
        raise StorageUnreachableError(STORAGE_UNREACHABLE) from error
