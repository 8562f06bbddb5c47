"""Object storage: the interface of every backend, and what the backends share."""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog
from sqlalchemy.orm import Session

from backend.core.errors import PocovidError, StorageFullError, StorageUnreachableError
from backend.storage.private_files import DISK_FULL, STORAGE_FULL, STORAGE_UNREACHABLE

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9.-]+)+")


class MissingObjectError(Exception):
    """There are no bytes under this key."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing."""

    key: str
    bytes: int
    modified_at: datetime


class Storage(Protocol):
    """Stores recordings, frames and other files.

    Every method may raise StorageUnreachableError; those that write may raise StorageFullError. A
    key is a path of lower-case letters, digits, dots and dashes, such as `frames/<id>/0.jpg`.
    """

    def put(self, key: str, source: Path) -> None:
        """Move the file at `source` to `key`, completely or not at all."""

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store `content` under `key`, completely or not at all."""

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """A stream of the bytes under `key` from `start` on. Raises MissingObjectError."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the bytes, for as long as the context. Raises MissingObjectError."""

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""

    def size(self, key: str) -> int:
        """The number of bytes under `key`. Raises MissingObjectError."""

    def delete(self, key: str) -> None:
        """Delete the bytes under `key`, if there are any."""

    def delete_folder(self, folder: str) -> None:
        """Delete everything below `folder` (`frames/<id>`), if there is anything."""

    def listing(self, folder: str) -> Iterator[StoredObject]:
        """All objects below `folder` (`recordings`, `previews`, …; "" for all), in no order."""

    def check(self) -> None:
        """Return if bytes can be stored and read."""

    def free_bytes(self) -> int | None:
        """Free space where uploads are written, in bytes."""


def delete_after_commit(session: Session, *keys: str | None, folders: Iterable[str] = ()) -> None:
    """Delete bytes once the transaction is committed (see `delete_remembered`).

    A transaction that waits for the storage would block others; on SQLite, every writer.
    """
    remembered = session.info.setdefault("deletions", [])
    remembered += [(Storage.delete, key) for key in keys if key is not None]
    remembered += [(Storage.delete_folder, folder) for folder in folders]


def delete_remembered(session: Session, storage: Storage) -> None:
    """Delete the bytes registered by `delete_after_commit`. Call it right after the commit.

    What cannot be deleted now is left to maintenance, which deletes bytes without a row.
    """
    for method, key in session.info.pop("deletions", ()):
        try:
            getattr(storage, method.__name__)(key)
        except PocovidError:
            log.warning("bytes_not_deleted", key=key, exc_info=True)


def check_key(key: str) -> str:
    """Return the key. Raises ValueError if it is invalid."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"invalid storage key: {key!r}")
    return key


@contextmanager
def os_errors() -> Iterator[None]:
    """Turn OSError into StorageFullError or StorageUnreachableError, except FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StorageFullError(STORAGE_FULL) from error
        raise StorageUnreachableError(STORAGE_UNREACHABLE) from error
