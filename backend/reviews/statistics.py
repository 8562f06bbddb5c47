"""Agreement between independent readers, and their throughput."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.reviews import repository
from backend.reviews.schemas import DayShare, DayThroughput, ReviewerThroughput, StatsOut
from backend.reviews.verdicts import kappa
from backend.tables import ReviewDay, ReviewTime

MIN_TIME_S = 600
"""Reviewing time below which no rate per hour is given."""

DAYS = 30
"""Number of days in the statistics per day."""


def read(session: Session) -> StatsOut:
    """Agreement of first and second readers, and throughput per reviewer and day."""
    pairs = repository.pairs(session)
    times = repository.times(session)
    days = repository.days(session, utc_now().date() - timedelta(days=DAYS))
    names = repository.names(
        session, {row.reviewer_id for row in times} | {row.reviewer_id for row in days}
    )
    total = sum(pairs.values())
    same = sum(number for (first, second), number in pairs.items() if first == second)
    return StatsOut(
        kappa=kappa(pairs),
        pairs=total,
        agreement=same / total if total else None,
        per_reviewer=_per_reviewer(times, names),
        per_day=_per_day(days, names),
    )


def _per_reviewer(
    times: Sequence[ReviewTime], names: Mapping[UUID, str]
) -> list[ReviewerThroughput]:
    reviewers = [
        _throughput(list(rows), names[reviewer])
        for reviewer, rows in groupby(times, key=lambda row: row.reviewer_id)
    ]
    return sorted(reviewers, key=lambda row: (-row.reviews, row.name))


def _throughput(rows: Sequence[ReviewTime], name: str) -> ReviewerThroughput:
    reviews = sum(row.reviews for row in rows)
    seconds = sum(row.milliseconds for row in rows) / 1000
    return ReviewerThroughput(
        name=name,
        reviews=reviews,
        per_hour=3600 * reviews / seconds if seconds >= MIN_TIME_S else None,
        median_seconds=_median(rows, reviews),
    )


def _median(rows: Sequence[ReviewTime], reviews: int) -> float:
    """The median of whole seconds, each given as often as its row says; shortest first."""
    middle = {(reviews - 1) // 2, reviews // 2}
    found: list[int] = []
    passed = 0
    for row in rows:
        passed += row.reviews
        found += [row.seconds for place in sorted(middle) if place < passed]
        middle = {place for place in middle if place >= passed}
        if not middle:
            break
    return sum(found) / len(found)


def _per_day(days: Sequence[ReviewDay], names: Mapping[UUID, str]) -> list[DayThroughput]:
    by_day = [
        (day, [DayShare(name=names[row.reviewer_id], reviews=row.reviews) for row in rows])
        for day, rows in groupby(days, key=lambda row: row.day)
    ]
    return [
        DayThroughput(
            day=day,
            reviews=sum(share.reviews for share in shares),
            reviewers=sorted(shares, key=lambda share: (-share.reviews, share.name)),
        )
        for day, shares in by_day
    ]
