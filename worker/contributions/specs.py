"""What both jobs of a contribution have in common: what is recorded of them, and why they fail."""

from collections.abc import Callable
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from backend.core import audit
from backend.jobs.leases import Columns, Failure, JobKind, Lease
from backend.reviews import repository
from backend.storage.base import MissingObjectError
from backend.tables import Contribution
from models.media.sampling import MediaError
from worker.maintenance.contributions import delete_made
from worker.runner import Done, Ended, Job, JobSpec
from worker.stored import DamagedError
from worker.task import reading

INTERNAL = Failure("Something went wrong on our side; the log has the details.")
_FAILURES: dict[type[Exception], Failure] = {
    SoftTimeLimitExceeded: Failure("It took too long; send a shorter or smaller recording."),
    DamagedError: Failure("The stored file is damaged; it must be sent again."),
    MissingObjectError: Failure("Its pixels are no longer stored; it must be sent again."),
}

Work = Callable[[Job[Contribution]], Columns]
"""Makes the files of a contribution, and returns the columns that describe them."""


def contribution_spec(
    kind: JobKind[Contribution],
    work: Work,
    action: str,
    failed_action: str,
    *,
    on_failed: Callable[[Session, UUID], None] = lambda _session, _contribution_id: None,
    on_done: Callable[[], object] = lambda: None,
) -> JobSpec[Contribution]:
    """The spec of a job that makes something of a contribution.

    Args:
        kind: which job.
        work: see `Work`.
        action: the audit log's name for it, such as `reviews.prepared`.
        failed_action: the same where it fails.
        on_failed: what else is written when it fails.
        on_done: what is done once it is recorded.
    """

    def run(job: Job[Contribution]) -> Done:
        made = work(job)
        return Done(
            made, lambda session: audit.record(session, None, action, "contribution", job.key)
        )

    def failed(session: Session, lease: Lease[Contribution], why: Failure) -> None:
        audit.record(session, None, failed_action, "contribution", lease.key, why=why.message)
        on_failed(session, lease.key)

    def afterwards(job: Job[Contribution], ended: Ended) -> None:
        if ended is Ended.DONE:
            on_done()
        elif ended is Ended.LEASE_LOST:
            _delete_unwanted(job.key)

    return JobSpec(
        kind=kind,
        work=run,
        internal=INTERNAL,
        failure_of=_failure_of,
        subject=("contribution",),
        on_failed=failed,
        afterwards=afterwards,
    )


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, MediaError):
        return Failure(error.message)
    return _FAILURES.get(type(error))


def _delete_unwanted(contribution_id: UUID) -> None:
    """Delete what was made for a row that is gone; another attempt's row owns the same keys."""
    with reading() as session:
        unwanted = repository.is_withdrawn(session, contribution_id)
    if unwanted:
        delete_made(contribution_id)
