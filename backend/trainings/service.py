"""The rules of trainings: what can be trained on, one at a time, and its end before the end."""

from collections.abc import Sequence
from typing import Any
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
from backend.tables.vocabulary import JobState
from backend.trainings import repository
from backend.trainings.schemas import (
    FoldOut,
    TrainingIn,
    TrainingOut,
    TrainingPage,
    TrainingSettings,
)
from models.contract import CLASS_NAMES, CLASSES

PATH = "/api/v1/trainings"

log = structlog.get_logger(__name__)


def start(session: Session, actor: User, wanted: TrainingIn) -> Training:
    """Queue a training of five folds on a release.

    Raises:
        NotFoundError: no such release, or it is not finished.
        ConflictError: another training is under way, or the release cannot be trained on.
    """
    repository.hold(session)
    release = releases.get(session, wanted.release)
    if release is None or release.state != JobState.DONE:
        raise NotFoundError(f"There is no release {wanted.release}.")
    other = repository.under_way(session)
    if other is not None:
        raise ConflictError(
            f"A training on release {other.release_number} is under way. Wait for its end, or "
            "cancel it."
        )
    left_out = left_out_today(session, wanted.release)
    _check_classes(session, wanted.release, left_out)
    now = utc_now()
    training = Training(
        id=uuid4(),
        release_number=wanted.release,
        settings=wanted.settings.model_dump(),
        left_out=[str(each) for each in left_out],
        created_by=actor.id,
        created_at=now,
        assembly_notified_at=now,
    )
    folds = [
        TrainingFold(training_id=training.id, fold=fold, notified_at=now) for fold in range(FOLDS)
    ]
    repository.add(session, training, folds)
    audit.record(
        session, actor, "trainings.started", "training", training.id, release=wanted.release
    )
    for _ in folds:  # any five workers may take one each
        after_commit(session, TRAIN, training.id)
    log.info("training_queued", training=str(training.id), release=wanted.release)
    return find(session, training.id)


def _check_classes(session: Session, number: int, left_out: Sequence[UUID]) -> None:
    """Each fold's model must have seen every class: two patients of each, in two folds."""
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
    """Trainings, the newest first.

    Raises:
        InvalidInputError: the cursor is none of ours.
    """
    found = repository.page(session, cursor or None, limit)
    return TrainingPage(items=[shown(each) for each in found.rows], next=found.next)


def shown(training: Training) -> TrainingOut:
    """The row as the API shows it. The folds are loaded."""
    return TrainingOut(
        id=training.id,
        release=training.release_number,
        state=training.state,
        stage=training.stage,
        settings=TrainingSettings.model_validate(training.settings),
        created_at=training.created_at,
        started_at=training.started_at,
        finished_at=training.finished_at,
        error=training.error,
        folds=[
            FoldOut(
                fold=each.fold,
                state=each.state,
                stage=each.stage,
                done=each.done,
                total=each.total,
                error=each.error,
                metrics=each.metrics,
            )
            for each in sorted(training.folds, key=lambda each: each.fold)
        ],
        artifact_version=training.artifact_version,
        left_out=[UUID(each) for each in training.left_out],
        comparison=_comparison(training),
    )


def _comparison(training: Training) -> dict[str, Any] | None:
    """What was compared; without the figures of before recordings were known by what they show.

    Those took recordings that the active artifact had been trained on, and which were encoded anew
    since, for recordings that it had never seen.
    """
    found = training.comparison
    if found is None or "known_by" in found:
        return found
    return {
        **found,
        "recordings": 0,
        "frames": 0,
        "new": found["new"] | {"metrics": None},
        "active": found["active"] | {"metrics": None, "may_have_seen": True},
    }


def cancel(session: Session, actor: User, training_id: UUID) -> Training:
    """End a training that waits or runs; its workers stop within seconds.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended.
    """
    if not repository.end(session, training_id, utc_now()):
        training = find(session, training_id)
        raise ConflictError(f"This training has ended: it is {training.state}.")
    repository.cancel(session, training_id, JobState.CANCELLED)
    audit.record(session, actor, "trainings.cancelled", "training", training_id)
    log.info("training_cancelled", training=str(training_id))
    return find(session, training_id)
