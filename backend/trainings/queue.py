"""Every query of a training's work: whose turn it is, the fenced outcome, and what upkeep asks.

Five folds are five rows that any worker may claim; the last stage, in which they become an
artifact, is the training's own row. It is ready when all folds are done: whoever ends the last one
says so to the queue, and whoever asks finds it so, however often.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from backend.jobs import leases
from backend.jobs.kinds import FOLD
from backend.tables import Training, TrainingFold
from backend.tables.vocabulary import JobState
from backend.trainings.repository import UNDER_WAY, cancel

LAST_STAGE = "Making the artifact"
LOST = "A worker was lost {} times in the middle of it, perhaps for want of memory."
AWAY = "The storage could not be used for too long. Please try again."

_RUNS = Training.state.in_(UNDER_WAY)
_UNFINISHED = exists().where(
    TrainingFold.training_id == Training.id, TrainingFold.state != JobState.DONE.value
)


@dataclass(frozen=True, slots=True)
class Piece:
    """What a worker has claimed: one fold of a training, or its last stage (None)."""

    training_id: UUID
    fold: int | None
    attempt: int
    away_since: datetime | None = None


def claim_next(session: Session, now: datetime) -> Piece | None:
    """Take the next piece of the oldest training; None where nothing waits."""
    fold = session.execute(
        select(TrainingFold.training_id, TrainingFold.fold)
        .join(TrainingFold.training)
        .where(FOLD.is_due(now))
        .order_by(Training.created_at, Training.id, TrainingFold.fold)
        .limit(1)
        .with_for_update(of=TrainingFold, skip_locked=True)
    ).first()
    if fold is not None:
        return _claim_fold(session, *fold, now)
    last = _last_stages(now).limit(1).with_for_update(skip_locked=True)
    training_id = session.scalars(last).first()
    return None if training_id is None else _claim_last(session, training_id, now)


def waits(session: Session, now: datetime) -> UUID | None:
    """The training of a piece that may be claimed now; None where nothing waits."""
    fold = leases.waits(session, FOLD, now)
    return session.scalars(_last_stages(now).limit(1)).first() if fold is None else fold[0]


def _last_stages(now: datetime) -> Select[UUID]:
    """Trainings whose folds are done, and whose last stage nobody is at."""
    due = or_(Training.due_at.is_(None), Training.due_at <= now)
    return (
        select(Training.id)
        .where(_RUNS, Training.heartbeat_at.is_(None), due, ~_UNFINISHED)
        .order_by(Training.created_at, Training.id)
    )


def _claim_fold(session: Session, training_id: UUID, fold: int, now: datetime) -> Piece | None:
    claimed = session.execute(
        update(TrainingFold)
        .where(
            TrainingFold.training_id == training_id,
            TrainingFold.fold == fold,
            TrainingFold.state == JobState.QUEUED.value,
        )
        .values(leases.lease_values(FOLD, now))
        .returning(TrainingFold.attempt, TrainingFold.away_since)
        .execution_options(synchronize_session=False)
    ).first()
    if claimed is None:
        return None
    session.execute(
        update(Training)
        .where(Training.id == training_id, Training.state == JobState.QUEUED.value)
        .values(state=JobState.RUNNING.value, started_at=now, stage="Training")
        .execution_options(synchronize_session=False)
    )
    return Piece(training_id, fold, claimed.attempt, claimed.away_since)


def _claim_last(session: Session, training_id: UUID, now: datetime) -> Piece | None:
    claimed = session.execute(
        update(Training)
        .where(Training.id == training_id, _RUNS, Training.heartbeat_at.is_(None))
        .values(attempt=Training.attempt + 1, heartbeat_at=now, due_at=None, stage=LAST_STAGE)
        .returning(Training.attempt, Training.away_since)
        .execution_options(synchronize_session=False)
    ).first()
    if claimed is None:
        return None
    return Piece(training_id, None, claimed.attempt, claimed.away_since)


def heartbeat(session: Session, piece: Piece, now: datetime) -> bool:
    """Say that this attempt is alive. False: the lease is lost, stop working on it."""
    return _update_if_leased(session, piece, heartbeat_at=now)


def progress(
    session: Session, piece: Piece, stage: str, done: int, total: int, now: datetime
) -> bool:
    """Note how far it is. False: the lease is lost."""
    if piece.fold is None:
        return _update_if_leased(session, piece, stage=stage[:60], heartbeat_at=now)
    return _update_if_leased(
        session, piece, stage=stage[:60], done=done, total=total, heartbeat_at=now
    )


def finish_fold(session: Session, piece: Piece, metrics: dict[str, Any], now: datetime) -> bool:
    """Note that a fold is trained and its result stored. False: the lease is lost."""
    return _update_if_leased(
        session, piece, state=JobState.DONE.value, metrics=metrics, heartbeat_at=now, error=None
    )


def finish(
    session: Session,
    piece: Piece,
    version: str,
    comparison: dict[str, Any] | None,
    now: datetime,
) -> bool:
    """Note that the artifact is there. False: the lease is lost."""
    return _update_if_leased(
        session,
        piece,
        state=JobState.DONE.value,
        stage="",
        artifact_version=version,
        comparison=comparison,
        finished_at=now,
        error=None,
    )


def fail(session: Session, piece: Piece, why: str, now: datetime) -> bool:
    """End the whole training with a sentence for people. False: the lease is lost."""
    if piece.fold is not None:
        mine = _update_if_leased(session, piece, state=JobState.FAILED.value, error=why[:500])
    else:
        mine = _update_if_leased(session, piece, error=why[:500])
    if mine:
        _end(session, piece.training_id, why, now)
    return mine


def release_lease(
    session: Session,
    piece: Piece,
    now: datetime,
    *,
    is_away: bool = False,
    due_at: datetime | None = None,
) -> bool:
    """Let go of it unharmed: it is taken up again where it was (see `leases.release_lease`)."""
    if piece.fold is not None:
        key = (piece.training_id, piece.fold)
        return leases.release_lease(
            session, FOLD, key, piece.attempt, now, is_away=is_away, due_at=due_at
        )
    since = func.coalesce(Training.away_since, now) if is_away else None
    return _update_if_leased(
        session, piece, heartbeat_at=None, nudged_at=now, due_at=due_at, away_since=since
    )


def requeue_expired(
    session: Session,
    now: datetime,
    stale_after: timedelta,
    forgotten_after: timedelta,
    max_lost: int,
) -> tuple[UUID, ...]:
    """Queue again what lost its worker; give up what cannot be done; whom to ring for.

    A training is rung for where something was queued again or became due, and where nothing of it
    runs and nobody was told for `forgotten_after`: while a fold runs, its end says that the next
    one waits.
    """
    cutoff = now - stale_after
    lost, away = LOST.format(max_lost), AWAY
    folds = leases.requeue_expired(
        session,
        FOLD,
        now,
        stale_after,
        max_lost,
        lost={"error": lost},
        away={"error": away},
        notify_at_most=0,
    )
    for training_id, fold in folds.given_up:
        error = session.scalars(
            select(TrainingFold.error).where(FOLD.has_key((training_id, fold)))
        ).one()
        _end(session, training_id, error or lost, now)
    silent = and_(_RUNS, Training.heartbeat_at < cutoff)
    for training_id in session.scalars(
        select(Training.id).where(silent, Training.lost >= max_lost - 1)
    ).all():
        _end(session, training_id, lost, now)
    too_long = and_(_RUNS, Training.away_since < now - leases.MOST_AWAY)
    for training_id in session.scalars(select(Training.id).where(too_long)).all():
        _end(session, training_id, away, now)
    last = _nudged(session, silent, now, heartbeat_at=None, lost=Training.lost + 1)
    runs = exists().where(
        TrainingFold.training_id == Training.id, TrainingFold.state == JobState.RUNNING.value
    )
    due = exists().where(
        TrainingFold.training_id == Training.id, FOLD.is_due(now), TrainingFold.due_at.is_not(None)
    )
    idle = and_(_RUNS, ~runs, Training.heartbeat_at.is_(None))
    forgotten = and_(idle, Training.nudged_at < now - forgotten_after)
    rested = or_(
        and_(_RUNS, due, Training.nudged_at < cutoff),
        and_(idle, Training.due_at <= now, Training.nudged_at < Training.due_at),
    )
    back = {training_id for training_id, _ in folds.notify}
    return tuple({*back, *last, *_nudged(session, or_(forgotten, rested), now)})


def _nudged(
    session: Session, where: ColumnElement[bool], now: datetime, **values: Any
) -> tuple[UUID, ...]:
    return tuple(
        session.scalars(
            update(Training)
            .where(where)
            .values(nudged_at=now, **values)
            .returning(Training.id)
            .execution_options(synchronize_session=False)
        )
    )


def _end(session: Session, training_id: UUID, why: str, now: datetime) -> None:
    session.execute(
        update(Training)
        .where(Training.id == training_id, _RUNS)
        .values(state=JobState.FAILED.value, stage="", error=why[:500], finished_at=now)
        .execution_options(synchronize_session=False)
    )
    cancel(session, training_id, JobState.CANCELLED)


def _update_if_leased(session: Session, piece: Piece, /, **values: Any) -> bool:
    if piece.fold is not None:
        key = (piece.training_id, piece.fold)
        return leases.update_if_leased(session, FOLD, key, piece.attempt, values)
    changed = session.execute(
        update(Training)
        .where(
            Training.id == piece.training_id,
            _RUNS,
            Training.attempt == piece.attempt,
            Training.heartbeat_at.is_not(None),
        )
        .values(**values)
        .returning(Training.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
