"""The seconds left that a screening is shown, and who reads the queue for them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from backend.core.db import Database, utc_now
from backend.core.settings import Settings
from backend.jobs import leases
from backend.jobs.kinds import SCREENING
from backend.screenings import repository
from backend.screenings.estimates import (
    Estimate,
    QueueEstimator,
    running_left_s,
    seconds_per_frame,
    waiting_left_s,
)
from backend.screenings.repository import Answered, RecentUploads, Running, Waiting
from tests.factories import create_screening

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def answered(frames: int, work_s: float, *, waited_s: float = 0, ago_s: float = 0) -> Answered:
    return Answered(frames, ago(ago_s + work_s + waited_s), ago(ago_s + work_s), ago(ago_s))


class TestSecondsPerFrame:
    def test_are_unknown_before_the_first_answer(self) -> None:
        assert seconds_per_frame([]) is None

    def test_are_all_seconds_over_all_frames(self) -> None:
        both = [answered(10, 20), answered(30, 20, waited_s=50)]
        assert seconds_per_frame(both) == pytest.approx(1)

    def test_include_the_pause_between_two_and_not_the_wait_in_the_queue(self) -> None:
        """Three in a row, half a second apart, all queued a minute before."""
        three = [answered(1, 1, waited_s=60, ago_s=1.5 * n) for n in range(3)]
        assert seconds_per_frame(three) == pytest.approx(1.5)

    def test_leave_out_an_idle_worker_s_time_and_one_long_pause(self) -> None:
        idle = [answered(1, 1, ago_s=60 * n) for n in range(5)]
        assert seconds_per_frame(idle) == pytest.approx(1)
        no_worker_meanwhile = answered(1, 1, waited_s=30, ago_s=-90)
        assert seconds_per_frame([*idle, no_worker_meanwhile]) == pytest.approx(1)


class TestRunning:
    def test_follows_the_recent_pace_until_it_has_one_of_its_own(self) -> None:
        assert running_left_s(Running(10, 0, ago(2)), 0.6, NOON) == pytest.approx(4)

    def test_follows_its_own_pace_at_the_end(self) -> None:
        assert running_left_s(Running(10, 9, ago(18)), 0.6, NOON) == pytest.approx(0.6)

    def test_never_has_less_than_nothing_left(self) -> None:
        assert running_left_s(Running(1, 0, ago(99)), 0.6, NOON) == 0


class TestWaiting:
    """A frame takes a second."""

    def left_s(
        self, *frames: int, workers: int = 1, running_s: tuple[float, ...] = ()
    ) -> list[float]:
        waiting = [Waiting(uuid4(), frame, "me") for frame in frames]
        left_s = waiting_left_s(waiting, running_s, workers, 1, [], NOON)
        return [left_s[each.id] for each in waiting]

    def test_one_worker_does_one_after_the_other(self) -> None:
        assert self.left_s(3, 2) == [3, 5]

    def test_what_runs_comes_first(self) -> None:
        assert self.left_s(3, 3, workers=2, running_s=(10, 4)) == [7, 10]

    def test_each_goes_to_the_worker_that_is_free_first(self) -> None:
        assert self.left_s(30, 1, 1, 10, workers=2) == [30, 1, 2, 12]

    def test_what_a_killed_worker_left_running_is_no_worker(self) -> None:
        assert self.left_s(3, running_s=(0, 10)) == [13]


class TestClientsInTurn:
    """A frame takes a second of the one worker; mine have two frames each."""

    MINE = tuple(Waiting(uuid4(), 2, "me") for _ in range(3))

    def left_s(self, *uploads: RecentUploads) -> list[float]:
        left_s = waiting_left_s(self.MINE, [], 1, 1, uploads, NOON)
        return [left_s[each.id] for each in self.MINE]

    def test_who_uploads_all_the_time_is_served_between_two_of_mine(self) -> None:
        others = [RecentUploads(f"other {n}", 20, 60, ago(100)) for n in range(4)]
        # Between two of mine four are served, of three frames each.
        assert self.left_s(*others) == pytest.approx([2, 2 + 14, 2 + 28])

    def test_who_uploads_seldom_is_served_between_some_of_mine(self) -> None:
        other = RecentUploads("other", 5, 50, ago(100))
        # Half of the worker's time goes to the other, so mine take twice as long.
        assert self.left_s(other) == pytest.approx([2, 6, 10], abs=0.02)

    def test_my_own_uploads_are_behind_mine(self) -> None:
        assert self.left_s(RecentUploads("me", 50, 500, ago(100))) == [2, 4, 6]

    def test_those_that_wait_already_are_not_counted_twice(self) -> None:
        other = Waiting(uuid4(), 3, "other")
        waiting = [self.MINE[0], other, self.MINE[1]]
        uploads = [RecentUploads("other", 60, 180, ago(100)), RecentUploads("me", 2, 4, ago(1))]
        left_s = waiting_left_s(waiting, [], 1, 1, uploads, NOON)
        assert [left_s[each.id] for each in waiting] == pytest.approx([2, 5, 7])


class SlowQueue:
    """Reads the queue so slowly that others ask meanwhile."""

    def __init__(self) -> None:
        self.reads = 0
        self.reading, self.may_end = threading.Event(), threading.Event()
        self._read = repository.waiting_in_turn

    def __call__(self, session: Session) -> list[Waiting]:
        self.reads += 1
        self.reading.set()
        self.may_end.wait(30)
        return self._read(session)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowQueue]:
    queue = SlowQueue()
    monkeypatch.setattr(repository, "waiting_in_turn", queue)
    yield queue
    queue.may_end.set()


class TestOneReadsForAll:
    LATER = timedelta(seconds=2)

    def test_while_one_reads_the_others_take_what_was_read_before(
        self, database: Database, tmp_path: Path, slow: SlowQueue
    ) -> None:
        estimator, moment = QueueEstimator(Settings(data_dir=tmp_path)), utc_now()
        slow.may_end.set()
        with database.write() as session:
            first, second = create_screening(session), create_screening(session)
            assert estimator.estimate(session, second, moment) == Estimate(None, ahead=1)
            assert leases.lease_this(session, SCREENING, first.id, moment) is not None
            session.commit()
        slow.reading.clear()
        slow.may_end.clear()

        def read() -> None:
            with database.read() as session:
                estimates.append(estimator.estimate(session, second, moment + self.LATER))

        estimates: list[Estimate] = []
        reader = threading.Thread(target=read)
        reader.start()
        assert slow.reading.wait(30)
        with database.read() as session:
            estimate = estimator.estimate(session, second, moment + self.LATER)
        assert estimate == Estimate(None, ahead=1)
        assert reader.is_alive()
        slow.may_end.set()
        reader.join(30)
        assert estimates == [Estimate(None, ahead=0)]
        assert slow.reads == 2

    def test_one_that_was_not_there_yet_is_read(
        self, database: Database, tmp_path: Path, slow: SlowQueue
    ) -> None:
        estimator, moment = QueueEstimator(Settings(data_dir=tmp_path)), utc_now()
        slow.may_end.set()
        with database.write() as session:
            for place in range(3):
                made = create_screening(session, queued_at=moment + timedelta(seconds=place))
                assert estimator.estimate(session, made, moment) == Estimate(None, ahead=place)
                assert estimator.estimate(session, made, moment) == Estimate(None, ahead=place)
        assert slow.reads == 3
