"""The Celery app of the worker: its tasks, its schedule, and how a child process starts."""

import logging
import os
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import Celery
from celery.platforms import EX_FAILURE
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)
from celery.worker import WorkController, state
from kombu import Queue
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.core.logs import configure
from backend.core.settings import Settings
from backend.installation import key
from backend.jobs import workers
from backend.jobs.celery import make_celery
from backend.jobs.kinds import OF_TRAINERS, OF_WORKERS
from backend.jobs.leases import JobKind, is_waiting
from backend.jobs.names import (
    CHECK,
    DATASET_QUEUE,
    DEIDENTIFY,
    DELIVER,
    IMPORT_UPLOAD,
    MAINTENANCE_QUEUE,
    MAKE_PREVIEWS,
    QUEUE,
    TRAIN,
    TRAINING_QUEUE,
)
from backend.tables import WorkerKind
from worker import own_folder, predictor, process, starting
from worker.checks import task as checks
from worker.contributions import deidentify, make_previews
from worker.dicom import task as dicom
from worker.maintenance import contributions, screenings, uploads
from worker.maintenance.duties import DUTIES
from worker.process import Heartbeat
from worker.releases import task as release
from worker.screenings import task as screening
from worker.task import transaction
from worker.trainings import task as training
from worker.uploads import task as intake
from worker.watchdog import STALLED, Watchdog

log = structlog.get_logger(__name__)

LOADING_S = 180.0
"""A child may take so long to load the models before the pool takes it for dead."""

GRACE_S = 30.0
"""Between a task's soft limit, which it can still record, and the end of its process."""

# Importing them makes their duties known.
_WITH_DUTIES = (uploads, checks, contributions, dicom, release, training, screenings)

_until_shutdown = ExitStack()


@dataclass
class _Parts:
    """What the processes of this worker do, and how many there are; a child inherits it."""

    kind: WorkerKind = WorkerKind.WORKER
    concurrency: int = 1
    status: int = 0


_parts = _Parts()


def make_trainer_app(settings: Settings, concurrency: int = 1) -> Celery:
    """The app of a worker that trains and does nothing else."""
    app = make_worker_app(settings, concurrency)
    app.conf.task_queues = [Queue(TRAINING_QUEUE)]
    _parts.kind = WorkerKind.TRAINER
    return app


def make_worker_app(settings: Settings, concurrency: int = 1) -> Celery:
    """The app that consumes: the tasks, their queues and their schedule."""
    _parts.kind, _parts.concurrency = WorkerKind.WORKER, concurrency
    app = make_celery(settings)
    every = settings.upkeep_every_s
    app.conf.update(
        task_queues=[Queue(QUEUE), Queue(DATASET_QUEUE), Queue(MAINTENANCE_QUEUE)],
        task_create_missing_queues=False,
        # Before any task is registered: what is set later does not reach it.
        task_annotations={
            **{
                name: _limited(settings.dataset_time_limit_s)
                for name in (IMPORT_UPLOAD, MAKE_PREVIEWS, DEIDENTIFY, CHECK, DELIVER)
            },
            TRAIN: _limited(settings.training_time_limit_s),
        },
        worker_consumer="worker.consumer:Consumer",
        broker_connection_max_retries=None,  # whoever gave up would only be started anew
        worker_proc_alive_timeout=LOADING_S,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_redirect_stdouts=False,
        # Kept in memory: every task is due again soon after a restart, and no file can break.
        beat_scheduler="celery.beat:Scheduler",
        beat_max_loop_interval=min(every, 5.0),
        beat_schedule={
            each.name: _every(each.every_s(settings), each.task.name) for each in DUTIES.values()
        },
    )
    for task in (
        screening.screen,
        intake.import_upload,
        make_previews.make_previews,
        deidentify.deidentify,
        release.release,
        training.train,
        checks.check,
        dicom.deliver,
        *(each.task for each in DUTIES.values()),
    ):
        task.register(app)
    starting.register(app)
    return app


def consume(app: Celery) -> int:
    """Take messages until told to stop; the status to end with, which `worker_main` forgets."""
    app.worker_main(
        [
            "worker",
            f"--concurrency={_parts.concurrency}",
            "--pool=prefork",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )
    return _parts.status


@worker_shutdown.connect
def _note_status(sender: WorkController, **_: Any) -> None:
    _parts.status = sender.exitcode or 0


def _limited(limit_s: float) -> dict[str, float]:
    """Time limits of a task that takes longer than a screening, of which only frames are read."""
    return {"soft_time_limit": limit_s, "time_limit": limit_s + GRACE_S}


def _every(seconds: float, name: str) -> dict[str, Any]:
    # A turn nobody took in time is dropped: the next one does the same work.
    options = {"queue": MAINTENANCE_QUEUE, "expires": max(3 * seconds, 30.0)}
    return {"task": name, "schedule": seconds, "options": options}


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure(Settings())
    # A line for each message received, sent and done says nothing that the tasks do not say better.
    for chatty in (
        "celery.app.trace",
        "celery.beat",
        "celery.worker.request",  # that a duty came too late to be done again
        "celery.worker.strategy",
    ):
        structlog.stdlib.get_logger(chatty).setLevel(logging.WARNING)


@worker_process_init.connect
def _start_process(**_: Any) -> None:
    """In the child, before its first task: load the models, then tell that it is there.

    One that trains needs no models in memory.
    """
    this_process = process.current()
    os.nice(this_process.settings.worker_nice)
    _until_shutdown.enter_context(Heartbeat(own_folder.tidy, own_folder.EVERY_S))
    try:
        with starting.until_worker_stops():
            key.check(this_process.database, this_process.settings)
            predictor.register_shipped()
            if _parts.kind is WorkerKind.WORKER:
                log.info("models_loaded", version=predictor.load().version)
    except Exception:
        # Without models there is nothing to do here. Celery would log the error and take tasks
        # all the same; the whole worker stops instead, and whoever supervises it is told.
        log.exception("models_not_loaded")
        os.kill(os.getppid(), signal.SIGTERM)
        raise SystemExit(1) from None
    warn_of_other_hosts()
    watchdog = _watchdog(this_process.settings)
    watchdog.look()
    _until_shutdown.callback(_gone)
    _until_shutdown.enter_context(Heartbeat(watchdog.look, this_process.settings.heartbeat_s))
    _until_shutdown.callback(watchdog.close)


def warn_of_other_hosts() -> None:
    """Where workers of other hosts are there, but no broker: it is for one machine only."""
    this_process = process.current()
    if not this_process.settings.broker_is_embedded:
        return
    with transaction() as session:
        within = timedelta(seconds=this_process.settings.stale_after_s)
        others = workers.hosts_alive(session, utc_now(), within) - {
            this_process.name.rpartition(":")[0]
        }
    if others:
        log.warning("broker_is_for_one_machine", others=sorted(others), set="POCOVID_BROKER_URL")


def _watchdog(settings: Settings) -> Watchdog:
    trains = _parts.kind is WorkerKind.TRAINER
    screening, dataset = settings.hard_time_limit_s, settings.dataset_time_limit_s + GRACE_S
    longest = settings.training_time_limit_s + GRACE_S if trains else max(screening, dataset)
    return Watchdog(
        _parts.kind,
        partial(_job_waits, OF_TRAINERS if trains else OF_WORKERS),
        settings.stalled_after_s,
        longest + GRACE_S,
        shares=_parts.concurrency > 1,
    )


def _job_waits(
    kinds: Sequence[JobKind[Any]], session: Session, moment: datetime
) -> tuple[str, str] | None:
    for kind in kinds:
        if (waiting := is_waiting(session, kind, moment)) is not None:
            return kind.task, kind.text(waiting)
    return None


@worker_ready.connect
def _end_when_a_child_says_so(**_: Any) -> None:
    """In the parent: finish what runs and end with status 1, as a child's watchdog asks for."""
    signal.signal(STALLED, lambda *_: setattr(state, "should_stop", EX_FAILURE))


@worker_process_shutdown.connect
def _stop_process(**_: Any) -> None:
    _until_shutdown.close()


def _gone() -> None:
    with transaction() as session:
        workers.worker_gone(session, process.current().name)
