"""Notices that this worker stands still, and has it start anew: only progress counts."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.jobs import workers
from backend.jobs.celery import send
from backend.tables import WorkerKind
from worker import process
from worker.progress import progress
from worker.task import transaction

log = structlog.get_logger(__name__)

STALLED = signal.SIGUSR2
"""What a child tells its parent, which then finishes what runs and exits with status 1."""

PATIENCE_S = 30.0
"""A parent with nothing else to finish that has not ended by then is killed."""


Waiting = Callable[[Session, datetime], tuple[str, str] | None]
"""A job that this worker could take now, as task and argument of a message; None where none is."""


class Watchdog:
    """Looks at each heartbeat whether this process has nothing to do although work waits.

    After half of `stalled_after_s` it rings itself at each look, in case the message was lost.
    Where the broker took every one of these for as long again and nobody came for one, the
    consumer in the parent stands still, and the parent is told to end; whoever supervises it
    starts it anew. While the broker is away, or comes and goes, there is nothing to start anew for.

    Args:
        kind: what this worker does.
        waiting: see `Waiting`.
        stalled_after_s: from the first look that found it idle to its end.
        longest_s: no job takes longer; its process is ended before, unless the parent hangs.
        shares: other processes of the same parent may be at work, which are waited for.
    """

    def __init__(
        self,
        kind: WorkerKind,
        waiting: Waiting,
        stalled_after_s: float,
        longest_s: float,
        *,
        shares: bool,
    ) -> None:
        self._kind = kind
        self._waiting = waiting
        self._stalled_after_s = stalled_after_s
        self._longest_s = longest_s
        self._patience_s = longest_s if shares else PATIENCE_S
        self._taken = 0
        self._idle_since: float | None = None
        self._rung_at: float | None = None
        self._closing = threading.Event()

    def look(self) -> None:
        """Tell that this process is there, and whether it stands still; act where it does."""
        moment, clock = utc_now(), time.monotonic()
        with transaction() as session:
            waiting = self._waiting(session, moment)
            idle_s = self._idle_s(waiting is not None, clock)
            workers.worker_seen(
                session,
                process.current().name,
                moment,
                kind=self._kind,
                taken_at=progress.taken_at,
                idle_since=moment - timedelta(seconds=idle_s) if self._idle_since else None,
            )
        began = progress.busy_since
        if began is not None and clock - began > self._longest_s:
            self._start_anew("a job goes on long after its time limit", clock - began)
        elif waiting is not None and idle_s >= self._stalled_after_s / 2:
            self._ring(waiting, clock, idle_s)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._closing.set()

    def _idle_s(self, waits: bool, clock: float) -> float:
        if not waits or progress.busy_since is not None or progress.taken != self._taken:
            self._idle_since = self._rung_at = None
            self._taken = progress.taken
            return 0.0
        if self._idle_since is None:
            self._idle_since = clock
        return clock - self._idle_since

    def _ring(self, waiting: tuple[str, str], clock: float, idle_s: float) -> None:
        if not send(process.current().celery, *waiting):
            self._rung_at = None  # the consumer may still be coming back when the broker is
        elif self._rung_at is None:
            self._rung_at = clock
            log.warning("idle_while_work_waits", task=waiting[0], idle_s=round(idle_s, 1))
        elif clock - self._rung_at >= self._stalled_after_s / 2:
            self._start_anew("messages are not taken", idle_s)

    def _start_anew(self, why: str, seconds: float) -> None:
        parent = os.getppid()
        log.error("worker_stalled", why=why, seconds=round(seconds, 1), parent=parent)
        os.kill(parent, STALLED)
        if not self._closing.wait(self._patience_s):
            log.error("stalled_worker_killed", parent=parent)
            os.kill(parent, signal.SIGKILL)
            os._exit(1)
