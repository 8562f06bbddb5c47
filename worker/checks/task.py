"""The task of a check: claim the one that waits, look, record whatever happens."""

from collections.abc import Mapping

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from backend.core.db import now
from backend.core.errors import PocovidError
from backend.jobs import CHECK, send
from backend.jobs.kinds import CHECKING
from backend.jobs.leases import next_try, release_lease
from backend.system.checks import repository
from backend.system.checks.finding import Check as LookFor
from backend.system.checks.finding import Context
from backend.system.checks.run import CHECKS, NAMES, LeaseLostError, Runner
from backend.tables import Check, User
from worker import process
from worker.checks.pixels import pixels
from worker.maintenance.duties import duty, stale_after
from worker.process import Pulse
from worker.task import reading, task, transaction

log = structlog.get_logger(__name__)

INTERNAL = "Something went wrong on our side; the log tells what."

ALL: Mapping[str, LookFor] = {name: {**CHECKS, "pixels": pixels}[name] for name in NAMES}
"""Every kind of damage, in the order in which it is looked for."""


@task(CHECK)
def check(notified_for: str) -> None:
    """Run the check that waits; none may."""
    with transaction() as session:
        row = repository.lease_next(session, now())
    if row is None:
        log.info("no_check_waits")
        return
    with bound_contextvars(check=str(row.id)):
        log.info("check_leased", attempt=row.attempt, notified_for=notified_for)
        with Pulse(lambda: _heartbeat(row), process.current().settings.heartbeat_s):
            _run(row)


@duty("requeue-checks")
def requeue_expired() -> None:
    """Queue again a check that lost its worker or its message."""
    mine = process.current()
    patience = stale_after("requeue-checks")
    with transaction() as session:
        found = repository.requeue(session, now(), patience, mine.settings.max_attempts)
    for check_id in found.notify:
        send(mine.celery, CHECK, str(check_id))
    if found.notify or found.given_up:
        log.info("checks_requeued", notified=len(found.notify), given_up=len(found.given_up))


def _heartbeat(row: Check) -> None:
    with transaction() as session:
        repository.note(session, row.id, row.attempt, heartbeat_at=now())


def _run(row: Check) -> None:
    mine = process.current()
    with reading() as session:
        actor = None if row.created_by is None else session.get(User, row.created_by)
    context = Context(
        mine.database,
        transaction,
        mine.storage,
        mine.settings,
        mine.celery,
        now(),
        deep=row.deep,
        actor=actor,
    )
    runner = Runner(context, row, ALL)
    try:
        runner.run()
        runner.end()
    except LeaseLostError:
        log.info("check_lease_lost")
    except SoftTimeLimitExceeded:  # what it has noted stands, and the next turn goes on there
        _release(row, is_away=False)
        send(mine.celery, CHECK, str(row.id))
    except (PocovidError, SQLAlchemyError):
        log.warning("check_waits", exc_info=True)
        _release(row, is_away=True)
    except Exception:
        log.exception("check_broke")
        runner.end(INTERNAL)
        raise


def _release(row: Check, *, is_away: bool) -> None:
    with transaction() as session:
        due_at = next_try(row.away_since, now()) if is_away else None
        release_lease(session, CHECKING, row.id, row.attempt, now(), is_away=is_away, due_at=due_at)
