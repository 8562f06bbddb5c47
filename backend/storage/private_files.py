"""Temporary files, in folders that only this user may read.

Every attempt at a job works in a folder of its own with an unguessable name, so that concurrent
attempts never touch each other's files.
"""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.core.errors import StorageFullError, StorageUnreachableError
from backend.core.settings import Settings

PREFIX = "private-"

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a full disk."""

LEFT_BEHIND_AFTER = timedelta(hours=1)
"""Files untouched for this long, or for longer time limits, belong to processes that are gone."""

STORAGE_FULL = "The storage is full. Please try again later."
STORAGE_UNREACHABLE = "The storage is not available. Please try again later."

_OTHERS = 0o007
_ALL_BUT_USER = 0o077


def make_folder(folder: Path) -> None:
    """Create a folder that only this user may enter, or close an existing one to everybody else.

    An existing folder is left as it is if others cannot enter it anyway (its group may have been
    let in on purpose), if it is shared on purpose (sticky, like `/tmp`), or if another user owns
    it.

    Raises:
        OSError: it cannot be created.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS and not mode & stat.S_ISVTX and status.st_uid == os.geteuid():
        folder.chmod(mode & ~_ALL_BUT_USER)


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A new, empty folder below `parent`, deleted when the context ends.

    Raises:
        StorageFullError: the disk is full, now or during the work in the folder.
        StorageUnreachableError: the folder cannot be created.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StorageFullError(STORAGE_FULL) from error
        raise StorageUnreachableError(STORAGE_UNREACHABLE) from error
    try:
        yield folder
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StorageFullError(STORAGE_FULL) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path, before: datetime, pattern: str = "*") -> int:
    """Delete what killed processes left below `parent`; returns how many files and folders.

    Args:
        parent: the folder, which need not exist.
        before: only what was last written to before this time is deleted.
        pattern: names of what may be deleted.
    """
    removed = 0
    for path in parent.glob(pattern):
        with suppress(FileNotFoundError):  # its process or another sweep was faster
            if _last_written(path) < before.timestamp():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                removed += 1
    return removed


def sweep_data_folder(settings: Settings) -> int:
    """Delete what killed processes left in the data folder; returns how many files and folders.

    Every process sweeps its own data folder, since no other host can.
    """
    longest = 2 * max(settings.dataset_time_limit_s, settings.hard_time_limit_s)
    before = datetime.now(UTC) - max(LEFT_BEHIND_AFTER, timedelta(seconds=longest))
    return (
        sweep(settings.incoming_dir, before)
        + sweep(settings.data_dir / "artifacts", before, f"{PREFIX}*")
        # where earlier versions kept incomplete uploads, which start over
        + sweep(settings.incoming_dir.with_name("uploads"), before)
    )


def _last_written(path: Path) -> float:
    """When the file, or anything in the folder, was last written to."""
    last = path.lstat().st_mtime
    if path.is_dir() and not path.is_symlink():
        for child in path.rglob("*"):
            last = max(last, child.lstat().st_mtime)
    return last
