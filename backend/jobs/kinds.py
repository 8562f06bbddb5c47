"""Every kind of job: whose rows wait, and which workers take them."""

from sqlalchemy import and_, select

from backend.jobs import CHECK, INGEST, PREPARE, RELEASE, SCREEN, TAKE_IN, TRAIN
from backend.jobs.leases import JobKind
from backend.tables import Arrival, Check, Contribution, Release, Screening, Training, TrainingFold
from backend.tables.vocabulary import ContributionState, JobState

SCREENING = JobKind(
    name="screening",
    task=SCREEN,
    table=Screening,
    key=(Screening.id,),
    order=(Screening.queued_at, Screening.id),
    names={"state": "status", "notified_at": "nudged_at"},
    # Its client was not served by a claim that came to nothing.
    queued_again={"done": 0, "claimed_at": None},
)

UPLOAD = JobKind(
    name="upload",
    task=TAKE_IN,
    table=Arrival,
    key=(Arrival.id,),
    order=(Arrival.queued_at, Arrival.id),
    names={"notified_at": "nudged_at"},
)

PREPARATION = JobKind(
    name="preparation",
    task=PREPARE,
    table=Contribution,
    key=(Contribution.id,),
    order=(Contribution.submitted_at, Contribution.id),
    wanted=Contribution.state == ContributionState.PENDING.value,
    prefix="prep_",
    names={"notified_at": "prep_queued_at"},
)
"""Frames for the reviewers' player, the contact sheet and the model's answer: all that waits."""

INGESTION = JobKind(
    name="ingest",
    task=INGEST,
    table=Contribution,
    key=(Contribution.id,),
    order=(Contribution.decided_at, Contribution.id),
    # A review that was opened again leaves the last decision standing until there is another.
    wanted=and_(
        Contribution.final_label.is_not(None),
        Contribution.state.not_in(
            (ContributionState.WITHDRAWN.value, ContributionState.REJECTED.value)
        ),
    ),
    prefix="ingest_",
    names={"notified_at": "ingest_queued_at"},
)
"""Pixels for the dataset, of what was approved."""

RELEASING = JobKind(
    name="release",
    task=RELEASE,
    table=Release,
    key=(Release.number,),
    order=(Release.number,),
    names={"notified_at": "nudged_at"},
)

FOLD = JobKind(
    name="fold",
    task=TRAIN,
    table=TrainingFold,
    key=(TrainingFold.training_id, TrainingFold.fold),
    order=(TrainingFold.training_id, TrainingFold.fold),
    wanted=TrainingFold.training_id.in_(
        select(Training.id).where(
            Training.state.in_((JobState.QUEUED.value, JobState.RUNNING.value))
        )
    ),
    names={"notified_at": "nudged_at"},
)
"""One fold of a training. Its last stage is the training's own row (`backend.trainings.queue`)."""

CHECKING = JobKind(
    name="check",
    task=CHECK,
    table=Check,
    key=(Check.id,),
    order=(Check.created_at, Check.id),
)
"""A look at everything that is stored; one is under way at a time."""

OF_WORKERS = (SCREENING, UPLOAD, PREPARATION, INGESTION, RELEASING, CHECKING)
