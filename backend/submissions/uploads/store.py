"""The tus library's store of unfinished uploads: pieces in the storage, everything else in rows.

No local file matters to another process: a piece is written to a temporary file, put into the
storage, and recorded with the new offset in one transaction. So any API process can continue after
the last piece, and a killed one loses at most its current piece, which the client sends again. If
two connections send the same file, on one host or two, every piece is taken from whichever is
first; the other gets an error and asks for the offset. Memory use is constant.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import structlog
from fastapi import HTTPException
from sqlalchemy.orm import Session
from tuspyserver.storage import TusStorage

from backend.core.errors import ConflictError, PocovidError, UnavailableError
from backend.http.multipart import check_room, disk_errors
from backend.http.services import Services
from backend.storage.base import MissingObjectError
from backend.storage.keys import piece_key
from backend.storage.private_files import private_folder
from backend.submissions.uploads import repository, service
from backend.tables import UploadPiece
from backend.tables.vocabulary import UploadState

PIECE_BYTES = 16 * 1024 * 1024
"""Size at which a piece goes to the storage."""

SMALL_BYTES = 4 * 1024 * 1024
"""A smaller last piece is extended instead, so that a file never has thousands of pieces."""

_BATCH_BYTES = 256 * 1024
_LOCK_WAIT_S = 5.0

log = structlog.get_logger(__name__)

Transaction = Callable[[Services], AbstractContextManager[Session]]


@dataclass
class _Writer:
    """One request that uploads: its current piece, and bytes not written to it yet.

    `at` is the offset up to which everything is in the storage. The piece begins at `start`; its
    first `stored` bytes are in the storage already, under `key`.
    """

    path: Path
    at: int
    start: int = 0
    stored: int = 0
    key: str | None = None
    written: int = 0
    is_open: bool = False
    pending: bytearray = field(default_factory=bytearray)


class UploadStore(TusStorage):
    """The library's storage, on ours and the tables of uploads and their pieces.

    Rows are created before the library is called (`service.begin`); here they are only read.
    """

    def __init__(self, services: Callable[[], Services], transaction: Transaction) -> None:
        self._services = services
        self._transaction = transaction
        self._writers: dict[str, _Writer] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def location(self, uid: str) -> str:
        """An identifier that the library only passes on."""
        return uid

    # bytes

    async def create(self, uid: str) -> None:
        """Do nothing: `service.begin` created the row."""

    async def exists(self, uid: str) -> bool:
        """Whether there is a row."""
        return await self.read_info(uid) is not None

    async def size(self, uid: str) -> int:
        """Bytes received so far."""
        info = await self.read_info(uid)
        return 0 if info is None else int(info["offset"])

    async def append(self, uid: str, chunk: bytes) -> None:
        """Buffer a chunk of the body, and write once there is enough."""
        writer = self._writers[uid]
        writer.pending += chunk
        if len(writer.pending) >= _BATCH_BYTES:
            await self._write(uid, writer)

    async def flush(self, uid: str) -> None:
        """Write the rest to the storage, before the new offset is reported."""
        writer = self._writers[uid]
        await self._write(uid, writer, is_last=True)

    async def _write(self, uid: str, writer: _Writer, *, is_last: bool = False) -> None:
        batch, writer.pending = bytes(writer.pending), bytearray()
        try:
            await asyncio.to_thread(self._write_batch, UUID(uid), writer, batch, is_last)
        except PocovidError as error:
            # the library passes these on, and treats any other as a disconnected client
            raise HTTPException(error.status) from error

    def _write_batch(self, uid: UUID, writer: _Writer, batch: bytes, is_last: bool) -> None:
        if batch:
            if not writer.is_open:
                self._begin_piece(uid, writer)
            with disk_errors(), writer.path.open("ab") as file:
                file.write(batch)
            writer.written += len(batch)
        if writer.written >= PIECE_BYTES or (is_last and writer.written > writer.stored):
            self._store_piece(uid, writer)

    def _begin_piece(self, uid: UUID, writer: _Writer) -> None:
        """Begin a piece, starting with the bytes of the last one if that is small."""
        services = self._services()
        check_room(services.settings)
        with services.database.read() as session:
            last = repository.last_piece(session, uid)
        if writer.at != (0 if last is None else last.start + last.bytes):
            raise _moved_on()
        writer.start, writer.key, writer.stored, writer.written = writer.at, None, 0, 0
        with disk_errors():
            writer.path.write_bytes(b"")
        if last is not None and last.bytes < SMALL_BYTES:
            try:
                with (
                    closing(services.storage.open(last.key)) as source,
                    disk_errors(),
                    writer.path.open("wb") as file,
                ):
                    shutil.copyfileobj(source, file)
            except MissingObjectError as error:  # it has just been deleted or extended
                raise _moved_on() from error
            writer.start, writer.stored, writer.key = last.start, last.bytes, last.key
            writer.written = last.bytes
        writer.is_open = True

    def _store_piece(self, uid: UUID, writer: _Writer) -> None:
        """Put the piece into the storage and record it, or leave nothing behind."""
        services = self._services()
        key = piece_key(uid, writer.start)
        try:
            services.storage.put(key, writer.path)
            with self._transaction(services) as session:
                piece = UploadPiece(
                    upload_id=uid, start=writer.start, bytes=writer.written, key=key
                )
                if not service.add_piece(session, piece, writer.at):
                    raise _moved_on()
        except BaseException:
            self._delete(key)
            raise
        writer.at, writer.is_open = writer.start + writer.written, False
        if writer.key is not None:
            self._delete(writer.key)

    def _delete(self, key: str) -> None:
        try:
            self._services().storage.delete(key)
        except PocovidError:
            log.warning("piece_not_deleted", key=key, exc_info=True)  # the sweep deletes it

    async def finalize(self, uid: str) -> None:
        """Do nothing: the last piece has queued the import."""

    async def read(self, uid: str) -> bytes | None:
        """Not supported: the library never reads whole files."""
        raise NotImplementedError(uid)

    async def delete(self, uid: str) -> None:
        """Delete the upload."""
        await asyncio.to_thread(self._drop, UUID(uid))

    def _drop(self, uid: UUID) -> None:
        services = self._services()
        service.delete_bytes(services.storage, uid)
        with self._transaction(services) as session:
            repository.remove(session, uid)
        service.delete_bytes(services.storage, uid)  # of a piece stored in the meantime

    # information

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        """The row in the library's format."""
        return await asyncio.to_thread(self._read_info, uid)

    def _read_info(self, uid: str) -> dict[str, Any] | None:
        with self._services().database.read() as session:
            upload = repository.get(session, UUID(uid))
        if upload is None:
            return None
        receiving = upload.state == UploadState.RECEIVING
        return {
            "metadata": {"filename": upload.file_name, "filetype": "application/octet-stream"},
            "size": upload.bytes,
            "offset": upload.received if receiving else upload.bytes,
            "created_at": upload.created_at.isoformat(),
            # a complete upload does not expire
            "expires": format_datetime(upload.expires_at, usegmt=True) if receiving else None,
        }

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Do nothing: the row exists already, and every piece is recorded with its offset."""

    async def list_uids(self) -> list[str]:
        """The library never asks; maintenance looks into the table."""
        raise NotImplementedError

    @asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]  # as meant
        """Let one request of this process upload a file at a time; rows guard against others.

        Raises:
            HTTPException: 503, another request is still uploading, or the disk is unavailable.
        """
        lock = self._locks.setdefault(uid, asyncio.Lock())  # exists as long as anybody waits
        try:
            async with asyncio.timeout(_LOCK_WAIT_S):
                await lock.acquire()
        except TimeoutError:
            raise HTTPException(503) from UnavailableError(
                "Another connection is still sending this file. Please retry in a moment.",
                retry_after_s=5,
            )
        try:
            with private_folder(self._services().settings.incoming_dir) as folder:
                at = await self.size(uid)  # before the library reads it: what is sent begins here
                self._writers[uid] = _Writer(folder / "piece", at)
                yield
        except PocovidError as error:
            raise HTTPException(error.status) from error
        finally:
            self._writers.pop(uid, None)
            lock.release()


def _moved_on() -> ConflictError:
    return ConflictError(
        "Another connection has sent this part of the file, or it was deleted. Ask for the offset."
    )
