"""The time that is promised, against queues whose every second is known."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.screenings import forecast
from backend.screenings.forecast import (
    Answered,
    Came,
    Pace,
    Running,
    Waiting,
    measure,
    running_ends_at,
    waiting_end_at,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
TOLERANCE = 0.25
"""How far a promise may be off, as a share of the time that is left, where work varies by 20 %."""

SLACK_S = 3.0
"""What is forgiven where little is left: half of a video."""


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def answered(frames: int, work_s: float, *, waited_s: float = 0, ago_s: float = 0) -> Answered:
    finished_at = NOON - seconds(ago_s)
    claimed_at = finished_at - seconds(work_s)
    return Answered(frames, claimed_at - seconds(waited_s), claimed_at, finished_at)


class TestMeasure:
    def test_nothing_is_known_of_nothing(self) -> None:
        assert measure([]) is None

    def test_of_equal_recordings_is_seconds_over_frames(self) -> None:
        pace = measure([answered(10, 20), answered(10, 10)])
        assert pace is not None
        assert pace.work_s(10) == pytest.approx(15)

    def test_of_stills_and_videos_tells_the_start_from_the_frames(self) -> None:
        """A still takes 0.6 s and a video of thirty 3.5 s: half a second, and a tenth a frame."""
        pace = measure([answered(1, 0.6), answered(30, 3.5), answered(1, 0.6), answered(30, 3.5)])
        assert pace is not None
        assert pace.start_s == pytest.approx(0.5)
        assert pace.frame_s == pytest.approx(0.1)

    def test_of_a_still_that_was_slower_than_a_video_is_no_negative_pace(self) -> None:
        pace = measure([answered(1, 4), answered(30, 2)])
        assert pace is not None
        assert pace.work_s(1) == pace.work_s(30) == pytest.approx(3)

    def test_a_line_that_would_start_below_nothing_goes_through_it(self) -> None:
        pace = measure([answered(1, 0.01), answered(2, 1), answered(30, 30)])
        assert pace is not None
        assert pace.start_s == 0
        assert pace.frame_s == pytest.approx(31.01 / 33)

    def test_the_pause_between_two_counts_and_the_wait_in_line_does_not(self) -> None:
        """Three in a row, a tenth apart, all asked for a minute ago."""
        three = [answered(1, 1, waited_s=60, ago_s=1.1 * n) for n in range(3)]
        pace = measure(three)
        assert pace is not None
        assert pace.pick_up_s == pytest.approx(0.1)


class TestRunning:
    PACE = Pace(0, 1, 0.5)

    def test_follows_what_was_measured_until_it_has_a_pace_of_its_own(self) -> None:
        claimed = Running(frames=10, done=0, claimed_at=NOON - seconds(2))
        assert running_ends_at(claimed, self.PACE, NOON) == NOON + seconds(4)

    def test_follows_its_own_pace_at_the_end(self) -> None:
        nearly = Running(frames=10, done=9, claimed_at=NOON - seconds(18))
        assert running_ends_at(nearly, self.PACE, NOON) == NOON + seconds(0.6)

    def test_is_never_over_before_now(self) -> None:
        late = Running(frames=1, done=0, claimed_at=NOON - seconds(99))
        assert running_ends_at(late, self.PACE, NOON) == NOON


class TestWaiting:
    PACE = Pace(0, 0, 1)

    def ends(self, *frames: int, workers: int, running: tuple[int, ...] = ()) -> list[float]:
        """Seconds until each of those that wait is answered."""
        line = [Waiting(uuid4(), each, "me") for each in frames]
        busy = [Running(each, 0, NOON) for each in running]
        ends = waiting_end_at(line, busy, workers, self.PACE, NOON)
        return [(ends[each.id] - NOON).total_seconds() for each in line]

    def test_one_worker_does_one_after_the_other(self) -> None:
        assert self.ends(3, 2, workers=1) == [3, 5]

    def test_each_goes_to_the_worker_that_is_free_first(self) -> None:
        assert self.ends(30, 1, 1, 10, workers=2) == [30, 1, 2, 12]

    def test_what_runs_comes_first(self) -> None:
        assert self.ends(3, 3, workers=2, running=(10, 4)) == [7, 10]

    def test_what_a_killed_worker_left_running_is_no_worker(self) -> None:
        assert self.ends(3, workers=1, running=(0, 10)) == [13]

    def test_nobody_knows_without_a_worker(self) -> None:
        assert waiting_end_at([Waiting(uuid4(), 1, "me")], [], 0, self.PACE, NOON) == {}

    def test_each_pays_for_being_picked_up_and_started(self) -> None:
        line = [Waiting(uuid4(), 1, "me"), Waiting(uuid4(), 1, "me")]
        ends = waiting_end_at(line, [], 1, Pace(0.1, 0.5, 1), NOON)
        assert ends[line[1].id] == NOON + seconds(3.2)


class TestOthersCome:
    """A frame takes a second, of one worker. Twenty seconds are looked back at, and come again."""

    PACE = Pace(0, 0, 1)
    FIRST = Came(NOON - seconds(20), 1, "somebody", NOON - seconds(20))

    def left_s(self, waiting: list[Waiting], *came: Came) -> list[float | None]:
        ends = waiting_end_at(waiting, [], 1, self.PACE, NOON, [self.FIRST, *came])
        left = {name: (end - NOON).total_seconds() for name, end in ends.items()}
        return [left.get(each.id) for each in waiting]

    def mine(self, *frames: int) -> list[Waiting]:
        return [Waiting(uuid4(), each, "me", NOON - seconds(5)) for each in frames]

    def test_the_first_opens_the_time_and_is_no_rate(self) -> None:
        assert self.left_s(self.mine(6, 6, 60)) == [6, 12, 72]

    def test_another_is_served_between_two_of_mine(self) -> None:
        """Expected in ten seconds, while my second is under way: before my third."""
        other = Came(NOON - seconds(10), 5, "other", NOON - seconds(10))
        assert self.left_s(self.mine(6, 6, 6), other) == [6, 12, 23]

    def test_whom_i_precede_costs_my_first_nothing(self) -> None:
        """Expected in a second; served after me, he is behind me."""
        other = Came(NOON - seconds(19), 5, "other", NOON - seconds(1))
        assert self.left_s(self.mine(3, 3), other) == [3, 11]

    def test_my_own_next_ones_are_behind_mine(self) -> None:
        again = Came(NOON - seconds(19), 9, "me", NOON - seconds(5))
        assert self.left_s(self.mine(3, 3), again) == [3, 6]

    def test_the_same_come_again_and_again(self) -> None:
        """In 8, 28 and 48 seconds."""
        other = Came(NOON - seconds(12), 2, "other", NOON - seconds(12))
        assert self.left_s(self.mine(15, 15, 15, 15), other) == [15, 32, 49, 66]

    def test_strangers_go_before_whoever_was_served(self) -> None:
        """Two in a second, of a second's work each: if all are strangers, my turn never comes."""
        times = [NOON - seconds(n / 2) for n in range(40, 0, -1)]
        strangers = [Came(at, 1, f"at {at}", None, stranger=True) for at in times]
        regulars = [Came(at, 1, "regular", NOON) for at in times]
        assert self.left_s(self.mine(1, 1), *strangers) == [None, None]
        assert self.left_s(self.mine(1, 1), *regulars) == [1, 3]

    def test_foresight_ends_early_where_more_come_than_can_be_served(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ten come while one is served: no look may see tens of thousands of them stand in line."""
        stood: list[str] = []
        join = forecast._Line.join

        def counted(line: forecast._Line, client: str, *rest: Any) -> None:
            stood.append(client)
            join(line, client, *rest)

        monkeypatch.setattr(forecast._Line, "join", counted)
        strangers = [
            Came(NOON - seconds(n / 10), 1, f"at {n}", None, stranger=True)
            for n in range(200, 0, -1)
        ]
        assert self.left_s(self.mine(1, 1), *strangers) == [None, None]
        assert 1000 < len(stood) < 2010


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("seed", range(5))
def test_a_promise_is_kept_within_the_tolerance_until_the_last_in_line(
    workers: int, seed: int
) -> None:
    """Sixty stills and videos whose true work nobody knows before it is done.

    The line is worked through with real times; after each answer everybody who waits is promised
    a time anew, from what has been answered so far.
    """
    chance = random.Random(seed)
    line = [Waiting(uuid4(), chance.choice([1, 1, 1, 12, 30]), "me") for _ in range(60)]
    starts, ends = worked_through(line, workers, chance)
    by_end = sorted(line, key=lambda each: ends[each.id])
    for known in range(10, 50):
        moment = ends[by_end[known].id]
        done = [each for each in line if ends[each.id] <= moment]
        pace = measure([Answered(w.frames, NOON, starts[w.id], ends[w.id]) for w in done[-30:]])
        assert pace is not None
        under_way = [
            Running(w.frames, round(w.frames * gone_by(starts, ends, w, moment)), starts[w.id])
            for w in line
            if starts[w.id] <= moment < ends[w.id]
        ]
        waiting = [each for each in line if starts[each.id] > moment]
        promised = waiting_end_at(waiting, under_way, workers, pace, moment)
        for each in waiting:
            left_s = (ends[each.id] - moment).total_seconds()
            error_s = abs((promised[each.id] - ends[each.id]).total_seconds())
            assert error_s <= max(TOLERANCE * left_s, SLACK_S), (
                known,
                each.frames,
                left_s,
                error_s,
            )


def worked_through(
    line: list[Waiting], workers: int, chance: random.Random
) -> tuple[dict[UUID, datetime], dict[UUID, datetime]]:
    """True starts and ends: 0.4 s and 0.2 s a frame, give or take a fifth, 0.1 s between two."""
    free_at = [NOON] * workers
    starts: dict[UUID, datetime] = {}
    ends: dict[UUID, datetime] = {}
    for each in line:
        worker = free_at.index(min(free_at))
        starts[each.id] = free_at[worker] + seconds(0.1)
        work_s = (0.4 + 0.2 * each.frames) * chance.uniform(0.8, 1.2)
        ends[each.id] = free_at[worker] = starts[each.id] + seconds(work_s)
    return starts, ends


def gone_by(
    starts: dict[UUID, datetime], ends: dict[UUID, datetime], of: Waiting, moment: datetime
) -> float:
    return (moment - starts[of.id]) / (ends[of.id] - starts[of.id])
