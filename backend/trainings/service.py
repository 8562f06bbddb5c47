"""Trainings: what can be trained on, one at a time, and cancelling."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, NotFoundError
from backend.jobs.celery import after_commit
from backend.jobs.names import TRAIN
from backend.releases import repository as releases
from backend.releases.folds import FOLDS
from backend.releases.grouping import left_out_today
from backend.tables import Training, TrainingFold, User
from backend.tables.trainings import Comparison
from backend.tables.vocabulary import JobState
from backend.trainings import repository
from backend.trainings.schemas import (
    FoldOut,
    TrainingIn,
    TrainingOut,
    TrainingPage,
)
from models.contract import CLASS_NAMES, CLASSES

PATH = "/api/v1/trainings"

log = structlog.get_logger(__name__)


def start(session: Session, actor: User, form: TrainingIn) -> Training:
    """Queue a training of five folds on a release.

    Raises:
        NotFoundError: no such release, or it is not finished.
        ConflictError: another training is under way, or the release cannot be trained on.
    """
    repository.lock(session)
    release = releases.get(session, form.release)
    if release is None or release.state != JobState.DONE:
        raise NotFoundError(f"There is no release {form.release}.")
    other = repository.under_way(session)
    if other is not None:
        raise ConflictError(
            f"A training on release {other.release_number} is under way. Wait until it is "
            "finished, or cancel it."
        )
    left_out = left_out_today(session, form.release)
    _check_classes(session, form.release, left_out)
    now = utc_now()
    training = Training(
        id=uuid4(),
        release_number=form.release,
        settings=form.settings,
        left_out=[str(id_) for id_ in left_out],
        created_by=actor.id,
        created_at=now,
        assembly_notified_at=now,
    )
    folds = [
        TrainingFold(training_id=training.id, fold=fold, notified_at=now) for fold in range(FOLDS)
    ]
    repository.add(session, training, folds)
    audit.record(session, actor, "trainings.started", "training", training.id, release=form.release)
    for _ in folds:  # so that up to five trainers take one each
        after_commit(session, TRAIN, training.id)
    log.info("training_queued", training=str(training.id), release=form.release)
    return find(session, training.id)


def _check_classes(session: Session, number: int, left_out: Sequence[UUID]) -> None:
    """Every fold's model must see every class, so each class needs patients in two folds."""
    homes = repository.folds_by_label(session, number, CLASSES, left_out)
    for label in CLASSES:
        if len(homes[label]) < 2:
            raise ConflictError(
                f"Release {number} cannot be trained on: it needs convex recordings of at least "
                f"two patients of each class, and of {CLASS_NAMES[label]} it has "
                f"{'only one' if homes[label] else 'none'}."
            )


def find(session: Session, training_id: UUID) -> Training:
    """The training with its folds.

    Raises:
        NotFoundError: there is none.
    """
    training = repository.get(session, training_id)
    if training is None:
        raise NotFoundError(f"There is no training {training_id}.")
    return training


def page(session: Session, cursor: str | None, limit: int) -> TrainingPage:
    """Trainings, newest first.

    Raises:
        InvalidInputError: the cursor is invalid.
    """
    found = repository.page(session, cursor or None, limit)
    return TrainingPage(items=[to_schema(row) for row in found.rows], next=found.next)


def to_schema(training: Training) -> TrainingOut:
    """The training as the API returns it. Its folds must be loaded."""
    return TrainingOut(
        id=training.id,
        release=training.release_number,
        state=training.state,
        stage=training.stage,
        settings=training.settings,
        created_at=training.created_at,
        started_at=training.started_at,
        finished_at=training.finished_at,
        error=training.error,
        folds=[
            FoldOut(
                fold=fold.fold,
                state=fold.state,
                stage=fold.stage,
                done=fold.done,
                total=fold.total,
                error=fold.error,
                metrics=fold.metrics,
            )
            for fold in sorted(training.folds, key=lambda fold: fold.fold)
        ],
        artifact_version=training.artifact_version,
        left_out=[UUID(id_) for id_ in training.left_out],
        comparison=_comparison(training),
    )


def _comparison(training: Training) -> Comparison | None:
    """The comparison, without figures from before recordings were recognised by appearance.

    Those treated re-encoded recordings that the active artifact was trained on as unseen ones.
    """
    comparison = training.comparison
    if comparison is None or "known_by" in comparison:
        return comparison
    return {
        **comparison,
        "recordings": 0,
        "frames": 0,
        "new": {**comparison["new"], "metrics": None},
        "active": {**comparison["active"], "metrics": None, "may_have_seen": True},
    }


def cancel(session: Session, actor: User, training_id: UUID) -> Training:
    """Cancel a training that waits or runs; its workers stop within seconds.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has already ended.
    """
    if not repository.end(session, training_id, utc_now()):
        training = find(session, training_id)
        raise ConflictError(f"This training has already ended: it is {training.state}.")
    repository.cancel(session, training_id, JobState.CANCELLED)
    audit.record(session, actor, "trainings.cancelled", "training", training_id)
    log.info("training_cancelled", training=str(training_id))
    return find(session, training_id)
