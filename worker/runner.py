"""Running one job: lease, heartbeat, work, outcome. Every task on a row goes this way."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any, Generic

import structlog
from sqlalchemy import Select
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption
from structlog.contextvars import bound_contextvars

from backend.core.db import utc_now
from backend.core.errors import DatabaseUnreachableError
from backend.jobs import leases
from backend.jobs.celery import send
from backend.jobs.leases import Columns, Failure, JobKind, Lease, LeaseLostError, Row
from worker import process
from worker.dependencies import AWAY, backoff
from worker.process import Heartbeat
from worker.task import transaction

log = structlog.get_logger(__name__)

RELEASE_WITHIN_S = 600.0
"""A database that is away longer finds the row without a heartbeat, and counts a lost worker."""


@dataclass(eq=False)
class Job(Generic[Row]):
    """A row that this process works on.

    `lost` is set once the lease is lost. `unexpected` are errors that nobody expected
    and that did not end the job: the first is raised once the outcome is written.
    """

    lease: Lease[Row]
    lost: threading.Event = field(default_factory=threading.Event)
    unexpected: list[Exception] = field(default_factory=list)

    @property
    def key(self) -> Any:
        """The row's key."""
        return self.lease.key

    @property
    def row(self) -> Row:
        """The row, as it was when it was leased."""
        return self.lease.row

    def renew(self) -> None:
        """Say that we are alive; set `lost` where the lease is lost."""
        try:
            with transaction() as session:
                leases.renew(session, self.lease, utc_now())
        except LeaseLostError:
            self.lost.set()

    def check(self) -> None:
        """Before a write that another attempt's would differ from.

        Raises:
            LeaseLostError: somebody withdrew, judged, deleted or took it.
        """
        self.renew()
        if self.lost.is_set():
            raise LeaseLostError

    def progress(self, **columns: Any) -> None:
        """Write how far it is, unless a heartbeat has found the lease lost.

        Raises:
            LeaseLostError
        """
        if self.lost.is_set():
            raise LeaseLostError
        with transaction() as session:
            leases.progress(session, self.lease, utc_now(), **columns)


def _nothing_else(_session: Session) -> None:
    """Stands in where an outcome is columns of the row alone."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job: columns of its row, and what else is written in the same transaction."""

    columns: Columns = field(default_factory=dict)
    also: Callable[[Session], object] = _nothing_else


@dataclass(frozen=True, slots=True)
class Again:
    """The job goes on later, where it is: a message for it is sent now, or by maintenance."""

    announced: bool = True


class Recorded(Enum):
    """The work wrote its outcome itself, in a transaction of its own."""

    RECORDED = auto()


class Held(Enum):
    """The work ended without an outcome. The lease runs out, which counts a lost worker."""

    HELD = auto()


RECORDED, HELD = Recorded.RECORDED, Held.HELD
Outcome = Done | Again | Recorded | Held


class Ended(Enum):
    """How a run of a job ended."""

    DONE = auto()
    FAILED = auto()
    RELEASED = auto()
    LEASE_LOST = auto()
    HELD = auto()


def _is_unexpected(_error: Exception) -> Failure | None:
    return None


@dataclass(frozen=True, kw_only=True)
class JobSpec(Generic[Row]):
    """What is particular to one kind of job.

    Args:
        kind: where its rows are.
        work: does it. May raise LeaseLostError, and those of `AWAY`.
        internal: what people are told of an error that nobody expected.
        failure_of: what they are told of one that the recording or the dataset is the reason of;
            None for one that nobody expected.
        subject: what the key is called on log lines, each part of it.
        turns: as `leases.lease`.
        load: as `leases.lease`.
        on_leased: what else is written when it is leased.
        on_failed: what else is written when it fails.
        afterwards: what is done once the outcome is written.
    """

    kind: JobKind[Row]
    work: Callable[[Job[Row]], Outcome]
    internal: Failure
    failure_of: Callable[[Exception], Failure | None] = _is_unexpected
    subject: tuple[str, ...]
    turns: Callable[[], Select[*tuple[Any, ...]]] | None = None
    load: Sequence[ORMOption] = ()
    on_leased: Callable[[Session, Lease[Row]], object] = lambda _session, _lease: None
    on_failed: Callable[[Session, Lease[Row], Failure], object] = lambda _s, _lease, _why: None
    afterwards: Callable[[Job[Row], Ended], object] = lambda _job, _ended: None


def run_job(spec: JobSpec[Row], notified_for: str) -> bool:
    """Run the job whose turn it is, whatever row the message was sent for.

    Returns:
        False where none waits.

    Raises:
        DatabaseUnreachableError, StorageUnreachableError, StorageFullError: something is away; the
            row waits unharmed.
        Exception: what nobody expected, once it is recorded as the job's failure.
    """
    kind = spec.kind
    with transaction() as session:
        turns = None if spec.turns is None else spec.turns()
        lease = leases.lease(session, kind, utc_now(), turns=turns, load=spec.load)
        if lease is not None:
            spec.on_leased(session, lease)
    if lease is None:
        log.info("nothing_to_lease", job=kind.name)
        return False
    parts = lease.key if len(kind.key) > 1 else (lease.key,)
    tags = {name: str(part) for name, part in zip(spec.subject, parts, strict=True)}
    with bound_contextvars(job=kind.name, **tags):
        event = f"{kind.name}_leased"
        log.info(event, attempt=lease.attempt, notified_for=notified_for)
        _run(spec, Job(lease))
    return True


def _run(spec: JobSpec[Row], job: Job[Row]) -> None:
    """Work under a heartbeat, and give the row back where something is away.

    Where this worker is cut off, the row may be leased at once: another may be well. Where it is
    not, the fault lies with the row's own bytes, and the row waits, longer each time.
    """
    with Heartbeat(job.renew, process.current().settings.heartbeat_s):
        try:
            ended = _outcome(spec, job)
        except AWAY:
            moment = utc_now()
            due_at = leases.next_try(job.lease.away_since, moment) if backoff.look() else None
            released = _release_when_possible(job, due_at)
            log.warning("job_waits", released=released, due_at=due_at)
            raise
    event = f"{spec.kind.name}_{ended.name.lower()}"
    log.info(event)
    spec.afterwards(job, ended)
    if job.unexpected:
        raise job.unexpected[0]


def _outcome(spec: JobSpec[Row], job: Job[Row]) -> Ended:
    """Turn whatever happens into an outcome of the row."""
    try:
        return _record(spec.kind, job, spec.work(job))
    except LeaseLostError:
        return Ended.LEASE_LOST
    except AWAY:
        raise
    except Exception as error:  # noqa: BLE001  # recorded here, raised by `_run`
        return _record_failure(spec, job, error)


def _record_failure(spec: JobSpec[Row], job: Job[Row], error: Exception) -> Ended:
    why = spec.failure_of(error)
    failure = why or spec.internal
    try:
        with transaction() as session:
            leases.fail(session, job.lease, failure, utc_now())
            spec.on_failed(session, job.lease, failure)
    except LeaseLostError:  # whoever has the row now may have taken away what the work was at
        log.info("job_failed_after_its_lease", exc_info=error)
        return Ended.LEASE_LOST
    if why is None:
        job.unexpected.insert(0, error)
    else:
        log.info("job_refused", code=failure.code, why=failure.message, exc_info=error)
    return Ended.FAILED


def _record(kind: JobKind[Row], job: Job[Row], outcome: Outcome) -> Ended:
    if isinstance(outcome, Recorded):
        return Ended.DONE
    if isinstance(outcome, Held):
        return Ended.HELD
    with transaction() as session:
        if isinstance(outcome, Done):
            outcome.also(session)
            leases.complete(session, job.lease, utc_now(), **outcome.columns)
            return Ended.DONE
        leases.release_lease(session, job.lease, utc_now())
    if outcome.announced:
        send(process.current().celery, kind.task, kind.text(job.key))
    return Ended.RELEASED


def _release_when_possible(job: Job[Row], due_at: datetime | None) -> bool:
    """Give it back as soon as the database takes it. False where the lease is lost, or for good."""
    deadline, distance = time.monotonic() + RELEASE_WITHIN_S, 0.2
    while True:
        try:
            with transaction() as session:
                leases.release_lease(session, job.lease, utc_now(), is_away=True, due_at=due_at)
        except LeaseLostError:
            return False
        except DatabaseUnreachableError:
            if time.monotonic() > deadline:
                return False
        else:
            return True
        time.sleep(distance * random.uniform(0.75, 1.0))
        distance = min(2 * distance, 10.0)
