"""Our one task decorator, and the only place of the worker that commits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import structlog
from celery import Celery
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from backend.jobs import send
from backend.storage.base import delete_remembered
from worker import process
from worker.dependencies import AWAY, backoff, database_errors
from worker.progress import at_work

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Task:
    """A Celery task of ours: its name, and the work it does for ids given as text.

    Acknowledgement, prefetch and time limits are the app's settings, and so the same for every
    task (`backend.jobs.make_celery`). There are no automatic retries: the row says what is left
    to do, and maintenance sends it again.
    """

    name: str
    work: Callable[..., None]
    is_job: bool = True

    def run(self, *ids: str) -> None:
        """Do the work with its id on every log line.

        An error that the work did not turn into an outcome is logged with its trace; the
        message counts as handled, since the row, not the message, says what comes next. While
        this worker is cut off from what it needs, a job's message is passed on.
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
                self.work(*ids)
            except AWAY as error:
                log.warning("task_waits", error=repr(error), exc_info=True)
                if self.is_job and not backoff.look():
                    self._pass_on(*ids)
            except Exception:
                log.exception("task_failed")
            else:
                log.debug("task_ended", seconds=round(time.monotonic() - started, 3))

    def _pass_on(self, *ids: str) -> None:
        """Ring for the row again: another worker may be well."""
        send(process.current().celery, self.name, *ids)

    def register(self, app: Celery) -> None:
        """Make the task known to `app`."""

        def run(*ids: str) -> None:  # Celery reads the arguments of a function, not of a method
            self.run(*ids)

        app.task(name=self.name, shared=False)(run)


def task(name: str, *, is_job: bool = True) -> Callable[[Callable[..., None]], Task]:
    """Make a function the task `name`; one that is no job belongs to maintenance."""
    return partial(Task, name, is_job=is_job)


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
