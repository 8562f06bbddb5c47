"""The Celery app of the worker: its tasks, its schedule, and how a child process starts."""

import logging
import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown
from kombu import Queue

from backend.db import now
from backend.health import repository as health
from backend.installation import key
from backend.jobs import (
    DATASET_QUEUE,
    INGEST,
    PREPARE,
    QUEUE,
    TAKE_IN,
    TRAIN,
    TRAINING_QUEUE,
    UPKEEP,
    make_celery,
)
from backend.logs import configure
from backend.settings import Settings
from worker import (
    ingest,
    intake,
    predictor,
    preparation,
    process,
    release,
    screening,
    training,
    upkeep,
)
from worker.process import Pulse
from worker.task import transaction

log = structlog.get_logger(__name__)

UPKEEP_QUEUE = f"{QUEUE}-upkeep"
"""A queue of its own: hundreds of waiting screenings must not keep upkeep from its turn."""

LOADING_S = 180.0
"""A child may take so long to load the models before the pool takes it for dead."""

GRACE_S = 30.0
"""Between a task's soft limit, which it can still record, and the end of its process."""

_until_shutdown = ExitStack()


@dataclass
class _Parts:
    """What the processes of this worker do; a child inherits it."""

    screens: bool = True


_parts = _Parts()


def make_trainer_app(settings: Settings) -> Celery:
    """The app of a worker that trains and does nothing else.

    Its messages are acknowledged when they are taken: a fold takes longer than a broker waits,
    and the row says what is left to do.
    """
    app = make_worker_app(settings)
    limit = settings.training_time_limit_s
    app.conf.update(
        task_queues=[Queue(TRAINING_QUEUE)],
        task_annotations={
            TRAIN: {"acks_late": False, "soft_time_limit": limit, "time_limit": limit + GRACE_S}
        },
    )
    _parts.screens = False
    return app


def make_worker_app(settings: Settings) -> Celery:
    """The app that consumes: `backend.jobs.make_celery` with the tasks and their schedule."""
    app = make_celery(settings)
    every = settings.upkeep_every_s
    app.conf.update(
        task_queues=[Queue(QUEUE), Queue(DATASET_QUEUE), Queue(UPKEEP_QUEUE)],
        task_create_missing_queues=False,
        task_annotations={name: _limited(settings) for name in (TAKE_IN, PREPARE, INGEST)},
        worker_proc_alive_timeout=LOADING_S,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_redirect_stdouts=False,
        # Kept in memory: every task is due again soon after a restart, and no file can break.
        beat_scheduler="celery.beat:Scheduler",
        beat_max_loop_interval=min(every, 5.0),
        beat_schedule={
            "upkeep": _every(every, UPKEEP),
            "sweep": _every(3600.0, upkeep.SWEEP),
        },
    )
    for task in (
        screening.screen,
        intake.take_in,
        preparation.prepare,
        ingest.ingest,
        release.release,
        training.train,
        upkeep.upkeep,
        upkeep.sweep,
    ):
        task.register(app)
    return app


def _limited(settings: Settings) -> dict[str, float]:
    """Time limits of a task on a whole recording, which takes longer than its sampled frames."""
    limit = settings.dataset_time_limit_s
    return {"soft_time_limit": limit, "time_limit": limit + GRACE_S}


def _every(seconds: float, name: str) -> dict[str, Any]:
    # A turn nobody took in time is dropped: the next one does the same work.
    options = {"queue": UPKEEP_QUEUE, "expires": max(3 * seconds, 30.0)}
    return {"task": name, "schedule": seconds, "options": options}


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure(Settings())
    # A line for each message received, sent and done says nothing that the tasks do not say better.
    for chatty in ("celery.app.trace", "celery.beat", "celery.worker.strategy"):
        structlog.stdlib.get_logger(chatty).setLevel(logging.WARNING)


@worker_process_init.connect
def _start_process(**_: Any) -> None:
    """In the child, before its first task: load the models, then tell that it is there.

    One that trains needs no models in memory, and is not there for screenings.
    """
    mine = process.current()
    _step_back(mine.settings.worker_nice)
    try:
        key.check(mine.database, mine.settings)
        predictor.register_shipped()
        if not _parts.screens:
            return
        log.info("models_loaded", version=predictor.load().version)
    except Exception:
        # Without models there is nothing to do here. Celery would log the error and take tasks
        # all the same; the whole worker stops instead, and whoever supervises it is told.
        log.exception("models_not_loaded")
        os.kill(os.getppid(), signal.SIGTERM)
        raise SystemExit(1) from None
    _seen()
    _until_shutdown.callback(_gone)
    _until_shutdown.enter_context(Pulse(_seen, mine.settings.heartbeat_s))


def _step_back(nice: int) -> None:
    """On a machine that also runs the API, a person's page goes before anybody's answer.

    Linux shares out time among sessions first, and looks at a process's niceness only within its
    own. So the session is told as well, where it is the worker's alone and not somebody's shell.
    """
    os.nice(nice)
    if os.getsid(0) != os.getppid():
        return
    try:
        Path("/proc/self/autogroup").write_text(str(nice))
    except OSError as error:
        log.info("niceness_of_the_session_unchanged", error=str(error))


@worker_process_shutdown.connect
def _stop_process(**_: Any) -> None:
    _until_shutdown.close()


def _seen() -> None:
    with transaction() as session:
        health.worker_seen(session, process.current().name, now())


def _gone() -> None:
    with transaction() as session:
        health.worker_gone(session, process.current().name)
