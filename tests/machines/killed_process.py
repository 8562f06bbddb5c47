"""`pocovid` in a process that is killed with -9, with all its children, at a point of its work.

    python -m tests.machines.killed_process '{"contributions/": 2}' MARKER worker --concurrency 2

The point is right before the n-th object below one of these prefixes of the bucket is written by
one process. MARKER then names the prefix. Everything else is the real thing.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from backend.cli import main as cli
from backend.storage.s3 import S3Storage


def kill_before(points: Mapping[str, int], marker: Path) -> None:
    """Have each write of the storage look whether a point is reached."""
    written: Counter[str] = Counter()

    def look(key: str) -> None:
        for prefix, n in points.items():
            if key.startswith(prefix):
                written[prefix] += 1
                if written[prefix] == n:
                    marker.write_text(prefix)
                    os.killpg(os.getpgrp(), signal.SIGKILL)

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(storage: S3Storage, key: str, *rest: Any) -> Any:
            look(key)
            return real(storage, key, *rest)

        return write

    for name in ("put", "put_bytes"):
        setattr(S3Storage, name, watched(getattr(S3Storage, name)))


if __name__ == "__main__":
    kill_before(json.loads(sys.argv.pop(1)), Path(sys.argv.pop(1)))
    cli.main()
