"""The one configuration of Celery, and sending after the commit.

The web application sends with this app, and the worker consumes with it (`worker.app` adds its
tasks, queues and schedule). The row is the truth and the message a doorbell: a message that is
lost, late, or there twice changes only when a row is worked on.
"""

import threading
import time
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from celery import Celery
from kombu.exceptions import KombuError
from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.jobs.names import QUEUE, QUEUES
from backend.storage.private_files import make_folder

TRY_AGAIN_S = 2.0
"""After a message that the broker did not take, the next ones are not tried for so long."""

_TIMEOUT_S = 5.0

_UNACKNOWLEDGED_S = 600.0

_untried_until: WeakKeyDictionary[Celery, float] = WeakKeyDictionary()
_untried = threading.Lock()

log = structlog.get_logger(__name__)


def make_celery(settings: Settings) -> Celery:
    """The Celery app that the web application sends with and the worker consumes with.

    One message at a time, JSON only, no results: the row has the outcome.
    """
    app = Celery("pocovid", set_as_current=False)
    app.conf.update(
        broker_url=settings.broker_url or "filesystem://localhost",
        broker_transport="backend.jobs.broker:Transport" if settings.broker_is_embedded else None,
        broker_transport_options=_transport_options(settings),
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        result_backend=None,
        task_serializer="json",
        accept_content=["json"],
        **_acknowledgement(settings),
        task_soft_time_limit=settings.soft_time_limit_s,
        task_time_limit=settings.hard_time_limit_s,
        timezone="UTC",
    )
    return app


def _acknowledgement(settings: Settings) -> dict[str, Any]:
    """When a message counts as taken, so that no worker holds one while another has nothing to do.

    On Redis when the work begins. A message is only a doorbell: a worker that is lost leaves its
    row, which maintenance queues again, and a second delivery would find nothing to lease. Late
    acknowledgement, with its limit on unacknowledged messages, stops a worker for good: where
    Redis is away at a job's end, `kombu.transport.redis.QoS.ack` fails before it frees the slot,
    and `kombu.message.Message.ack_log_error` logs that as "Couldn't ack" and goes on. So there is
    no limit on unacknowledged messages (0), but one on the requests at work (`disable_prefetch`,
    which Celery has for Redis alone).

    The embedded broker's acknowledgement reaches nothing that could be away.
    """
    if settings.broker_is_embedded:
        return {"task_acks_late": True, "worker_prefetch_multiplier": 1}
    return {
        "task_acks_late": False,
        "worker_prefetch_multiplier": 0,
        "worker_disable_prefetch": True,
    }


def _transport_options(settings: Settings) -> dict[str, Any]:
    if settings.broker_is_embedded:
        folder = settings.broker_dir
        make_folder(folder)
        messages = folder / "messages"
        messages.mkdir(exist_ok=True)
        return {
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.05,
        }
    return {
        # Redis gives a message again that was not acknowledged for so long. Ours are acknowledged
        # when they are taken (`_acknowledgement`), before any work, so this is only the time
        # between a worker's receipt of a message and its begin.
        "visibility_timeout": _UNACKNOWLEDGED_S,
        "socket_connect_timeout": 2,
        "socket_timeout": _TIMEOUT_S,
    }


def after_commit(session: Session, task: str, row_id: UUID | int | str) -> None:
    """Remember to queue `task` once the transaction is committed (see `send_remembered`)."""
    session.info.setdefault("notifications", []).append((task, (str(row_id),)))


def send_remembered(session: Session, celery: Celery) -> None:
    """Queue what the session's transaction asked for. Called right after its commit."""
    for task, arguments in session.info.pop("notifications", ()):
        send(celery, task, *arguments)


def send(celery: Celery, task: str, *arguments: str) -> bool:
    """Queue a task by its name; say whether the broker took it.

    A broker that is down is a line in the log, never an error: the row waits, and maintenance
    queues it again. While it is down one call at a time waits for it, and the others do not try.
    """
    if not _may_try(celery):
        log.info("broker_skipped", task=task, arguments=arguments)
        return False
    try:
        celery.send_task(task, args=arguments, queue=QUEUES.get(task, QUEUE), retry=False)
    except (KombuError, OSError) as error:
        log.warning("broker_down", task=task, arguments=arguments, error=repr(error))
        with _untried:
            _untried_until[celery] = time.monotonic() + TRY_AGAIN_S
        return False
    with _untried:
        _untried_until.pop(celery, None)
    return True


def _may_try(celery: Celery) -> bool:
    """Whether the broker is there as far as is known, or it is this caller's turn to find out."""
    with _untried:
        until, clock = _untried_until.get(celery), time.monotonic()
        if until is None:
            return True
        if clock < until:
            return False
        _untried_until[celery] = clock + _TIMEOUT_S + TRY_AGAIN_S  # others leave this try alone
        return True
