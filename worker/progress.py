"""How the jobs of this process go on, for the watchdog: progress counts, not a heartbeat."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from backend.core.db import utc_now


@dataclass
class Progress:
    """How the jobs of this process go on; tasks of maintenance tell nothing of them."""

    taken: int = 0
    taken_at: datetime | None = None
    busy_since: float | None = None


progress = Progress()


@contextmanager
def at_work() -> Iterator[None]:
    """Note that a job's message was taken, and how long it is worked on."""
    progress.taken += 1
    progress.taken_at = utc_now()
    progress.busy_since = time.monotonic()
    try:
        yield
    finally:
        progress.busy_since = None
