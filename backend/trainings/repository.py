"""Every query about trainings."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from backend.core.pagination import Keyset, Page
from backend.tables import ReleaseItem, Training, TrainingFold
from backend.tables.vocabulary import JobState, Probe

_TRAINING_LOCK = 0x747261696E  # "train": a number of ours among PostgreSQL's advisory locks
_CHUNK = 500
UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)


def lock(session: Session) -> None:
    """Serialize starting trainings until this transaction ends; SQLite does so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_TRAINING_LOCK)))


def add(session: Session, training: Training, folds: Sequence[TrainingFold]) -> None:
    """Add a new training with its folds."""
    session.add(training)
    session.flush()
    session.add_all(folds)
    session.flush()


def get(session: Session, training_id: UUID) -> Training | None:
    """The training with its folds."""
    return session.get(
        Training, training_id, options=[selectinload(Training.folds)], populate_existing=True
    )


def page(session: Session, cursor: str | None, limit: int) -> Page[Training]:
    """Trainings with their folds, newest first."""
    newest_first = Keyset(Training.created_at, Training.id, descending=True)
    query = select(Training).options(selectinload(Training.folds))
    return newest_first.page(session, query, cursor, limit)


def under_way(session: Session) -> Training | None:
    """A training that waits or runs."""
    return session.scalars(select(Training).where(Training.state.in_(UNDER_WAY)).limit(1)).first()


def under_way_ids(session: Session) -> set[UUID]:
    """Ids of all trainings that wait or run."""
    return set(session.scalars(select(Training.id).where(Training.state.in_(UNDER_WAY))))


def folds_by_label(
    session: Session, number: int, labels: Collection[str], left_out: Collection[UUID]
) -> dict[str, set[int]]:
    """For each label, the folds of a release that have it, among what is trained on."""
    counts = (
        select(ReleaseItem.label, ReleaseItem.fold, func.count())
        .where(
            ReleaseItem.release_number == number,
            ReleaseItem.probe == Probe.CONVEX,
            ReleaseItem.label.in_(labels),
        )
        .group_by(ReleaseItem.label, ReleaseItem.fold)
    )
    remaining = Counter({(label, fold): count for label, fold, count in session.execute(counts)})
    ids = iter(set(left_out))
    while chunk := list(islice(ids, _CHUNK)):
        some = counts.where(ReleaseItem.contribution_id.in_(chunk))
        remaining.subtract({(label, fold): count for label, fold, count in session.execute(some)})
    folds: dict[str, set[int]] = {label: set() for label in labels}
    for (label, fold), count in remaining.items():
        if count:
            folds[label].add(fold)
    return folds


def end(session: Session, training_id: UUID, now: datetime) -> bool:
    """Cancel a training that waits or runs. False: there is none, or it has ended."""
    ended = session.execute(
        update(Training)
        .where(Training.id == training_id, Training.state.in_(UNDER_WAY))
        .values(state=JobState.CANCELLED, stage="", finished_at=now)
        .returning(Training.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


def cancel(session: Session, training_id: UUID, state: JobState) -> None:
    """End a training's folds that wait or run."""
    session.execute(
        update(TrainingFold)
        .where(TrainingFold.training_id == training_id, TrainingFold.state.in_(UNDER_WAY))
        .values(state=state)
        .execution_options(synchronize_session=False)
    )


def begin(session: Session, training_id: UUID, now: datetime) -> None:
    """Note that the first of its folds is trained."""
    session.execute(
        update(Training)
        .where(Training.id == training_id, Training.state == JobState.QUEUED)
        .values(state=JobState.RUNNING, started_at=now, stage="Training")
        .execution_options(synchronize_session=False)
    )


def fail(session: Session, training_id: UUID, why: str, now: datetime) -> None:
    """End a training that waits or runs with a sentence for people."""
    session.execute(
        update(Training)
        .where(Training.id == training_id, Training.state.in_(UNDER_WAY))
        .values(state=JobState.FAILED, stage="", error=why[:500], finished_at=now)
        .execution_options(synchronize_session=False)
    )
    cancel(session, training_id, JobState.CANCELLED)
