"""Bytes by key: what every storage can do, and what all of them share."""

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
from backend.storage.private_files import FULL, NO_ROOM, NOT_USABLE

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9.-]+)+")


class MissingObjectError(Exception):
    """There are no bytes under this key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a listing says about one object."""

    key: str
    bytes: int
    modified_at: datetime


class Storage(Protocol):
    """Where recordings and frames lie.

    Every method may raise StorageUnreachableError, and those that write StorageFullError. A key
    is a path of lower-case letters, digits, dots and dashes, such as `frames/<id>/0.jpg`.
    """

    def put(self, key: str, source: Path) -> None:
        """Take the file at `source` under `key`: whole or not at all. The file is consumed."""

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store `content` under `key`: whole or not at all."""

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """The bytes under `key` from `start` on, to read and close. Raises MissingObjectError."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path that holds the bytes while the context lasts. Raises MissingObjectError."""

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""

    def size(self, key: str) -> int:
        """How many bytes there are under `key`. Raises MissingObjectError."""

    def delete(self, key: str) -> None:
        """Remove the bytes under `key`; having none is fine."""

    def delete_folder(self, folder: str) -> None:
        """Remove everything below `folder` (`frames/<id>`); having nothing is fine."""

    def listing(self, folder: str) -> Iterator[Stored]:
        """Everything below `folder` (`recordings`, `previews`, `frames`; "" is all of it), in no
        order."""

    def check(self) -> None:
        """Return when bytes can be stored and read."""

    def free_bytes(self) -> int | None:
        """Room that is left where uploads are written."""


def delete_after_commit(session: Session, *keys: str | None, folders: Iterable[str] = ()) -> None:
    """Remember bytes to delete once the transaction is committed (see `delete_remembered`).

    A transaction that waits for the storage keeps others waiting, on SQLite all that write.
    """
    remembered = session.info.setdefault("deletions", [])
    remembered += [(Storage.delete, key) for key in keys if key is not None]
    remembered += [(Storage.delete_folder, folder) for folder in folders]


def delete_remembered(session: Session, storage: Storage) -> None:
    """Delete what the session's transaction leaves without a row. Called right after its commit.

    What cannot be deleted now is left to maintenance, which finds bytes without a row.
    """
    for method, key in session.info.pop("deletions", ()):
        try:
            getattr(storage, method.__name__)(key)
        except PocovidError:
            log.warning("bytes_not_deleted", key=key, exc_info=True)


def checked(key: str) -> str:
    """The key itself. Raises ValueError where it is none."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"not a storage key: {key!r}")
    return key


@contextmanager
def os_errors() -> Iterator[None]:
    """Turn what the system says of a disk into errors of ours, but for a file that is not there."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in FULL:
            raise StorageFullError(NO_ROOM) from error
        raise StorageUnreachableError(NOT_USABLE) from error
