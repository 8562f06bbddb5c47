"""The duties of maintenance: each is a scheduled task of its own, with a failure of its own.

How each last ended is a row. A batch goes around what fails: an object that cannot be deleted is
noted, logged, and tried again later, longer each time, while the others have their turn.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.core.settings import Settings
from backend.jobs import duties, leases
from backend.jobs.celery import send
from backend.jobs.leases import JobKind, Row
from worker import process
from worker.task import Task, reading, task, transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")

HOURLY_S = 3600.0

ORPHANED_AFTER = timedelta(hours=1)
"""Bytes without a row are left alone for so long: their upload may still be under way."""

DUTIES: dict[str, "Duty"] = {}
"""Every duty by its name; importing a module with duties adds them."""


@dataclass(frozen=True)
class Duty:
    """Scheduled work. Calling it does it once; errors are raised."""

    name: str
    work: Callable[[], object]
    hourly: bool

    def __call__(self) -> object:
        """Do it now, outside of the schedule."""
        return self.work()

    @property
    def task(self) -> Task:
        """Its Celery task."""
        return task(f"worker.maintenance.duties.{self.name}", is_job=False)(self.run)

    def every_s(self, settings: Settings) -> float:
        """How often it is due."""
        return HOURLY_S if self.hourly else settings.upkeep_every_s

    def run(self) -> None:
        """Do it, and record how it ended.

        Raises:
            Exception: as the work did, once that is noted.
        """
        try:
            self.work()
        except Exception as error:
            log.warning("duty_failed", duty=self.name, error=type(error).__name__)
            with transaction() as session:
                duties.duty_failed(session, self.name, type(error).__name__, utc_now())
            raise
        with transaction() as session:
            duties.duty_succeeded(session, self.name, utc_now())


def duty(name: str, *, hourly: bool = False) -> Callable[[Callable[[], object]], Duty]:
    """Make a function the duty `name`, due each hour or else as POCOVID_UPKEEP_EVERY_S says."""
    return partial(_register, name, hourly)


def _register(name: str, hourly: bool, work: Callable[[], object]) -> Duty:  # partial
    assert name not in DUTIES, name  # noqa: S101  # names are ours
    DUTIES[name] = Duty(name, work, hourly)
    return DUTIES[name]


def stale_after(name: str) -> timedelta:
    """Silence after which a job counts as lost, for the duty that looks for lost jobs.

    Where that was not done for longer, nobody knows who was silent: the database may have been
    away, for the heartbeats too. Then everybody has as long again to be heard.
    """
    usual = timedelta(seconds=process.current().settings.stale_after_s)
    with reading() as session:
        last = duties.last_success(session, name)
    gap = timedelta(0) if last is None else utc_now() - last
    return usual if gap <= usual else gap + usual


def requeue(
    name: str,
    kind: JobKind[Row],
    *,
    given_up: Callable[[Session, Any], object] = lambda _session, _key: None,
    notify_after: timedelta | None = None,
) -> None:
    """Queue again what lost its worker or its message, and fail what cannot be done.

    Args:
        name: the duty's.
        kind: whose jobs.
        given_up: what else is written for the key of a job that failed.
        notify_after: as `leases.requeue_expired`.
    """
    this_process, patience = process.current(), stale_after(name)
    with transaction() as session:
        found = leases.requeue_expired(
            session,
            kind,
            utc_now(),
            patience,
            this_process.settings.max_attempts,
            notify_after=notify_after,
        )
        for key in found.given_up:
            given_up(session, key)
    for key in found.notify:
        send(this_process.celery, kind.task, kind.text(key))
    if found.notify or found.given_up:
        log.info(
            "jobs_requeued",
            job=kind.name,
            notified=len(found.notify),
            given_up=len(found.given_up),
        )


def postponed(name: str) -> set[str]:
    """Subjects that the duty goes around for now."""
    with reading() as session:
        return duties.postponed(session, name, utc_now())


def for_each(name: str, subjects: Iterable[T], do: Callable[[T], object]) -> int:
    """Do something for each subject; how often it was done. One that fails is postponed.

    Args:
        name: the duty's.
        subjects: what it is done for; their text tells them apart, such as an id or a key.
        do: it. Never inside a write transaction where it calls the storage.

    Raises:
        Exception: as `do` does, where the storage is away as a whole: all of them would fail.
    """
    later, done = postponed(name), 0
    for subject in subjects:
        if str(subject) in later:
            continue
        try:
            do(subject)
        except Exception:
            process.current().storage.check()
            log.exception("postponed", duty=name, subject=str(subject))
            with transaction() as session:
                duties.postpone(session, name, str(subject), utc_now())
        else:
            done += 1
    return done


def delete_objects(name: str, keys: Iterable[str]) -> int:
    """Delete stored objects as `for_each` does; how many there were."""
    return for_each(name, keys, process.current().storage.delete)
