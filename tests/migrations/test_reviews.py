"""Migrations of reviews."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    MetaData,
    delete,
    insert,
    select,
)
from sqlalchemy.orm import Session

import migrations
from backend.core.db import make_engine
from backend.core.settings import Settings
from backend.reviews import tally
from backend.tables import (
    Contribution,
    Review,
    ReviewDay,
    ReviewPair,
    ReviewTime,
    User,
)
from tests.factories import create_user
from tests.factories_reviews import create_prepared, create_review
from tests.migrations.rows import make_row


@pytest.mark.parametrize(
    ("state", "review_round", "is_open"),
    [("pending", 1, True), ("pending", 2, False), ("approved", 1, False)],
)
def test_reviews_of_before_are_open_while_their_round_waits(
    url: str, state: str, review_round: int, is_open: bool
) -> None:
    migrations.upgrade(url, "0019")
    engine = make_engine(Settings(database_url=url))
    before = MetaData()
    now, some_id = datetime(2025, 3, 1, tzinfo=UTC), UUID(int=1)
    others = {"contributions": {"state": state, "review_round": review_round}}
    with engine.begin() as connection:
        before.reflect(connection)
        for name in ("users", "submissions", "contributions", "reviews"):
            row = make_row(before.tables[name], now, some_id) | others.get(name, {})
            connection.execute(insert(before.tables[name]).values(row))
    for _ in range(2):
        migrations.upgrade(url)
        with engine.connect() as connection:
            assert connection.execute(select(Review.is_open)).scalar_one() is is_open
        migrations.downgrade(url, "0019")
    engine.dispose()


def test_verdicts_of_before_are_counted_as_the_service_counts_them(url: str) -> None:
    migrations.upgrade(url)
    engine = make_engine(Settings(database_url=url))
    with Session(engine, expire_on_commit=False) as session:
        first, second, third = (create_user(session, "reviewer") for _ in range(3))
        one, two = (create_prepared(session) for _ in range(2))
        at = datetime(2025, 3, 1, 23, 59, 59, tzinfo=UTC)
        verdicts: list[tuple[Contribution, User, dict[str, Any]]] = [
            (one, third, {"undone_at": at}),
            (one, first, {"claimed_at": at - timedelta(seconds=1.2345)}),
            (one, second, {"reading": 2, "verdict": "reject", "label": None}),
            (two, first, {}),
            (two, second, {"round": 2, "label": "healthy"}),
            (two, third, {"round": 2, "label": "healthy", "reading": 2}),
        ]
        for minutes, (contribution, reviewer, changes) in enumerate(verdicts):
            moment = at + timedelta(minutes=minutes)
            create_review(session, contribution, reviewer, created_at=moment, **changes)
        session.commit()
    numbers = [
        select(ReviewDay.day, ReviewDay.reviewer_id, ReviewDay.reviews),
        select(
            ReviewTime.reviewer_id, ReviewTime.seconds, ReviewTime.reviews, ReviewTime.milliseconds
        ),
        select(ReviewPair.first, ReviewPair.second, ReviewPair.rounds),
    ]

    def stored() -> list[set[Any]]:
        with engine.connect() as connection:
            return [{tuple(row) for row in connection.execute(query)} for query in numbers]

    assert stored() == [set()] * 3
    migrations.downgrade(url, "0025")
    migrations.upgrade(url)
    counted = stored()
    assert ("approve covid19", "reject", 1) in counted[2]
    assert ("approve healthy", "approve healthy", 1) in counted[2]
    assert (first.id, 61, 1, 61234) in counted[1]
    with Session(engine) as session:
        for number in (ReviewDay, ReviewTime, ReviewPair):
            session.execute(delete(number))
        reviews = session.scalars(select(Review).where(Review.undone_at.is_(None))).all()
        for review in sorted(reviews, key=lambda review: review.created_at):
            review.undone_at = review.created_at
        session.flush()
        for review in sorted(reviews, key=lambda review: review.created_at):
            review.undone_at = None
            session.flush()
            tally.count_given(session, review)
        session.commit()
    assert stored() == counted
    migrations.downgrade(url, "0025")
    migrations.upgrade(url)
    assert stored() == counted
    engine.dispose()
