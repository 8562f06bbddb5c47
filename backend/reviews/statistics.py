"""Agreement between independent readers, and their throughput."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.reviews import repository
from backend.reviews.schemas import DayShare, DayThroughput, ReviewerThroughput, StatsOut
from backend.reviews.verdicts import kappa, rating
from backend.tables.vocabulary import Label, Verdict

MIN_TIME_S = 600
"""Reviewing time below which no rate per hour is given."""

DAYS = 30
"""Number of days in the statistics per day."""


class _Reading(NamedTuple):
    verdict: Verdict
    label: Label | None


def stats(session: Session) -> StatsOut:
    """Agreement of first and second readers, and throughput per reviewer and day."""
    pairs = _pairs(repository.valid_verdicts(session))
    work = repository.review_times(session)
    same = sum(first == second for first, second in pairs)
    return StatsOut(
        kappa=kappa(pairs),
        pairs=len(pairs),
        agreement=same / len(pairs) if pairs else None,
        per_reviewer=_per_reviewer(work),
        per_day=_per_day(work, utc_now().date() - timedelta(days=DAYS)),
    )


def _pairs(verdicts: Sequence[Row[UUID, int, Verdict, Label | None]]) -> list[tuple[str, str]]:
    """Ratings of the first and second reader, for every round that had both."""
    rounds: defaultdict[tuple[UUID, int], list[str]] = defaultdict(list)
    for contribution_id, number, verdict, label in verdicts:
        rounds[contribution_id, number].append(rating(_Reading(verdict, label)))
    return [(ratings[0], ratings[1]) for ratings in rounds.values() if len(ratings) > 1]


def _per_reviewer(work: Sequence[Row[Any, Any, Any, Any]]) -> list[ReviewerThroughput]:
    seconds: defaultdict[UUID, list[float]] = defaultdict(list)
    names: dict[UUID, str] = {}
    for reviewer_id, name, claimed_at, created_at in work:
        names[reviewer_id] = name
        seconds[reviewer_id].append((created_at - claimed_at).total_seconds())
    reviewers = [
        ReviewerThroughput(
            name=names[reviewer_id],
            reviews=len(durations),
            per_hour=3600 * len(durations) / sum(durations)
            if sum(durations) >= MIN_TIME_S
            else None,
            median_seconds=median(durations),
        )
        for reviewer_id, durations in seconds.items()
    ]
    return sorted(reviewers, key=lambda row: (-row.reviews, row.name))


def _per_day(work: Sequence[Row[Any, Any, Any, Any]], since: date) -> list[DayThroughput]:
    days: defaultdict[date, Counter[tuple[UUID, str]]] = defaultdict(Counter)
    for reviewer_id, name, _, created_at in work:
        if created_at.date() >= since:
            days[created_at.date()][reviewer_id, name] += 1
    return [
        DayThroughput(
            day=day,
            reviews=counts.total(),
            reviewers=[
                DayShare(name=name, reviews=number) for (_, name), number in counts.most_common()
            ],
        )
        for day, counts in sorted(days.items())
    ]
