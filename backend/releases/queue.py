"""Every query of the making of a release: the claim, the fenced outcome, and what upkeep asks."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from backend.jobs import leases
from backend.jobs.kinds import RELEASING
from backend.jobs.leases import RequeueResult
from backend.releases.repository import gone_ids
from backend.tables import Release, ReleaseItem
from backend.tables.releases import Facts, ItemFiles, ReleaseSummary, StoredFile, TopFiles
from backend.tables.vocabulary import JobState

# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def claim_next(session: Session, now: datetime) -> Release | None:
    """Take the release that waits: running, one attempt more, heartbeat now; None where none."""
    query = select(Release.number).where(RELEASING.is_due(now)).order_by(*RELEASING.order)
    number = session.scalars(query.limit(1).with_for_update(skip_locked=True)).first()
    if number is None:
        return None
    claimed = session.execute(
        update(Release)
        .where(Release.number == number, Release.state == JobState.QUEUED.value)
        .values(leases.lease_values(RELEASING, now))
        .returning(Release.number)
        .execution_options(synchronize_session=False)
    )
    if claimed.first() is None:
        return None
    return session.get(Release, number, populate_existing=True)


def note_item(
    session: Session,
    number: int,
    attempt: int,
    contribution_id: UUID,
    facts: Facts,
    files: ItemFiles,
    now: datetime,
) -> bool:
    """Note what was found of one item. False: the lease is lost."""
    if not _update_if_leased(session, number, attempt, done=Release.done + 1, heartbeat_at=now):
        return False
    session.execute(
        update(ReleaseItem)
        .where(ReleaseItem.release_number == number, ReleaseItem.contribution_id == contribution_id)
        .values(facts=facts, files=files)
        .execution_options(synchronize_session=False)
    )
    return True


def drop_gone(session: Session, number: int, attempt: int, now: datetime) -> bool:
    """Leave out what was withdrawn or rejected while it was made. False: the lease is lost."""
    if not _update_if_leased(session, number, attempt, heartbeat_at=now):
        return False
    gone = gone_ids(session, number)
    if gone:
        _delete_items(session, number, ReleaseItem.contribution_id.in_(gone))
        left = select(func.count()).where(ReleaseItem.release_number == number)
        measured = left.where(ReleaseItem.files.is_not(None))
        values = {"total": left.scalar_subquery(), "done": measured.scalar_subquery()}
        session.execute(update(Release).where(Release.number == number).values(**values))
    return True


def finish(
    session: Session,
    number: int,
    attempt: int,
    now: datetime,
    *,
    summary: ReleaseSummary,
    files: list[StoredFile],
    archive_bytes: int,
) -> bool:
    """Publish it. False: the lease is lost, nothing was written."""
    return _update_if_leased(
        session,
        number,
        attempt,
        state=JobState.DONE.value,
        summary=summary,
        files=TopFiles(files=files),
        archive_bytes=archive_bytes,
        finished_at=now,
        heartbeat_at=now,
        error=None,
    )


def fail(session: Session, number: int, attempt: int, why: str, now: datetime) -> bool:
    """Fail it with a sentence for people, and free its recordings. False: the lease is lost."""
    ours = _update_if_leased(
        session,
        number,
        attempt,
        state=JobState.FAILED.value,
        error=why[:500],
        finished_at=now,
        heartbeat_at=now,
    )
    if ours:
        _delete_items(session, number)
    return ours


def _update_if_leased(session: Session, number: int, attempt: int, /, **values: Any) -> bool:
    return leases.update_if_leased(session, RELEASING, number, attempt, values)


def _delete_items(session: Session, number: int, *where: ColumnElement[bool]) -> None:
    session.execute(
        delete(ReleaseItem)
        .where(ReleaseItem.release_number == number, *where)
        .execution_options(synchronize_session=False)
    )


# Upkeep's side.


def requeue_expired(
    session: Session, now: datetime, stale_after: timedelta, max_lost: int
) -> RequeueResult:
    """Queue again what lost its worker, give up what cannot be done; its recordings are free again.

    See `leases.requeue_expired`.
    """
    found = leases.requeue_expired(
        session,
        RELEASING,
        now,
        stale_after,
        max_lost,
        lost={
            "error": f"Making the release was interrupted {max_lost} times. Please try again.",
            "finished_at": now,
        },
        away={
            "error": "The storage could not be used for too long. Please try again.",
            "finished_at": now,
        },
    )
    for number in found.given_up:
        _delete_items(session, number)
    return found
