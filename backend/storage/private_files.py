"""Files that one attempt at something makes for itself, in folders that only this user may read.

Two attempts, of two senders or at the same file, never know each other's files: every one works
in a folder of its own, whose name nobody can guess or make again.
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

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a disk that takes no more bytes."""

LEFT_BEHIND_AFTER = timedelta(hours=1)
"""What nobody has written to for so long has lost its process, unless a time limit is longer."""

NO_ROOM = "There is no room for another file. Please try later."
NOT_USABLE = "The storage cannot be used now. Please try later."

_OTHERS = 0o007
_ALL_BUT_USER = 0o077


def make_folder(folder: Path) -> None:
    """Make a folder that only this user may enter; take one that is there from everybody else.

    An existing folder is left as it is where it was closed to others already (its group may have
    been let in on purpose), where it is shared by all on purpose (sticky, as `/tmp`), and where
    it is somebody else's.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS and not mode & stat.S_ISVTX and status.st_uid == os.geteuid():
        folder.chmod(mode & ~_ALL_BUT_USER)


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A new, empty folder below `parent` for this attempt alone, gone when the context ends.

    Raises:
        StorageFullError: the disk is full, now or in the course of the work in the folder.
        StorageUnreachableError: the folder cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    except OSError as error:
        if error.errno in FULL:
            raise StorageFullError(NO_ROOM) from error
        raise StorageUnreachableError(NOT_USABLE) from error
    try:
        yield folder
    except OSError as error:
        if error.errno in FULL:
            raise StorageFullError(NO_ROOM) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path, before: datetime, pattern: str = "*") -> int:
    """Remove what killed processes left below `parent`; how many files and folders that were.

    Args:
        parent: the folder; having none is fine.
        before: what was written to since then, or holds something that was, stays.
        pattern: names of what may go.
    """
    removed = 0
    for path in parent.glob(pattern):
        with suppress(FileNotFoundError):  # whose it was, or another sweep, was faster
            if _last_written(path) < before.timestamp():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                removed += 1
    return removed


def sweep_data_folder(settings: Settings) -> int:
    """Remove what killed processes left in the data folder; how much that was.

    Every process does so in its own: on another host, nobody else can.
    """
    longest = 2 * max(settings.dataset_time_limit_s, settings.hard_time_limit_s)
    before = datetime.now(UTC) - max(LEFT_BEHIND_AFTER, timedelta(seconds=longest))
    return (
        sweep(settings.incoming_dir, before)
        + sweep(settings.data_dir / "artifacts", before, f"{PREFIX}*")
        # where earlier versions kept what was half sent, which is sent again from the start
        + sweep(settings.incoming_dir.with_name("uploads"), before)
    )


def _last_written(path: Path) -> float:
    """When it, or the last of what is in it, was written to."""
    last = path.lstat().st_mtime
    if path.is_dir() and not path.is_symlink():
        for each in path.rglob("*"):
            last = max(last, each.lstat().st_mtime)
    return last
