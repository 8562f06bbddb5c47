"""The numbers of the statistics, kept up to date in the transactions that change the verdicts.

Reading every verdict takes longer the more there are; these numbers are read instead.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.core.db import Base
from backend.reviews import repository
from backend.reviews.verdicts import rating
from backend.tables.reviews import Review, ReviewDay, ReviewPair, ReviewTime

_Pair = tuple[str, str]


def count_given(session: Session, review: Review) -> None:
    """Count a verdict that was just given; its contribution is locked."""
    _count_own(session, review, 1)
    after = _round(session, review)
    _move_pair(
        session, _pair([reading for reading in after if reading.id != review.id]), _pair(after)
    )


def count_undone(session: Session, review: Review) -> None:
    """Count a verdict no longer, which was just undone; its contribution is locked."""
    _count_own(session, review, -1)
    after = _round(session, review)
    before = sorted([*after, review], key=lambda reading: (reading.created_at, reading.reading))
    _move_pair(session, _pair(before), _pair(after))


def _round(session: Session, review: Review) -> list[Review]:
    """The verdicts of the review's round that were not undone, in the order of their readings."""
    live = repository.live_reviews(session, review.contribution_id)
    return [reading for reading in live if reading.round == review.round]


def _pair(readings: Sequence[Review]) -> _Pair | None:
    """The ratings of the first and the second reader; None while there are fewer than two."""
    return (rating(readings[0]), rating(readings[1])) if len(readings) > 1 else None


def _count_own(session: Session, review: Review, number: int) -> None:
    milliseconds = round((review.created_at - review.claimed_at).total_seconds() * 1000)
    reviewer = review.reviewer_id
    day = review.created_at.astimezone(UTC).date()
    _add(session, ReviewDay, {"day": day, "reviewer_id": reviewer}, {"reviews": number})
    _add(
        session,
        ReviewTime,
        {"reviewer_id": reviewer, "seconds": (milliseconds + 500) // 1000},
        {"reviews": number, "milliseconds": number * milliseconds},
    )


def _move_pair(session: Session, before: _Pair | None, after: _Pair | None) -> None:
    if before == after:
        return
    changes = [(pair, number) for pair, number in ((before, -1), (after, 1)) if pair is not None]
    for (first, second), number in sorted(changes):  # in one order: two transactions never deadlock
        _add(session, ReviewPair, {"first": first, "second": second}, {"rounds": number})


def _add(
    session: Session, table: type[Base], key: Mapping[str, Any], changes: Mapping[str, int]
) -> None:
    """Add to the numbers of the row with this key, which may be the first of it."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert: Any = postgresql.insert if is_postgresql else sqlite.insert
    added = {name: getattr(table, name) + number for name, number in changes.items()}
    statement = insert(table).values(**key, **changes)
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=added))
