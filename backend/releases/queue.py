"""Every query of the making of a release: the claim, the fenced outcome, and what upkeep asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from backend.releases.repository import gone_ids
from backend.tables import Release, ReleaseItem
from backend.tables.vocabulary import JobState


@dataclass(frozen=True, slots=True)
class PutBack:
    """What `put_back` found: numbers to nudge again, and numbers that were given up."""

    nudge: tuple[int, ...]
    given_up: tuple[int, ...]


# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def claim_next(session: Session, now: datetime) -> Release | None:
    """Take the release that waits: running, one attempt more, heartbeat now; None where none."""
    query = select(Release.number).where(Release.state == JobState.QUEUED.value)
    number = session.scalars(query.limit(1).with_for_update(skip_locked=True)).first()
    if number is None:
        return None
    claimed = session.execute(
        update(Release)
        .where(Release.number == number, Release.state == JobState.QUEUED.value)
        .values(state=JobState.RUNNING.value, attempt=Release.attempt + 1, heartbeat_at=now)
        .returning(Release.number)
        .execution_options(synchronize_session=False)
    )
    if claimed.first() is None:
        return None
    return session.get(Release, number, populate_existing=True)


def heartbeat(session: Session, number: int, attempt: int, now: datetime) -> bool:
    """Say that this attempt is alive. False: it is not ours any more, stop working on it."""
    return _while_ours(session, number, attempt, heartbeat_at=now)


def note_item(
    session: Session,
    number: int,
    attempt: int,
    contribution_id: UUID,
    facts: dict[str, Any],
    files: list[dict[str, Any]],
    now: datetime,
) -> bool:
    """Note what was found of one item. False: it is not ours."""
    if not _while_ours(session, number, attempt, done=Release.done + 1, heartbeat_at=now):
        return False
    session.execute(
        update(ReleaseItem)
        .where(ReleaseItem.release_number == number, ReleaseItem.contribution_id == contribution_id)
        .values(facts=facts, files=files)
        .execution_options(synchronize_session=False)
    )
    return True


def drop_gone(session: Session, number: int, attempt: int, now: datetime) -> bool:
    """Leave out what was withdrawn or rejected while it was made. False: it is not ours."""
    if not _while_ours(session, number, attempt, heartbeat_at=now):
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
    summary: dict[str, Any],
    files: list[dict[str, Any]],
    archive_bytes: int,
) -> bool:
    """Publish it. False: it is not ours, nothing was written."""
    return _while_ours(
        session,
        number,
        attempt,
        state=JobState.DONE.value,
        summary=summary,
        files={"files": files},
        archive_bytes=archive_bytes,
        finished_at=now,
        heartbeat_at=now,
        error=None,
    )


def fail(session: Session, number: int, attempt: int, why: str, now: datetime) -> bool:
    """Give it up with a sentence for people; its recordings are free again. False: not ours."""
    ours = _while_ours(
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


def give_back(session: Session, number: int, attempt: int, now: datetime) -> bool:
    """Step aside unharmed: it is queued again and goes on where it was. False: not ours."""
    return _while_ours(
        session,
        number,
        attempt,
        state=JobState.QUEUED.value,
        attempt=Release.attempt - 1,
        heartbeat_at=None,
        nudged_at=now,
    )


def _while_ours(session: Session, number: int, mine: int, /, **values: Any) -> bool:
    changed = session.execute(
        update(Release)
        .where(
            Release.number == number,
            Release.state == JobState.RUNNING.value,
            Release.attempt == mine,
        )
        .values(**values)
        .returning(Release.number)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def _delete_items(session: Session, number: int, *where: ColumnElement[bool]) -> None:
    session.execute(
        delete(ReleaseItem)
        .where(ReleaseItem.release_number == number, *where)
        .execution_options(synchronize_session=False)
    )


# Upkeep's side.


def put_back(session: Session, now: datetime, stale_after: timedelta, max_attempts: int) -> PutBack:
    """Queue again what lost its worker or its message; give up what lost too many workers."""
    cutoff = now - stale_after
    silent = and_(
        Release.state == JobState.RUNNING.value,
        or_(Release.heartbeat_at.is_(None), Release.heartbeat_at < cutoff),
    )
    given_up = _update_all(
        session,
        and_(silent, Release.attempt >= max_attempts),
        state=JobState.FAILED.value,
        error=f"Making the release was interrupted {max_attempts} times. Please try again.",
        finished_at=now,
    )
    for number in given_up:
        _delete_items(session, number)
    lost = _update_all(
        session, silent, state=JobState.QUEUED.value, heartbeat_at=None, nudged_at=now
    )
    waiting = _update_all(
        session,
        and_(Release.state == JobState.QUEUED.value, Release.nudged_at < cutoff),
        nudged_at=now,
    )
    return PutBack(nudge=(*lost, *waiting), given_up=given_up)


def _update_all(session: Session, where: ColumnElement[bool], **values: Any) -> tuple[int, ...]:
    changed = session.scalars(
        update(Release)
        .where(where)
        .values(**values)
        .returning(Release.number)
        .execution_options(synchronize_session=False)
    )
    return tuple(changed)
