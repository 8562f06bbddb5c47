"""Files that are there whole or not at all, also where two processes make the same one."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEFT_BEHIND_AFTER_S = 24 * 3600.0


@contextmanager
def atomic_replace(target: Path) -> Iterator[Path]:
    """A path to write `target` under, which becomes the target when the context ends well.

    The path lies in a new folder beside the target that no other process knows, and has the
    target's own name and suffix. Where two processes make the same target, the last one wins,
    whole. What killed ones left of it goes after a day.

    Args:
        target: a file; a folder only where it does not exist yet. Its parent must exist.
    """
    prefix = f".{target.name}."
    _sweep(target.parent, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        scratch = folder / target.name
        yield scratch
        scratch.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path, prefix: str) -> None:
    before = time.time() - _LEFT_BEHIND_AFTER_S
    for path in parent.iterdir():
        with suppress(FileNotFoundError):  # another process was faster
            if path.name.startswith(prefix) and path.is_dir() and path.stat().st_mtime < before:
                shutil.rmtree(path, ignore_errors=True)
