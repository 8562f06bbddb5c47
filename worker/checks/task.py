"""The task of a check: look through everything that is stored."""

from collections.abc import Mapping

from celery.exceptions import SoftTimeLimitExceeded

from backend.core.db import utc_now
from backend.jobs.kinds import CHECKING
from backend.jobs.leases import Failure
from backend.jobs.names import CHECK
from backend.system.checks.finding import Check as LookFor
from backend.system.checks.finding import Context
from backend.system.checks.run import CHECKS, NAMES, Runner
from backend.tables import Check, User
from worker import process
from worker.checks.pixels import pixels
from worker.dependencies import database_errors
from worker.maintenance.duties import duty, requeue
from worker.runner import Again, Done, Job, JobSpec, run_job
from worker.task import reading, task, transaction

INTERNAL = Failure("Something went wrong on our side; the log has the details.")

ALL: Mapping[str, LookFor] = {name: {**CHECKS, "pixels": pixels}[name] for name in NAMES}
"""Every kind of damage, in the order in which it is looked for."""


@task(CHECK)
def check(notified_for: str) -> None:
    """Run the check that waits."""
    run_job(SPEC, notified_for)


@duty("requeue-checks")
def requeue_expired() -> None:
    """Queue again a check that lost its worker or its message."""
    requeue("requeue-checks", CHECKING)


def _check(job: Job[Check]) -> Done | Again:
    this_process, row = process.current(), job.row
    with reading() as session:
        actor = None if row.created_by is None else session.get(User, row.created_by)
    context = Context(
        this_process.database,
        transaction,
        this_process.storage,
        this_process.settings,
        this_process.celery,
        utc_now(),
        deep=row.deep,
        actor=actor,
    )
    try:
        with database_errors():
            Runner(context, job.lease, ALL).run()
    except (
        SoftTimeLimitExceeded
    ):  # what it has recorded stays, and the next attempt continues from there
        return Again()
    return Done()


SPEC = JobSpec(kind=CHECKING, work=_check, internal=INTERNAL, subject=("check",))
