"""A worker's hold on a row: kept alive while it works, given back where something is away."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from backend.core.db import now
from backend.core.errors import DatabaseUnreachableError
from backend.jobs import leases
from backend.jobs.leases import JobKind
from worker import process
from worker.dependencies import AWAY, backoff
from worker.process import Pulse
from worker.task import transaction

log = structlog.get_logger(__name__)

GIVE_BACK_WITHIN_S = 600.0
"""A database that is away longer finds the row without a heartbeat, and counts a lost worker."""


class LeaseLostError(Exception):
    """The row was deleted, or given to another attempt: nothing we find matters any more."""


@dataclass(kw_only=True)
class Lease:
    """Our hold on one row: which attempt it is, and whether it still counts.

    `away_since` is when something that the job needs was first found away, as the row has it.
    """

    kind: JobKind
    key: Any
    attempt: int
    away_since: datetime | None = None
    lost: threading.Event = field(default_factory=threading.Event)

    def heartbeat(self) -> None:
        """Say that we are alive; set `lost` where the lease is lost."""
        with transaction() as session:
            alive = self.kind.values(heartbeat_at=now())
            if not leases.update_if_leased(session, self.kind, self.key, self.attempt, alive):
                self.lost.set()

    def check(self) -> None:
        """Before a write that another attempt's would differ from.

        Raises:
            LeaseLostError: somebody withdrew, judged, deleted or took it.
        """
        self.heartbeat()
        if self.lost.is_set():
            raise LeaseLostError

    def release(self, *, is_away: bool = False, due_at: datetime | None = None) -> bool:
        """Give the row back unharmed, as `leases.release_lease`. False: the lease is lost."""
        with transaction() as session:
            return leases.release_lease(
                session,
                self.kind,
                self.key,
                self.attempt,
                now(),
                is_away=is_away,
                due_at=due_at,
                **self.as_released(),
            )

    def as_released(self) -> dict[str, Any]:
        """Further columns of the table, as a row has them that waits."""
        return {}


@contextmanager
def held(lease: Lease) -> Iterator[None]:
    """Keep a lease alive while the block works; give it back where something is away.

    Where this worker is cut off, the row may be leased at once: another may be well. Where it is
    not, the fault lies with the row's own bytes, and the row waits, longer each time.

    Raises:
        DatabaseUnreachableError, StorageUnreachableError, StorageFullError: as the block did.
    """
    with Pulse(lease.heartbeat, process.current().settings.heartbeat_s):
        try:
            yield
        except AWAY:
            moment = now()
            due_at = leases.next_try(lease.away_since, moment) if backoff.look() else None
            released = _release(lease, due_at)
            log.warning("job_given_back", job=lease.kind.name, released=released, due_at=due_at)
            raise


def _release(lease: Lease, due_at: datetime | None) -> bool:
    """Give it back as soon as the database takes it. False where the lease is lost, or for good."""
    deadline, distance = time.monotonic() + GIVE_BACK_WITHIN_S, 0.2
    while True:
        try:
            return lease.release(is_away=True, due_at=due_at)
        except DatabaseUnreachableError:
            if time.monotonic() > deadline:
                return False
        time.sleep(distance * random.uniform(0.75, 1.0))
        distance = min(2 * distance, 10.0)
