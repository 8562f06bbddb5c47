"""One turn of a task on contributions: claim the next row, work, record whatever happens."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from backend.core import audit
from backend.core.db import now
from backend.jobs.leases import JobKind
from backend.reviews import lanes
from backend.storage.base import MissingObjectError
from backend.tables import Contribution
from models.media.sampling import MediaError
from worker.dependencies import AWAY
from worker.leases import Lease, LeaseLostError, held
from worker.maintenance.contributions import delete_made
from worker.stored import DamagedError
from worker.task import reading, transaction

log = structlog.get_logger(__name__)

TOO_SLOW = "It took too long; send a shorter or smaller recording."
DAMAGED = "The stored file is damaged; it must be sent again."
MISSING = "Its pixels are no longer stored; it must be sent again."
INTERNAL = "Something went wrong on our side; the log tells what."
_SENTENCES: dict[type[Exception], str] = {
    SoftTimeLimitExceeded: TOO_SLOW,
    DamagedError: DAMAGED,
    MissingObjectError: MISSING,
}


class Hold(Lease):
    """Our hold on one contribution's work."""

    @property
    def id(self) -> UUID:
        """The contribution's id."""
        found: UUID = self.key
        return found


Work = Callable[[Hold, Contribution], dict[str, Any]]
"""Makes what is to be made of a contribution; returns the columns that tell of it."""


Afterwards = Callable[[Session, UUID], None]
"""What else is done in the transaction that records a failure."""


def take_turn(
    lane: JobKind, notified_for: str, work: Work, verb: str, on_failure: Afterwards | None = None
) -> bool:
    """Do the lane's work for the contribution that has waited longest; nothing may wait.

    Args:
        lane: the task.
        notified_for: whose message this is, for the log.
        work: see `Work`; may raise MediaError, LeaseLostError, and those of `AWAY`.
        verb: the audit log's word for it, such as `reviews.prepared`.
        on_failure: see `Afterwards`.

    Returns:
        Whether it was done and recorded.
    """
    with transaction() as session:
        row = lanes.claim_next(session, lane, now())
    if row is None:
        log.info("nothing_waits")
        return False
    hold = Hold(
        kind=lane,
        key=row.id,
        attempt=lane.value(row, "attempt"),
        away_since=lane.value(row, "away_since"),
    )
    with bound_contextvars(contribution=str(row.id)):
        log.info("contribution_claimed", attempt=hold.attempt, notified_for=notified_for)
        with held(hold):
            return _outcome(hold, row, work, verb, on_failure or _nothing_else)


def _outcome(hold: Hold, row: Contribution, work: Work, verb: str, on_failure: Afterwards) -> bool:
    """Turn whatever happens into columns of the row."""
    try:
        found = work(hold, row)
        with transaction() as session:
            if not lanes.finish(session, hold.kind, hold.id, hold.attempt, now(), **found):
                raise LeaseLostError
            audit.record(session, None, verb, "contribution", hold.id)
    except LeaseLostError:
        _clean_up(hold)
    except AWAY:
        raise
    except Exception as error:
        why = _why(error)
        with transaction() as session:
            ours = lanes.fail(session, hold.kind, hold.id, hold.attempt, why)
            if ours:
                audit.record(session, None, f"{verb}_not", "contribution", hold.id, why=why)
                on_failure(session, hold.id)
        log.exception("contribution_failed", recorded=ours)
    else:
        log.info("contribution_done")
        return True
    return False


def _why(error: Exception) -> str:
    """A sentence for people; the log has the trace."""
    if isinstance(error, MediaError):
        return error.message
    return _SENTENCES.get(type(error), INTERNAL)


def _clean_up(hold: Hold) -> None:
    """Remove what we made where nobody wants it; another attempt's row owns the same keys."""
    with reading() as session:
        gone = lanes.is_withdrawn(session, hold.id)
    if gone:
        delete_made(hold.id)
    log.info("contribution_not_ours", deleted=gone)


def _nothing_else(_session: Session, _contribution_id: UUID) -> None:
    """Stands in where a failure is only recorded."""
