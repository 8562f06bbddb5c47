"""Our one task class, and the only place of the worker that commits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import structlog
from celery import Celery
from celery import Task as CeleryTask
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from backend.jobs.celery import send
from backend.storage.base import delete_remembered
from worker import process
from worker.dependencies import AWAY, backoff, database_errors
from worker.progress import at_work

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    _CeleryTask = CeleryTask[..., object]
else:
    _CeleryTask = CeleryTask


class Task(_CeleryTask):
    """What every task of ours does around its work, for ids given as text.

    Acknowledgement, prefetch and time limits are the app's settings, and so the same for every
    task (`backend.jobs.celery`). There are no automatic retries: the row says what is left to do,
    and maintenance sends it again.
    """

    abstract = True
    is_job = True
    """Whether it works on a row; else it belongs to maintenance."""

    def __call__(self, *ids: str) -> None:
        """Do the work with its id on every log line.

        Something that is away is an expected outcome: the row waits. While this worker is cut off
        from what it needs, a job's message is passed on.

        Raises:
            Exception: what nobody expected, so that Celery counts the task as failed.
        """
        started = time.monotonic()
        with (
            bound_contextvars(task=self.name, **({"asked_for": ids[0]} if ids else {})),
            at_work() if self.is_job else nullcontext(),
        ):
            try:
                if self.is_job and backoff.is_on and not backoff.look():
                    self._pass_on(*ids)
                    backoff.wait()
                    return
                self.run(*ids)
            except AWAY as error:
                log.warning("task_waits", error=repr(error), exc_info=True)
                if self.is_job and not backoff.look():
                    self._pass_on(*ids)
            except Exception:
                log.exception("task_failed")
                raise
            else:
                log.debug("task_ended", seconds=round(time.monotonic() - started, 3))

    def _pass_on(self, *ids: str) -> None:
        """Send a message for the row again: another worker may be well."""
        send(process.current().celery, self.name, *ids)

    def register(self, app: Celery) -> None:
        """Make the task known to `app`, with that app's settings."""
        app.register_task(type(self.name, (type(self),), {})())


def task(name: str, *, is_job: bool = True) -> Callable[[Callable[..., object]], Task]:
    """Make a function the task `name`; one that is no job belongs to maintenance."""

    def make(work: Callable[..., object]) -> Task:
        members = {
            "name": name,
            "is_job": is_job,
            "run": staticmethod(work),
            "__doc__": work.__doc__,
        }
        made: Task = type(name, (Task,), members)()
        return made

    return make


@contextmanager
def transaction() -> Iterator[Session]:
    """A session whose changes are committed at the end, or rolled back by an error.

    Raises:
        DatabaseUnreachableError: as `reading` does; where the connection ended at the commit, the
            changes may be there.
    """
    with database_errors(), process.current().database.write() as session:
        yield session
        session.commit()
        delete_remembered(session, process.current().storage)


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only reads.

    Raises:
        DatabaseUnreachableError: the database cannot be used now.
    """
    with database_errors(), process.current().database.read() as session:
        yield session
