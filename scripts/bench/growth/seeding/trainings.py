"""Trainings and their folds."""

from backend.tables.vocabulary import JobState
from scripts.bench.growth.seeding.context import Context


def seed(context: Context) -> None:
    """Insert trainings that are done, one that assembles its models, and one that waits."""
    count = 3 + context.size // 2000
    ids = [context.id() for _ in range(count)]
    context.made.training = ids[0]
    # All are done but the last two: one waits for its models, one for its folds.
    states = [*[JobState.DONE] * (count - 2), JobState.RUNNING, JobState.QUEUED]
    context.insert(
        "trainings",
        [
            {
                "id": each,
                "state": state,
                "created_at": context.ago(days=count - place),
                "assembly_state": JobState.DONE if state is JobState.DONE else JobState.QUEUED,
            }
            for place, (each, state) in enumerate(zip(ids, states, strict=True))
        ],
        release_number=1,
        settings={},
        created_by=context.admin,
        assembly_notified_at=context.later,
    )
    context.insert(
        "training_folds",
        [
            {
                "training_id": each,
                "fold": fold,
                "state": JobState.QUEUED if state is JobState.QUEUED else JobState.DONE,
            }
            for each, state in zip(ids, states, strict=True)
            for fold in range(5)
        ],
        notified_at=context.later,
        metrics={"accuracy": 0.9},
    )
