"""What a worker needs and may find away, database and storage, and how it steps back then.

A worker that is cut off from them must not take work which another could do. It passes each
message on and waits, longer each time, until a look finds everything there again. Where a look
finds everything there at once, the fault lies with one object: its job waits, and no other.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.core.errors import (
    DatabaseUnreachableError,
    PeerUnreachableError,
    StorageFullError,
    StorageUnreachableError,
)
from worker import process

log = structlog.get_logger(__name__)

AWAY = (
    DatabaseUnreachableError,
    PeerUnreachableError,
    StorageUnreachableError,
    StorageFullError,
)
"""Errors of what a job needs, and not of the job itself."""

SHORTEST_S = 1.0
LONGEST_S = 30.0
"""A worker that is told to stop ends within this, even while it waits for its dependencies."""


@contextmanager
def database_errors() -> Iterator[None]:
    """Tell a database that is away, or ended the connection, from a query that is wrong.

    Raises:
        DatabaseUnreachableError
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnreachableError("The database has no connection to spare.") from error
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            raise DatabaseUnreachableError("The database cannot be used now.") from error
        raise


class Backoff:
    """How often in a row this process could not reach its dependencies, and how long it waits."""

    def __init__(self) -> None:
        self._failures = 0

    @property
    def is_on(self) -> bool:
        """Whether something was unreachable at the last try."""
        return self._failures > 0

    def look(self) -> bool:
        """Look whether everything is there. True where it is: the next wait is short again."""
        this_process = process.current()
        try:
            with database_errors(), this_process.database.read() as session:
                session.execute(select(1))
            this_process.storage.check()
        except AWAY as error:
            self._failures += 1
            log.warning("dependency_unreachable", failures=self._failures, error=repr(error))
            return False
        if self._failures:
            log.info("dependency_reachable_again", failures=self._failures)
        self._failures = 0
        return True

    def wait(self) -> None:
        """Lease nothing for a while: twice as long as the last time, within bounds, with jitter."""
        distance = min(SHORTEST_S * 2.0 ** min(self._failures - 1, 10), LONGEST_S)
        time.sleep(distance * random.uniform(0.75, 1.0))


backoff = Backoff()
