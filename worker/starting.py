"""A child that still loads the models when its worker is told to stop: nobody waits for it."""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from celery.bootsteps import StartStopStep
from celery.worker import WorkController

from worker.process import Heartbeat

LOOK_EVERY_S = 0.2

_worker_stops = mmap.mmap(-1, 1)
"""One byte that the parent shares with the children it forks."""


class StopStarting(StartStopStep):
    """Tells children that still start that the worker stops; the others end after their task."""

    requires = ("celery.worker.components:Pool",)

    def close(self, _: WorkController) -> None:
        """Before the pool waits for its children, and when it replaces none any more."""
        _worker_stops[0] = 1


def register(app: Celery) -> None:
    """Have workers of this app tell their children."""
    app.steps["worker"].add(StopStarting)


@contextmanager
def until_worker_stops() -> Iterator[None]:
    """End this child as soon as its worker stops: to load models may take longer than any task."""
    _end_if_worker_stops()
    with Heartbeat(_end_if_worker_stops, LOOK_EVERY_S):
        yield


def _end_if_worker_stops() -> None:
    if _worker_stops[0]:
        os._exit(0)
