"""The service itself: its checks and its workers."""

from backend.tables.vocabulary import JobState
from scripts.bench.growth.seeding.context import Context


def seed(context: Context) -> None:
    """Insert checks, one of which waits, and the workers."""
    _checks(context)
    _workers(context)


def _checks(context: Context) -> None:
    ids = [context.id() for _ in range(20)]
    context.made.check = ids[1]
    counts = {"found": 0, "mendable": 0, "mended": 0}
    context.insert(
        "checks",
        [
            {
                "id": each,
                "under_way": True if place == 0 else None,
                "state": JobState.QUEUED if place == 0 else JobState.DONE,
                "created_at": context.ago(days=place),
            }
            for place, each in enumerate(ids)
        ],
        counts={"missing": counts},
        notified_at=context.later,
    )


def _workers(context: Context) -> None:
    workers = [{"name": f"host:{number}"} for number in range(2)]
    context.insert("workers", workers, started_at=context.now, seen_at=context.later)
