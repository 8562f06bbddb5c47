"""Statistics of reviews: the numbers that are kept are what a reading of every verdict gives."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from backend.core.db import Database, utc_now
from backend.reviews import statistics, tally
from backend.reviews.schemas import StatsOut
from backend.reviews.statistics import DAYS, MIN_TIME_S
from backend.reviews.verdicts import kappa, rating
from backend.tables import Review, User
from tests.factories import create_user
from tests.factories_contributions import create_submission
from tests.factories_reviews import create_prepared, create_review

READERS = ("Ann", "Ben", "Cleo")


@dataclass(frozen=True)
class Given:
    """A verdict of a reader on one of a few recordings."""

    recording: int
    reader: int
    verdict: str
    label: str
    days_ago: int
    milliseconds: int


@dataclass(frozen=True)
class Undone:
    """One of the verdicts so far is undone, by its place among them."""

    place: int


ACTIONS = st.lists(
    st.one_of(
        st.builds(
            Given,
            recording=st.integers(0, 2),
            reader=st.integers(0, len(READERS) - 1),
            verdict=st.sampled_from(["approve", "reject", "request_changes"]),
            label=st.sampled_from(["covid19", "healthy"]),
            days_ago=st.sampled_from([0, 1, DAYS - 1, DAYS + 2]),
            milliseconds=st.integers(0, 900_000),
        ),
        st.builds(Undone, place=st.integers(0, 20)),
    ),
    max_size=25,
)


@dataclass
class Rounds:
    """A session in which verdicts are given and undone, as the service does."""

    session: Session
    readers: list[User] = field(default_factory=list)
    given: list[Review] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.readers = [create_user(self.session, "reviewer", name=name) for name in READERS]
        submission = create_submission(self.session)
        self.recordings = [create_prepared(self.session, submission=submission) for _ in range(3)]

    def apply(self, action: Given | Undone) -> None:
        valid = [review for review in self.given if review.undone_at is None]
        if isinstance(action, Undone):
            if valid:
                self.undo(valid[action.place % len(valid)])
            return
        recording, reader = self.recordings[action.recording], self.readers[action.reader]
        of_round = [review for review in valid if review.contribution_id == recording.id]
        if reader.id not in {review.reviewer_id for review in of_round}:
            self.give(action, len(of_round) + 1)

    def give(self, action: Given, reading: int) -> None:
        at = utc_now() - timedelta(days=action.days_ago)
        review = create_review(
            self.session,
            self.recordings[action.recording],
            self.readers[action.reader],
            verdict=action.verdict,
            label=action.label if action.verdict == "approve" else None,
            reading=reading,
            created_at=at,
            claimed_at=at - timedelta(milliseconds=action.milliseconds),
        )
        tally.count_given(self.session, review)
        self.given.append(review)

    def undo(self, review: Review) -> None:
        review.undone_at = utc_now()
        self.session.flush()
        tally.count_undone(self.session, review)


def milliseconds(review: Review) -> int:
    return round((review.created_at - review.claimed_at).total_seconds() * 1000)


def assert_as_counted(found: StatsOut, reviews: list[Review], names: dict[UUID, str]) -> None:
    """Compare the statistics with a count of all verdicts."""
    valid = sorted(
        (review for review in reviews if review.undone_at is None),
        key=lambda review: (review.created_at, review.reading),
    )
    rounds: defaultdict[UUID, list[str]] = defaultdict(list)
    times: defaultdict[str, list[int]] = defaultdict(list)
    days: Counter[Any] = Counter()
    since = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    for review in valid:
        name = names[review.reviewer_id]
        rounds[review.contribution_id].append(rating(review))
        times[name].append(milliseconds(review))
        if review.created_at.date() >= since:
            days[review.created_at.date(), name] += 1
    pairs = Counter((given[0], given[1]) for given in rounds.values() if len(given) > 1)

    assert found.pairs == pairs.total()
    assert found.kappa == kappa(pairs)
    assert found.agreement == (
        sum(number for (first, second), number in pairs.items() if first == second) / pairs.total()
        if pairs
        else None
    )
    assert {
        (day.day, share.name): share.reviews for day in found.per_day for share in day.reviewers
    } == days
    assert all(
        day.reviews == sum(share.reviews for share in day.reviewers) for day in found.per_day
    )
    seconds = {name: sum(took) / 1000 for name, took in times.items()}
    assert {reviewer.name: reviewer.model_dump() for reviewer in found.per_reviewer} == {
        name: {
            "name": name,
            "reviews": len(took),
            "per_hour": 3600 * len(took) / seconds[name] if seconds[name] >= MIN_TIME_S else None,
            "median_seconds": median((each + 500) // 1000 for each in took),
        }
        for name, took in times.items()
    }


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ACTIONS)
def test_after_any_verdicts_given_and_undone_they_are_what_counting_all_gives(
    database: Database, actions: list[Given | Undone]
) -> None:
    with database.write() as session:
        rounds = Rounds(session)
        names = {reader.id: reader.name for reader in rounds.readers}
        for action in actions:
            rounds.apply(action)
        assert_as_counted(statistics.read(session), rounds.given, names)
        session.rollback()


def test_the_first_reader_is_the_one_who_is_left_when_the_earlier_verdict_is_undone(
    database: Database,
) -> None:
    with database.write() as session:
        rounds = Rounds(session)
        for reader, verdict in enumerate(("approve", "reject", "reject")):
            rounds.apply(Given(0, reader, verdict, "covid19", 0, 1000))
        assert statistics.read(session).agreement == 0
        rounds.undo(rounds.given[0])
        assert statistics.read(session).agreement == 1


def test_without_verdicts_there_is_nothing_to_say(database: Database) -> None:
    with database.read() as session:
        assert statistics.read(session) == StatsOut(
            kappa=None, pairs=0, agreement=None, per_reviewer=[], per_day=[]
        )
