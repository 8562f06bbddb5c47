"""When each screening will be answered, worked out from what was measured. Knows no database.

Who waits is not alone: others come, and the fair order lets some of them go first. So the line is
worked through in thought, with the arrivals of the last minutes coming once more.
"""

import heapq
import itertools
import math
import statistics
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """A screening that ended well: its frames, and when it was asked, claimed and answered."""

    frames: int
    queued_at: datetime
    claimed_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """A screening under way: its frames, those done, and when it was claimed."""

    frames: int
    done: int
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A screening that waits: its id, its frames, and when its client was last served, if ever."""

    id: UUID
    frames: int
    client: str
    served_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """A screening asked for lately: when, its frames, and when its client was last served.

    `stranger`: its client had never been served before it came.
    """

    at: datetime
    frames: int
    client: str
    served_at: datetime | None = None
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """What a screening takes of a worker, in seconds.

    `pick_up_s` passes between a worker's being free and its next claim, `start_s` once for each
    screening (reading, decoding, writing), `frame_s` for each frame.
    """

    pick_up_s: float
    start_s: float
    frame_s: float

    def work_s(self, frames: int) -> float:
        """Seconds from the claim to the answer."""
        return self.start_s + self.frame_s * frames


def measure(answered: Sequence[Answered]) -> Pace | None:
    """The pace of these screenings; None where there is none.

    Seconds over frames as a straight line by least squares, which has neither a negative start
    nor a negative slope. A still says little about a video without it, nor the reverse.
    """
    if not answered:
        return None
    frames = [float(each.frames) for each in answered]
    seconds = [(each.finished_at - each.claimed_at).total_seconds() for each in answered]
    start_s, frame_s = 0.0, sum(seconds) / sum(frames)
    if len(set(frames)) > 1:
        line = statistics.linear_regression(frames, seconds)
        if line.slope <= 0:
            start_s, frame_s = statistics.fmean(seconds), 0.0
        elif line.intercept > 0:
            start_s, frame_s = line.intercept, line.slope
    return Pace(_pick_up_s(answered), start_s, frame_s)


def _pick_up_s(answered: Sequence[Answered]) -> float:
    """The usual time between being able to claim and claiming.

    A claim could have come when the screening was asked for, or where it waited, when a worker
    had just finished another one.
    """
    finished = sorted(each.finished_at for each in answered)
    pauses: list[float] = []
    for each in answered:
        able = max(
            (moment for moment in finished if moment <= each.claimed_at), default=each.queued_at
        )
        pauses.append((each.claimed_at - max(able, each.queued_at)).total_seconds())
    return max(statistics.median(pauses), 0.0)


def running_ends_at(running: Running, pace: Pace, moment: datetime) -> datetime:
    """When a running screening will be answered.

    What was measured on others counts for less, and its own pace for more, the further it is:
    early on, the batch under way makes its own look slow.
    """
    work_s = pace.work_s(running.frames)
    if running.done:
        gone_by_s = (moment - running.claimed_at).total_seconds()
        own_s = gone_by_s * running.frames / running.done
        work_s += (own_s - work_s) * running.done / running.frames
    return max(running.claimed_at + timedelta(seconds=work_s), moment)


LOOKS_BACK = timedelta(minutes=2)
"""Who came within this time is expected to come again."""

_SHORTEST_S = 5.0
"""Arrivals are reckoned over so long at least: three in one second are not three every second."""

_MOST_EVENTS = 2000
"""The end of foresight: whoever is not served after so many were served or came is promised
nothing. It bounds what a look costs where more come than the workers can serve."""


def waiting_end_at(
    waiting: Sequence[Waiting],
    running: Sequence[Running],
    workers: int,
    pace: Pace,
    moment: datetime,
    came: Sequence[Came] = (),
) -> dict[UUID, datetime]:
    """When each of those that wait, given in their turn, will be answered by so many workers.

    Each is taken by the worker that is free first. `came` holds who came lately, the oldest first
    and not longer ago than LOOKS_BACK: they are expected again, in the same order and pace. Those
    of a client that is served in turn find their place by the rules of the queue.

    Who is missing in the answer is promised nothing: everybody without a worker, and whoever would
    have to wait until thousands of others have come or been served.
    """
    if not workers:
        return {}
    busy = sorted(running_ends_at(each, pace, moment) for each in running)
    # More run than there are workers until a killed one's screening is put back.
    free_at = [*[moment] * (workers - len(busy)), *busy[-workers:]]
    free_s = [(each - moment).total_seconds() for each in free_at]
    heapq.heapify(free_s)
    line = _Line(moment)
    for each in waiting:
        line.join(each.client, each.served_at, each)
    expected = _again(came, moment)
    upcoming = next(expected, None)
    unanswered, events = len(waiting), 0
    ends: dict[UUID, datetime] = {}
    while unanswered and events < _MOST_EVENTS:
        events += 1
        if upcoming is not None and upcoming[0] <= free_s[0]:
            _, client, who = upcoming
            # Under a new name comes somebody new, who was never served.
            line.join(client, who.served_at if client == who.client else None, who)
            upcoming = next(expected, None)
            continue
        served = line.serve(free_s[0])
        end_s = free_s[0] + pace.pick_up_s + pace.work_s(served.frames)
        heapq.heapreplace(free_s, end_s)
        if isinstance(served, Waiting):
            ends[served.id] = moment + timedelta(seconds=end_s)
            unanswered -= 1
    return ends


def _again(came: Sequence[Came], moment: datetime) -> Iterator[tuple[float, str, Came]]:
    """Those who came, coming again and again: in how many seconds from now, under which name, who.

    Who was new and came once stands for somebody new each time, so under a new name.
    """
    if not came:
        return
    # The first one begins the time over which the others are counted.
    span_s = max((moment - came[0].at).total_seconds(), _SHORTEST_S)
    times = Counter(each.client for each in came)
    others = [
        ((moment - each.at).total_seconds(), each.stranger and times[each.client] == 1, each)
        for each in came[1:]
    ]
    for turn in itertools.count(1) if others else ():
        for since_s, always_new, each in others:
            name = f"{each.client} {turn}" if always_new else each.client
            yield turn * span_s - since_s, name, each


@dataclass
class _Line:
    """The queue in thought: the clients in turns, the one served longest ago first.

    It is the order of `repository._in_turn`, where the first of each client stand before the
    second of each: with each claim, the second becomes a first.
    """

    moment: datetime
    _theirs: dict[str, deque[Waiting | Came]] = field(default_factory=lambda: defaultdict(deque))
    _served_s: dict[str, float] = field(default_factory=dict)
    _turns: list[tuple[float, int, str]] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def join(self, client: str, served_at: datetime | None, who: Waiting | Came) -> None:
        """Stand in line behind the same client's others."""
        if client not in self._served_s:
            ago_s = math.inf if served_at is None else (self.moment - served_at).total_seconds()
            self._served_s[client] = -ago_s
        self._theirs[client].append(who)
        if len(self._theirs[client]) == 1:
            self._stand(client)

    def serve(self, at_s: float) -> Waiting | Came:
        """Take whose turn it is; somebody waits."""
        client = heapq.heappop(self._turns)[2]
        who = self._theirs[client].popleft()
        self._served_s[client] = at_s
        if self._theirs[client]:
            self._stand(client)
        return who

    def _stand(self, client: str) -> None:
        heapq.heappush(self._turns, (self._served_s[client], next(self._count), client))
