"""A queue in thought, whose every second is known: what was promised in it against what came true.

It stands for the service where `make load` cannot: the same seed gives the same arrivals, and no
other process takes part. The order is that of the queue (first come within a client, the clients in
turns), written here anew and not taken from the forecast that it judges.
"""

import heapq
import itertools
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

from backend.screenings.forecast import (
    LOOKS_BACK,
    Answered,
    Came,
    Running,
    Waiting,
    measure,
    waiting_end_at,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
RECENT, MOST_CAME = 30, 300
FAR_S = 5.0
STILL, VIDEO = 1, 12
PICK_UP_S, START_S, FRAME_S, VARIES = 0.05, 0.06, 0.03, 0.3


@dataclass(frozen=True)
class Case:
    """Who comes: one client with `many` videos at the start, and others until `until_s`.

    The others are `people` at browsers, each of whom waits for an answer and pauses about
    `pause_s` before the next one, or come by chance, `rate` of them in a second, from as many
    `clients` (None: each is a new one). One in `video_every` sends videos.
    """

    name: str
    workers: int = 1
    many: int = 30
    people: int = 0
    pause_s: float = 1.0
    rate: float = 0.0
    clients: int | None = 50
    video_every: int = 10
    until_s: float = 200.0


CASES = (
    Case("fifty browsers, each waits for its answer", people=49, until_s=400),
    Case("the same, two workers", people=49, workers=2, pause_s=0.5, until_s=200),
    Case("by chance from fifty clients, half of what the worker can do", rate=2.9),
    Case("by chance from fifty clients, three quarters of it", rate=4.3),
    Case("by chance, always from somebody new, half of it", rate=2.9, clients=None),
    Case("nobody else"),
)


@dataclass(eq=False)
class Asked:
    """One screening: its client, when that was last served, and the seconds at which it was asked.

    `claimed_s` and `ends_s` once it is claimed; `promises`: when, and how many seconds were left.
    """

    client: str
    frames: int
    at_s: float
    served_before_s: float | None
    claimed_s: float = -1
    ends_s: float = -1
    promises: list[tuple[float, float]] = field(default_factory=list)

    def as_answered(self) -> Answered:
        """As the forecast learns of it afterwards."""
        return Answered(
            self.frames, _moment(self.at_s), _moment(self.claimed_s), _moment(self.ends_s)
        )

    def as_running(self, now_s: float) -> Running:
        """As the forecast sees it meanwhile: six frames at a time are noted."""
        share = (now_s - self.claimed_s) / (self.ends_s - self.claimed_s)
        done = max(int(share * self.frames), 0) // 6 * 6
        return Running(self.frames, done, _moment(self.claimed_s))


@dataclass
class Queue:
    """The run of one case; `foreseen`: whether the promises reckon with those who will come."""

    case: Case
    seed: int
    foreseen: bool
    asked: list[Asked] = field(default_factory=list)
    _waiting: list[Asked] = field(default_factory=list)
    _running: list[Asked] = field(default_factory=list)
    _answered: list[Asked] = field(default_factory=list)
    _served_s: dict[str, float] = field(default_factory=dict)
    _events: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)

    def run(self) -> list[Asked]:
        """Everybody who asked, with what was promised once a second until the answer."""
        self._chance = random.Random(self.seed)  # a game of chance, no secret
        self._numbers = itertools.count()
        for _ in range(self.case.many):
            self._later(self._chance.uniform(0, 4), partial(self._ask, "many", VIDEO))
        for number in range(self.case.people):
            asking = partial(self._ask, f"person {number}", self._frames(number))
            self._later(self._chance.uniform(0, self.case.pause_s), asking)
        if self.case.rate:
            self._later(0, self._come_by_chance)
        self._later(1, self._promise)
        while self._events:
            now_s, _, happen = heapq.heappop(self._events)
            happen(now_s)
            self._claim(now_s)
        return self.asked

    def _later(self, at_s: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at_s, next(self._numbers), what))

    def _frames(self, number: int) -> int:
        return STILL if number % self.case.video_every else VIDEO

    def _ask(self, client: str, frames: int, now_s: float) -> None:
        one = Asked(client, frames, now_s, self._served_s.get(client))
        self.asked.append(one)
        self._waiting.append(one)

    def _come_by_chance(self, now_s: float) -> None:
        if now_s:
            number = self._chance.randrange(self.case.clients or 10**9)
            self._ask(f"client {number}", self._frames(number), now_s)
        then_s = now_s + self._chance.expovariate(self.case.rate)
        if then_s < self.case.until_s:
            self._later(then_s, self._come_by_chance)

    def _claim(self, now_s: float) -> None:
        while self._waiting and len(self._running) < self.case.workers:
            firsts: dict[str, Asked] = {}
            for each in self._waiting:
                firsts.setdefault(each.client, each)
            one = min(firsts.values(), key=lambda a: (self._served_s.get(a.client, -1), a.at_s))
            self._waiting.remove(one)
            self._running.append(one)
            one.claimed_s = now_s + self._chance.uniform(0, 2 * PICK_UP_S)
            work_s = (START_S + FRAME_S * one.frames) * self._chance.uniform(1 - VARIES, 1 + VARIES)
            one.ends_s = one.claimed_s + work_s
            self._served_s[one.client] = one.claimed_s
            self._later(one.ends_s, partial(self._answer, one))

    def _answer(self, one: Asked, now_s: float) -> None:
        self._running.remove(one)
        self._answered.append(one)
        then_s = now_s + self._chance.uniform(0, 2 * self.case.pause_s)
        if one.client.startswith("person") and then_s < self.case.until_s:
            self._later(then_s, partial(self._ask, one.client, one.frames))

    def _promise(self, now_s: float) -> None:
        """Ask the forecast as the service does, of rows as the database would have them."""
        if self._events:
            self._later(now_s + 1, self._promise)
        pace = measure([each.as_answered() for each in self._answered[-RECENT:]])
        if pace is None:
            return
        names = {uuid4(): each for each in self._in_turn()}
        ends_at = waiting_end_at(
            [
                Waiting(name, each.frames, each.client, _at(self._served_s.get(each.client)))
                for name, each in names.items()
            ],
            [each.as_running(now_s) for each in self._running],
            self.case.workers,
            pace,
            _moment(now_s),
            self._came(now_s) if self.foreseen else (),
        )
        for name, end in ends_at.items():
            names[name].promises.append((now_s, (end - _moment(now_s)).total_seconds()))

    def _in_turn(self) -> list[Asked]:
        rounds: Counter[str] = Counter()
        places: list[tuple[int, float, float, int]] = []
        for n, each in enumerate(self._waiting):
            rounds[each.client] += 1
            served_s = self._served_s.get(each.client, -1.0)
            places.append((rounds[each.client], served_s, each.at_s, n))
        return [self._waiting[n] for *_, n in sorted(places)]

    def _came(self, now_s: float) -> list[Came]:
        return [
            Came(
                _moment(each.at_s),
                each.frames,
                each.client,
                _at(self._served_s.get(each.client)),
                each.served_before_s is None,
            )
            for each in self.asked
            if now_s - each.at_s <= LOOKS_BACK.total_seconds()
        ][-MOST_CAME:]


def judged(asked: Iterable[Asked], last_s: float) -> dict[str, float]:
    """Of promises made before `last_s`, with FAR_S or more to go: how far they were off.

    `median_error` as a share of what was left; `median_lean` with its sign, below 0: too short.
    """
    leans = [
        promised_s / (each.ends_s - at_s) - 1
        for each in asked
        for at_s, promised_s in each.promises
        if each.ends_s - at_s >= FAR_S and at_s < last_s
    ]
    if not leans:
        return {"promises": 0}
    return {
        "promises": len(leans),
        "median_error": round(statistics.median(map(abs, leans)), 3),
        "median_lean": round(statistics.median(leans), 3),
    }


def _moment(at_s: float) -> datetime:
    return NOON + timedelta(seconds=at_s)


def _at(at_s: float | None) -> datetime | None:
    return None if at_s is None else _moment(at_s)


def table(seeds: Iterable[int] = range(3)) -> dict[str, dict[str, dict[str, float]]]:
    """For each case and group of clients: promises without foresight, and with it."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    seeds = list(seeds)
    for case in CASES:
        for foreseen in (False, True):
            asked = [each for seed in seeds for each in Queue(case, seed, foreseen).run()]
            many = [each for each in asked if each.client == "many"]
            others = [each for each in asked if each.client != "many"]
            for group, those in (("the one with many", many), ("the others", others)):
                row = judged(those, case.until_s)
                if row["promises"]:
                    how = "foreseen" if foreseen else "not foreseen"
                    found.setdefault(f"{case.name}: {group}", {})[how] = row
    return found
