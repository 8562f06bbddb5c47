"""The numbers of the statistics of reviews have tables, counted once from the reviews so far."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_AT_ONCE = 500


def upgrade() -> None:
    """Make the tables, and count."""
    days = op.create_table(
        "review_days",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("reviewer_id", sa.Uuid(), sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("reviews", sa.Integer(), nullable=False),
    )
    times = op.create_table(
        "review_times",
        sa.Column("reviewer_id", sa.Uuid(), sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("seconds", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
    )
    pairs = op.create_table(
        "review_pairs",
        sa.Column("first", sa.String(50), primary_key=True),
        sa.Column("second", sa.String(50), primary_key=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
    )
    by_day = Counter[tuple[date, UUID]]()
    by_time = Counter[tuple[UUID, int]]()
    milliseconds = Counter[tuple[UUID, int]]()
    by_pair = Counter[tuple[str, str]]()
    for readings in _rounds():
        ratings = [_rating(each.verdict, each.label) for each in readings]
        if len(ratings) > 1:
            by_pair[ratings[0], ratings[1]] += 1
        for each in readings:
            given = _utc(each.created_at)
            took = round((given - _utc(each.claimed_at)).total_seconds() * 1000)
            bucket = each.reviewer_id, (took + 500) // 1000
            by_day[given.date(), each.reviewer_id] += 1
            by_time[bucket] += 1
            milliseconds[bucket] += took
    _insert(
        days,
        [
            {"day": day, "reviewer_id": reviewer, "reviews": number}
            for (day, reviewer), number in by_day.items()
        ],
    )
    _insert(
        times,
        [
            {
                "reviewer_id": bucket[0],
                "seconds": bucket[1],
                "reviews": number,
                "milliseconds": milliseconds[bucket],
            }
            for bucket, number in by_time.items()
        ],
    )
    _insert(
        pairs,
        [
            {"first": first, "second": second, "rounds": number}
            for (first, second), number in by_pair.items()
        ],
    )


def downgrade() -> None:
    """Drop the tables; the reviews themselves are as they were."""
    for name in ("review_pairs", "review_times", "review_days"):
        op.drop_table(name)


def _rounds() -> Iterator[list[Any]]:
    """The verdicts of each round that were not undone, in the order in which they were given."""
    reviews = sa.table(
        "reviews",
        sa.column("contribution_id", sa.Uuid()),
        sa.column("reviewer_id", sa.Uuid()),
        sa.column("round", sa.Integer()),
        sa.column("reading", sa.Integer()),
        sa.column("verdict", sa.String()),
        sa.column("label", sa.String()),
        sa.column("claimed_at", sa.DateTime(timezone=True)),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("undone_at", sa.DateTime(timezone=True)),
    ).c
    query = (
        sa.select(*reviews)
        .where(reviews.undone_at.is_(None))
        .order_by(reviews.contribution_id, reviews.round, reviews.created_at, reviews.reading)
    )
    rows = op.get_bind().execute(query)
    for _, readings in groupby(rows, key=lambda row: (row.contribution_id, row.round)):
        yield list(readings)


def _rating(verdict: str, label: str | None) -> str:
    return f"{verdict} {label}" if verdict == "approve" else verdict


def _utc(moment: datetime) -> datetime:
    """SQLite has no time zones: what it holds is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _insert(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _AT_ONCE):
        op.bulk_insert(table, rows[start : start + _AT_ONCE])
