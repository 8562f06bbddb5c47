"""Where unfinished uploads lie, for the tus library: bytes in a file, everything else in a row.

The file's length is the offset, so that an API process killed in the middle of a piece loses
nothing and repeats nothing. One writer at a time holds the file's lock, which every process that
shares the data folder sees. Pieces go to the disk as they come: memory stays flat.
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import HTTPException
from sqlalchemy.orm import Session
from tuspyserver.storage import TusStorage

from backend.arrivals import repository, service
from backend.errors import ConflictError, PocovidError, UnavailableError
from backend.services import Services
from backend.storage import arrival_key
from backend.tables.vocabulary import ArrivalState
from backend.uploads import check_room, disk_errors

_BATCH_BYTES = 256 * 1024
_LOOK_AT_DISK_EVERY_BYTES = 16 * 1024 * 1024
_LOCK_WAIT_S = 5.0
_LOCK_POLL_S = 0.05

Transaction = Callable[[Services], AbstractContextManager[Session]]


@dataclass
class _Writer:
    """The file that a request holds the lock of, and what is not written to it yet."""

    descriptor: int
    pending: bytearray = field(default_factory=bytearray)
    written: int = 0
    look_at: int = 0


class ArrivalStore(TusStorage):
    """The library's storage, on `settings.uploads_dir` and the table of arrivals.

    Rows are made before the library is asked (`service.begin`), so it only reads them here.
    """

    def __init__(self, services: Callable[[], Services], transaction: Transaction) -> None:
        self._services = services
        self._transaction = transaction
        self._writers: dict[str, _Writer] = {}

    def location(self, uid: str) -> str:
        """The path of the file while it is unfinished."""
        return str(self._path(uid))

    def _path(self, uid: str) -> Path:
        return self._services().settings.uploads_dir / str(UUID(uid))

    # bytes

    async def create(self, uid: str) -> None:
        """Nothing: `service.begin` made the file."""

    async def exists(self, uid: str) -> bool:
        """Whether there is a row."""
        return await self.read_info(uid) is not None

    async def size(self, uid: str) -> int:
        """Bytes that are here."""
        return await asyncio.to_thread(_length, self._path(uid))

    async def append(self, uid: str, chunk: bytes) -> None:
        """Take a piece of the body, and write when there is enough."""
        writer = self._writers[uid]
        writer.pending += chunk
        if len(writer.pending) >= _BATCH_BYTES:
            await self._write(writer)

    async def flush(self, uid: str) -> None:
        """Write the rest, and have it on the disk before its offset is told to anybody."""
        writer = self._writers[uid]
        await self._write(writer)
        if writer.written:
            await asyncio.to_thread(os.fsync, writer.descriptor)
            await asyncio.to_thread(self._note, uid)

    async def _write(self, writer: _Writer) -> None:
        if not writer.pending:
            return
        batch, writer.pending = bytes(writer.pending), bytearray()
        try:
            await asyncio.to_thread(self._write_batch, writer, batch)
        except PocovidError as error:
            # the library lets these through, and takes any other for a client that went away
            raise HTTPException(error.status) from error

    def _write_batch(self, writer: _Writer, batch: bytes) -> None:
        if writer.written >= writer.look_at:
            check_room(self._services().settings)
            writer.look_at = writer.written + _LOOK_AT_DISK_EVERY_BYTES
        with disk_errors():
            rest = memoryview(batch)
            while rest:
                done = os.write(writer.descriptor, rest)
                rest = rest[done:]
                writer.written += done

    def _note(self, uid: str) -> None:
        received = _length(self._path(uid))
        with self._transaction(self._services()) as session:
            repository.note_received(session, UUID(uid), received)

    async def finalize(self, uid: str) -> None:
        """Nothing: `service.complete` follows."""

    async def read(self, uid: str) -> bytes | None:
        """The library never asks for a whole file, and must not."""
        raise NotImplementedError(uid)

    async def delete(self, uid: str) -> None:
        """Forget the upload."""
        await asyncio.to_thread(self._drop, uid)

    def _drop(self, uid: str) -> None:
        services = self._services()
        with self._transaction(services) as session:
            service.drop(session, services.settings, services.storage, UUID(uid))

    # what is known of it

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        """The row, as the library's parameters."""
        return await asyncio.to_thread(self._read_info, uid)

    def _read_info(self, uid: str) -> dict[str, Any] | None:
        with self._services().database.read() as session:
            arrival = repository.get(session, UUID(uid))
        if arrival is None:
            return None
        receiving = arrival.state == ArrivalState.RECEIVING.value
        offset = arrival.bytes
        if receiving and (path := self._path(uid)).exists():
            offset = _length(path)
        elif receiving and not self._services().storage.exists(arrival_key(arrival.id)):
            return None  # the folder is another one, or was emptied: the sender starts again
        return {
            "metadata": {"filename": arrival.file_name, "filetype": "application/octet-stream"},
            "size": arrival.bytes,
            "offset": offset,
            "created_at": arrival.created_at.isoformat(),
            # what is whole does not expire
            "expires": format_datetime(arrival.expires_at, usegmt=True) if receiving else None,
        }

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Nothing: the row was there first, and the file knows its length."""

    async def list_uids(self) -> list[str]:
        """The library never asks; upkeep looks into the table."""
        raise NotImplementedError

    @asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]  # as meant
        """Hold the file for one request, in this and in every other process.

        Raises:
            HTTPException: 503, somebody else is writing to it; 409, it is whole.
        """
        descriptor = await self._locked(self._path(uid))
        self._writers[uid] = _Writer(descriptor)
        try:
            yield
        finally:
            del self._writers[uid]
            await asyncio.to_thread(os.close, descriptor)

    async def _locked(self, path: Path) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = await asyncio.to_thread(os.open, path, flags)
        except FileNotFoundError:
            raise HTTPException(409) from ConflictError("This upload is complete.")
        waited = 0.0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
            else:
                return descriptor
            if waited >= _LOCK_WAIT_S:
                os.close(descriptor)
                raise HTTPException(503) from UnavailableError(
                    "Another connection is still sending this file. Please go on in a moment.",
                    retry_after_s=5,
                )
            await asyncio.sleep(_LOCK_POLL_S)
            waited += _LOCK_POLL_S


def _length(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
