"""The kinds of jobs: their tables, their order, and which workers run them."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from backend.jobs.leases import Columns, Failure, JobKind
from backend.jobs.names import (
    CHECK,
    DEIDENTIFY,
    DELIVER,
    IMPORT_UPLOAD,
    MAKE_PREVIEWS,
    RELEASE,
    SCREEN,
    TRAIN,
)
from backend.tables import (
    Check,
    Contribution,
    Delivery,
    Release,
    Screening,
    Training,
    TrainingFold,
    Upload,
)
from backend.tables.vocabulary import ContributionState, JobState

STORAGE_AWAY = "The storage was unavailable for too long."


def _finished(now: datetime) -> Columns:
    return {"finished_at": now}


SCREENING = JobKind(
    name="screening",
    task=SCREEN,
    table=Screening,
    key=(Screening.id,),
    order=(Screening.queued_at, Screening.id),
    lost=Failure(
        "The screening was interrupted {lost} times. Please upload it again; if this happens "
        "again, the recording may be damaged.",
        "worker_lost",
    ),
    away=Failure(f"{STORAGE_AWAY} Please upload it again.", "storage_unreachable"),
    leased=lambda now: {
        "done": 0,
        "claimed_at": now,
        "started_at": func.coalesce(Screening.started_at, now),
    },
    # `claimed_at` counts as the client's turn, which an attempt without a result is not.
    queued_again=lambda _now: {"done": 0, "claimed_at": None},
    ended=_finished,
)
"""Leased by clients in turns (`backend.screenings.repository.turns`)."""

UPLOAD = JobKind(
    name="upload",
    task=IMPORT_UPLOAD,
    table=Upload,
    key=(Upload.id,),
    order=(Upload.queued_at, Upload.id),
    lost=Failure("Importing this file was interrupted. Please upload it again.", "worker_lost"),
    away=Failure(f"{STORAGE_AWAY} Please upload it again.", "storage_unreachable"),
    # An upload that was interrupted so that others can run goes to the end of the queue.
    released=lambda now: {"queued_at": now},
    ended=_finished,
)

PREVIEWS = JobKind(
    name="previews",
    task=MAKE_PREVIEWS,
    table=Contribution,
    key=(Contribution.id,),
    order=(Contribution.submitted_at, Contribution.id),
    lost=Failure("It was interrupted {lost} times; the recording may be damaged."),
    away=Failure(STORAGE_AWAY),
    wanted=Contribution.state == ContributionState.PENDING,
    prefix="previews_",
)
"""Frames for the reviewers' player, the contact sheet and the models' answer."""

DEIDENTIFICATION = JobKind(
    name="deidentification",
    task=DEIDENTIFY,
    table=Contribution,
    key=(Contribution.id,),
    order=(Contribution.decided_at, Contribution.id),
    lost=Failure("It was interrupted {lost} times; the recording may be damaged."),
    away=Failure(STORAGE_AWAY),
    # A reopened review does not cancel it: the last decision holds until there is a new one.
    wanted=and_(
        Contribution.final_label.is_not(None),
        Contribution.state.not_in((ContributionState.WITHDRAWN, ContributionState.REJECTED)),
    ),
    prefix="deidentify_",
)
"""The approved recording as pixels of the dataset, without anything that identifies."""

RELEASING = JobKind(
    name="release",
    task=RELEASE,
    table=Release,
    key=(Release.number,),
    order=(Release.number,),
    lost=Failure("Making the release was interrupted {lost} times. Please try again."),
    away=Failure(f"{STORAGE_AWAY} Please try again."),
    ended=_finished,
)

_OTHER_FOLD = aliased(TrainingFold)

FOLD = JobKind(
    name="fold",
    task=TRAIN,
    table=TrainingFold,
    key=(TrainingFold.training_id, TrainingFold.fold),
    order=(
        select(Training.created_at)
        .where(Training.id == TrainingFold.training_id)
        .scalar_subquery(),
        TrainingFold.training_id,
        TrainingFold.fold,
    ),
    lost=Failure(
        "A worker stopped {lost} times during this step, perhaps because it ran out of memory."
    ),
    away=Failure(f"{STORAGE_AWAY} Please try again."),
    wanted=TrainingFold.training_id.in_(
        select(Training.id).where(Training.state.in_((JobState.QUEUED, JobState.RUNNING)))
    ),
    # While a fold runs, the next one gets its message when that ends.
    announced=~select(_OTHER_FOLD.fold)
    .where(
        _OTHER_FOLD.training_id == TrainingFold.training_id,
        _OTHER_FOLD.state == JobState.RUNNING,
    )
    .exists(),
)
"""One fold of a training, which any worker may lease."""

ASSEMBLY = JobKind(
    name="assembly",
    task=TRAIN,
    table=Training,
    key=(Training.id,),
    order=(Training.created_at, Training.id),
    lost=FOLD.lost,
    away=FOLD.away,
    wanted=and_(
        Training.state.in_((JobState.QUEUED, JobState.RUNNING)),
        ~select(TrainingFold.fold)
        .where(TrainingFold.training_id == Training.id, TrainingFold.state != JobState.DONE)
        .exists(),
    ),
    prefix="assembly_",
    error="error",
    leased=lambda _now: {"stage": "Making the artifact"},
)
"""The last stage of a training, once all folds are done: it makes their artifact."""

CHECKING = JobKind(
    name="check",
    task=CHECK,
    table=Check,
    key=(Check.id,),
    order=(Check.created_at, Check.id),
    lost=Failure("Workers stopped during the check, perhaps because they ran out of memory."),
    away=Failure("The storage or the database was away too long."),
    leased=lambda now: {"started_at": now},
    ended=lambda now: {"finished_at": now, "under_way": None, "stage": ""},
)
"""A check of everything that is stored; only one is unfinished at a time."""

DELIVERY = JobKind(
    name="delivery",
    task=DELIVER,
    table=Delivery,
    key=(Delivery.id,),
    order=(Delivery.queued_at, Delivery.id),
    lost=Failure("Sending the answer was interrupted {lost} times.", "worker_lost"),
    away=Failure("The peer, or the storage, was unavailable for a day.", "peer_unreachable"),
    leased=lambda _now: {"tries": Delivery.tries + 1},
    ended=_finished,
)
"""The answer of a screening, on its way to a DICOM peer."""

_Kinds = tuple[JobKind[Any], ...]

OF_WORKERS: _Kinds = (SCREENING, UPLOAD, PREVIEWS, DEIDENTIFICATION, RELEASING, CHECKING, DELIVERY)
OF_TRAINERS: _Kinds = (FOLD, ASSEMBLY)
