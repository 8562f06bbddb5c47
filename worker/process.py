"""What one worker process holds: settings, database, storage, and its heartbeat."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Self

import structlog
from celery import Celery

from backend.core.db import Database
from backend.core.settings import Settings
from backend.jobs.celery import make_celery
from backend.storage.base import Storage
from backend.storage.factory import open_storage

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Process:
    """This process's own connections. `name` is how the database knows it, `celery` only sends."""

    name: str
    settings: Settings
    database: Database
    storage: Storage
    celery: Celery


@cache
def current() -> Process:
    """Open what this process needs, once. Never called in the process that forks the others."""
    settings = Settings()
    return Process(
        name=f"{socket.gethostname()}:{os.getpid()}",
        settings=settings,
        database=Database.connect(settings),
        storage=open_storage(settings),
        celery=make_celery(settings),
    )


class Heartbeat:
    """Calls `beat` every `every_s` seconds from a thread of its own, while the context lasts.

    A beat that fails is logged and tried again: a database that is away for a moment must not
    end the work that it would have recorded.
    """

    def __init__(self, beat: Callable[[], None], every_s: float) -> None:
        self._beat = beat
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        """Start; the first beat comes after `every_s`."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and wait for a beat under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self._beat()
            except Exception:
                log.exception("heartbeat_missed")
