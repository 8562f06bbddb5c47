"""Every query about arriving files: their bytes, the worker's fenced claims, what upkeep asks."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.core.pagination import Keyset, Page
from backend.jobs import leases
from backend.jobs.kinds import UPLOAD
from backend.jobs.leases import RequeueResult
from backend.tables import Arrival, Submission, UploadPiece
from backend.tables.vocabulary import ArrivalState

WORKER_LOST = "Our workers stopped while they took this file in. Please send it again."
STORAGE_AWAY = "The storage could not be used for too long. Please send it again."

_UNFINISHED = (
    ArrivalState.RECEIVING,
    ArrivalState.QUEUED,
    ArrivalState.RUNNING,
)


def add(session: Session, arrival: Arrival) -> None:
    """Add a new row, now."""
    session.add(arrival)
    session.flush()


def get(session: Session, arrival_id: UUID) -> Arrival | None:
    """The arrival with this id."""
    return session.get(Arrival, arrival_id)


def get_own(session: Session, arrival_id: UUID, contributor_id: UUID) -> Arrival | None:
    """The arrival with this id, where it is of a submission of theirs."""
    return session.scalar(
        select(Arrival)
        .join(Submission, Submission.id == Arrival.submission_id)
        .where(Arrival.id == arrival_id, Submission.contributor_id == contributor_id)
    )


def remove(session: Session, arrival_id: UUID) -> None:
    """Delete the row and, by cascade, those of an archive's entries."""
    session.execute(delete(Arrival).where(Arrival.id == arrival_id))


def page(
    session: Session,
    submission_id: UUID,
    state: ArrivalState | None,
    cursor: str | None,
    limit: int,
) -> Page[Arrival]:
    """Arrivals of a submission in the order in which they came."""
    query = select(Arrival).where(Arrival.submission_id == submission_id)
    if state is not None:
        query = query.where(Arrival.state == state)
    return Keyset(Arrival.created_at, Arrival.id).page(session, query, cursor, limit)


def counts(
    session: Session, submission_ids: Collection[UUID]
) -> dict[UUID, dict[ArrivalState, int]]:
    """How many arrivals of each submission are in each state; states without any are left out."""
    found: dict[UUID, dict[ArrivalState, int]] = {}
    query = (
        select(Arrival.submission_id, Arrival.state, func.count())
        .where(Arrival.submission_id.in_(submission_ids))
        .group_by(Arrival.submission_id, Arrival.state)
    )
    for submission_id, state, count in session.execute(query):
        found.setdefault(submission_id, {})[state] = count
    return found


def unfinished(session: Session, submission_id: UUID) -> int:
    """How many files of a submission are still on their way."""
    return session.scalars(
        select(func.count())
        .select_from(Arrival)
        .where(Arrival.submission_id == submission_id, Arrival.state.in_(_UNFINISHED))
    ).one()


def ids(session: Session, submission_id: UUID) -> Sequence[UUID]:
    """Ids of all arrivals of a submission."""
    return session.scalars(select(Arrival.id).where(Arrival.submission_id == submission_id)).all()


# While the bytes come.


def pieces(session: Session, arrival_id: UUID) -> Sequence[UploadPiece]:
    """The pieces of a file, in order."""
    query = select(UploadPiece).where(UploadPiece.arrival_id == arrival_id)
    return session.scalars(query.order_by(UploadPiece.start)).all()


def last_piece(session: Session, arrival_id: UUID) -> UploadPiece | None:
    """The last piece of a file that is here."""
    query = select(UploadPiece).where(UploadPiece.arrival_id == arrival_id)
    return session.scalar(query.order_by(UploadPiece.start.desc()).limit(1))


def add_piece(session: Session, piece: UploadPiece, expected: int) -> bool:
    """Note a piece that is stored. False: it is not wanted, nothing was written.

    That is so where other than `expected` bytes of the file are here by now (another connection
    was faster), where they all are, or where the file was dropped. A piece that begins where one
    begins that is here takes its place.
    """
    changed = session.execute(
        update(Arrival)
        .where(
            Arrival.id == piece.arrival_id,
            Arrival.state == ArrivalState.RECEIVING,
            Arrival.received == expected,
        )
        .values(received=piece.start + piece.bytes)
        .returning(Arrival.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        return False
    session.merge(piece)
    session.flush()
    return True


def forget_pieces(session: Session, arrival_id: UUID) -> None:
    """Forget where the pieces of a file were, whose bytes are deleted."""
    session.execute(delete(UploadPiece).where(UploadPiece.arrival_id == arrival_id))


def complete(session: Session, arrival_id: UUID, now: datetime) -> bool:
    """The worker's turn, where all bytes are here. False: they are not, or that was known."""
    changed = session.execute(
        update(Arrival)
        .where(
            Arrival.id == arrival_id,
            Arrival.state == ArrivalState.RECEIVING,
            Arrival.received == Arrival.bytes,
        )
        .values(
            state=ArrivalState.QUEUED,
            queued_at=now,
            nudged_at=now,
        )
        .returning(Arrival.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


# The worker's side. Each of these is one UPDATE, so that of two callers one wins.


def claim_next(session: Session, now: datetime) -> Arrival | None:
    """Take the file that waits longest: running, one attempt more. None where none waits."""
    first = session.scalar(
        select(Arrival.id)
        .where(UPLOAD.is_due(now))
        .order_by(*UPLOAD.order)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if first is None:
        return None
    session.execute(
        update(Arrival)
        .where(Arrival.id == first, Arrival.state == ArrivalState.QUEUED)
        .values(leases.lease_values(UPLOAD, now))
        .execution_options(synchronize_session=False)
    )
    return session.get(Arrival, first, populate_existing=True)


def progress(
    session: Session, arrival_id: UUID, attempt: int, done: int, total: int, now: datetime
) -> bool:
    """Note `done` of `total` entries of an archive. False: the lease is lost."""
    return _update_if_leased(session, arrival_id, attempt, done=done, total=total, heartbeat_at=now)


def finish(
    session: Session,
    arrival_id: UUID,
    attempt: int,
    now: datetime,
    *,
    kind: str,
    contribution_id: UUID | None = None,
    report: list[dict[str, Any]] | None = None,
) -> bool:
    """It is taken in. False: the lease is lost, nothing was written."""
    return _update_if_leased(
        session,
        arrival_id,
        attempt,
        state=ArrivalState.DONE,
        kind=kind,
        contribution_id=contribution_id,
        report=report or [],
        finished_at=now,
    )


def fail(
    session: Session,
    arrival_id: UUID,
    attempt: int,
    now: datetime,
    *,
    kind: str | None,
    code: str,
    message: str,
) -> bool:
    """Write why it was not taken in, in a sentence for people. False: the lease is lost."""
    return _update_if_leased(
        session,
        arrival_id,
        attempt,
        state=ArrivalState.FAILED,
        kind=kind,
        error_code=code,
        error_message=message[:500],
        finished_at=now,
    )


def entries(session: Session, archive_id: UUID) -> set[int]:
    """Places of an archive's entries that are through, well or not."""
    query = select(Arrival.entry).where(Arrival.parent_id == archive_id)
    return {entry for entry in session.scalars(query) if entry is not None}


def _update_if_leased(session: Session, arrival_id: UUID, attempt: int, /, **values: Any) -> bool:
    return leases.update_if_leased(session, UPLOAD, arrival_id, attempt, values)


# Upkeep's side.


def requeue_expired(
    session: Session,
    now: datetime,
    stale_after: timedelta,
    max_lost: int,
    notify_at_most: int = 20,
) -> RequeueResult:
    """Queue lost files again, give up what cannot be done (see `leases.requeue_expired`)."""
    return leases.requeue_expired(
        session,
        UPLOAD,
        now,
        stale_after,
        max_lost,
        lost={"error_code": "worker_lost", "error_message": WORKER_LOST, "finished_at": now},
        away={
            "error_code": "storage_unreachable",
            "error_message": STORAGE_AWAY,
            "finished_at": now,
        },
        notify_at_most=notify_at_most,
    )


def expired(
    session: Session, now: datetime, but: Collection[UUID] = (), most: int = 100
) -> Sequence[UUID]:
    """Ids of files whose last byte did not come in time; some left out."""
    return session.scalars(
        select(Arrival.id)
        .where(Arrival.state == ArrivalState.RECEIVING, Arrival.expires_at <= now)
        .where(Arrival.id.not_in(but))
        .limit(most)
    ).all()


def with_bytes(session: Session, arrival_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose bytes a row still answers for."""
    query = select(Arrival.id).where(Arrival.id.in_(arrival_ids), Arrival.state.in_(_UNFINISHED))
    return set(session.scalars(query))


def forget_pieces_of_ended(session: Session) -> None:
    """Forget the pieces of files that are taken in or refused, whose worker could not."""
    ended = select(Arrival.id).where(Arrival.state.not_in(_UNFINISHED))
    session.execute(
        delete(UploadPiece)
        .where(UploadPiece.arrival_id.in_(ended))
        .execution_options(synchronize_session=False)
    )


def known_pieces(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the keys under which lie pieces of a file that is still to be taken in."""
    query = (
        select(UploadPiece.key)
        .join(Arrival, Arrival.id == UploadPiece.arrival_id)
        .where(UploadPiece.key.in_(keys), Arrival.state.in_(_UNFINISHED))
    )
    return set(session.scalars(query))
