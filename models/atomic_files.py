"""Atomic writes: a file exists completely or not at all, even with concurrent writers."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STALE_AFTER_S = 24 * 3600.0


@contextmanager
def atomic_replace(target: Path) -> Iterator[Path]:
    """A temporary path that replaces `target` when the context exits without an exception.

    The path has the target's name and lies in a new temporary folder beside it. Of concurrent
    writers the last one wins. Temporary folders left by killed processes are removed after a day.

    Args:
        target: a file, or a folder that does not exist yet. Its parent must exist.
    """
    prefix = f".{target.name}."
    _remove_stale(target.parent, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        scratch = folder / target.name
        yield scratch
        scratch.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale(parent: Path, prefix: str) -> None:
    before = time.time() - _STALE_AFTER_S
    for path in parent.iterdir():
        with suppress(FileNotFoundError):  # another process was faster
            if path.name.startswith(prefix) and path.is_dir() and path.stat().st_mtime < before:
                shutil.rmtree(path, ignore_errors=True)
