"""When each screening will be answered, worked out from what was measured. Knows no database."""

import heapq
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
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
    """A screening that waits: its id and its frames."""

    id: UUID
    frames: int


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


def waiting_end_at(
    waiting: Sequence[Waiting],
    running: Sequence[Running],
    workers: int,
    pace: Pace,
    moment: datetime,
) -> dict[UUID, datetime]:
    """When each of those that wait, in their turn, will be answered by so many workers.

    Each is taken by the worker that is free first. Whoever comes later and is served between is
    not foreseen. Empty without a worker: then nobody knows.
    """
    if not workers:
        return {}
    busy = sorted(running_ends_at(each, pace, moment) for each in running)
    # More run than there are workers until a killed one's screening is put back.
    free_at = [*[moment] * (workers - len(busy)), *busy[-workers:]]
    heapq.heapify(free_at)
    ends: dict[UUID, datetime] = {}
    for each in waiting:
        ends[each.id] = free_at[0] + timedelta(seconds=pace.pick_up_s + pace.work_s(each.frames))
        heapq.heapreplace(free_at, ends[each.id])
    return ends
