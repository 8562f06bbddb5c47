"""Stored recordings, opened from bytes that are those which were uploaded."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from models.media import sampling
from worker import process

log = structlog.get_logger(__name__)


class DamagedError(Exception):
    """The stored bytes are not those that were uploaded."""


@contextmanager
def recording(key: str, sha256: str | None) -> Iterator[tuple[Path, sampling.Recording]]:
    """The file under this key and the recording in it, while the context lasts.

    Args:
        key: where it lies in the storage.
        sha256: what its bytes must hash to; None for one that this service wrote itself.

    Raises:
        MissingObjectError: there are no bytes.
        DamagedError: they are others.
        MediaError: see `models.media.sources.open_source`.
    """
    with verified(key, sha256) as path:
        yield path, sampling.Recording.open(path)


@contextmanager
def verified(key: str, sha256: str | None) -> Iterator[Path]:
    """The file under this key alone, while the context lasts.

    Raises:
        MissingObjectError, DamagedError: as `recording`.
    """
    with process.current().storage.local(key) as path:
        if sha256 is not None and sha256_of(path) != sha256:
            log.error("stored_bytes_changed", key=key)
            raise DamagedError
        yield path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
