"""Checks: one at a time, started by administrators, run by a worker."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, NotFoundError
from backend.jobs.celery import after_commit
from backend.jobs.names import CHECK
from backend.system.checks import repository
from backend.system.checks.schemas import CheckRunDetail, CheckRunIn, CheckRunOut, CheckRuns
from backend.tables import Check, User
from backend.tables.vocabulary import JobState

PATH = "/api/v1/checks"


def list_checks(session: Session) -> CheckRuns:
    """The latest checks, newest first."""
    return CheckRuns(
        items=[CheckRunOut.model_validate(check) for check in repository.newest(session)]
    )


def find(session: Session, check_id: UUID) -> CheckRunDetail:
    """A check with its findings.

    Raises:
        NotFoundError
    """
    check = repository.get(session, check_id)
    if check is None:
        raise NotFoundError(f"There is no check {check_id}.")
    return CheckRunDetail.model_validate(check)


def start(session: Session, actor: User | None, options: CheckRunIn, *, attempt: int = 0) -> Check:
    """Queue a check for a worker; with an `attempt`, the caller runs it itself.

    Raises:
        ConflictError: another one is under way.
    """
    now = utc_now()
    check = Check(
        under_way=True,
        deep=options.deep,
        fix=options.fix,
        only=sorted(set(options.only)),
        created_by=actor and actor.id,
        created_at=now,
        notified_at=now,
        state=JobState.RUNNING if attempt else JobState.QUEUED,
        attempt=attempt,
        started_at=now if attempt else None,
        heartbeat_at=now if attempt else None,
    )
    try:
        if repository.under_way(session) is not None:
            raise _under_way()
        repository.add(session, check)
    except IntegrityError as error:  # another was started at the same time
        raise _under_way() from error
    audit.record(
        session, actor, "checks.started", "check", check.id, fix=check.fix, deep=check.deep
    )
    if not attempt:
        after_commit(session, CHECK, check.id)
    return check


def _under_way() -> ConflictError:
    return ConflictError(
        "A check is under way. Wait until it has finished.", code="check_under_way"
    )
