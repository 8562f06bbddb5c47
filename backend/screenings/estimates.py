"""How many screenings are ahead of one that waits, and how many seconds until its answer."""

import heapq
import statistics
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.jobs.workers import workers_alive
from backend.screenings import repository
from backend.screenings.repository import Answered, RecentUploads, Running, Waiting
from backend.tables import Screening, Status

KEPT = timedelta(seconds=1)
"""The queue is read at most this often, whoever asks."""

MISSED_HEARTBEATS = 3
"""A worker that missed so many is not counted on, though it may come back."""

UPLOADS_WITHIN = timedelta(minutes=2)
"""Clients that uploaded within this time are expected to go on as they did."""

_SHORTEST_S = 5.0
"""Uploads are counted over so long at least: three in one second are not three every second."""

_REFINED = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of one screening; None stands for what is not known, or is over.

    `seconds_left` until its answer, at least 0; `ahead`: how many that wait have their turn first.
    """

    seconds_left: float | None
    ahead: int | None = None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    read_at: datetime
    frame_s: float | None
    positions: dict[UUID, int]
    ends_at: dict[UUID, datetime]


class QueueEstimator:
    """Estimates from the queue as it was at most a second ago. Shared by a process's threads."""

    def __init__(self, settings: Settings) -> None:
        self._alive_within = timedelta(seconds=MISSED_HEARTBEATS * settings.heartbeat_s)
        self._reading = threading.Lock()
        self._latest: _Snapshot | None = None

    def estimate(self, session: Session, screening: Screening, now: datetime) -> Estimate:
        """The estimate of a screening at this moment."""
        status = screening.status
        if status == Status.DONE:
            return Estimate(0.0)
        if status == Status.FAILED:
            return Estimate(None)
        snapshot = self._snapshot(session, screening, now)
        if screening.claimed_at is None or status == Status.QUEUED:
            ends_at = snapshot.ends_at.get(screening.id)
            left_s = None if ends_at is None else max((ends_at - now).total_seconds(), 0.0)
        elif snapshot.frame_s is None:
            left_s = None
        else:
            running = Running(screening.total, screening.done, screening.claimed_at)
            left_s = running_left_s(running, snapshot.frame_s, now)
        ahead = snapshot.positions.get(screening.id) if status == Status.QUEUED else None
        return Estimate(None if left_s is None else round(left_s, 1), ahead)

    def _snapshot(self, session: Session, screening: Screening, now: datetime) -> _Snapshot:
        """The latest snapshot, or a new one where it is too old or lacks this screening.

        One thread reads for all. The others use the latest one meanwhile, unless it lacks theirs.
        """
        latest = self._latest
        if latest is None or _lacks(latest, screening):
            self._reading.acquire()
        elif now - latest.read_at <= KEPT or not self._reading.acquire(blocking=False):
            return latest
        try:
            latest = self._latest  # another thread may just have read it
            if latest is None or now - latest.read_at > KEPT or _lacks(latest, screening):
                latest = self._latest = self._read(session, now)
            return latest
        finally:
            self._reading.release()

    def _read(self, session: Session, now: datetime) -> _Snapshot:
        waiting = repository.waiting_in_turn(session)
        positions = {each.id: position for position, each in enumerate(waiting)}
        frame_s = seconds_per_frame(repository.recently_answered(session))
        workers = workers_alive(session, now, self._alive_within)
        if frame_s is None or not workers:
            return _Snapshot(now, frame_s, positions, {})
        running = [running_left_s(each, frame_s, now) for each in repository.running(session)]
        uploads = repository.recent_uploads(session, now - UPLOADS_WITHIN)
        left_s = waiting_left_s(waiting, running, workers, frame_s, uploads, now)
        ends_at = {id_: now + timedelta(seconds=seconds) for id_, seconds in left_s.items()}
        return _Snapshot(now, frame_s, positions, ends_at)


def _lacks(snapshot: _Snapshot, screening: Screening) -> bool:
    return screening.status == Status.QUEUED and screening.id not in snapshot.positions


def seconds_per_frame(answered: Sequence[Answered]) -> float | None:
    """Seconds of one worker for each frame of these screenings; None where there are none.

    The usual pause before a worker's next screening is part of it. A pause begins when another
    screening was finished, or later, when this one was queued.
    """
    if not answered:
        return None
    finished = sorted(each.finished_at for each in answered)
    pauses_s: list[float] = []
    for each in answered:
        before = [at for at in finished if at <= each.claimed_at]
        free_at = before[-1] if before else each.claimed_at
        pauses_s.append((each.claimed_at - max(free_at, each.queued_at)).total_seconds())
    work_s = sum((each.finished_at - each.claimed_at).total_seconds() for each in answered)
    pause_s = statistics.median(pauses_s)
    return (work_s + pause_s * len(answered)) / sum(each.frames for each in answered)


def running_left_s(running: Running, frame_s: float, now: datetime) -> float:
    """Seconds until a running screening is answered, at least 0.

    Its own pace counts for more, and that of others for less, the further it is: the first frames
    seem slow, since they include the start.
    """
    work_s = frame_s * running.frames
    passed_s = (now - running.claimed_at).total_seconds()
    if running.done:
        own_s = passed_s * running.frames / running.done
        work_s += (own_s - work_s) * running.done / running.frames
    return max(work_s - passed_s, 0.0)


def waiting_left_s(
    waiting: Sequence[Waiting],
    running_s: Sequence[float],
    workers: int,
    frame_s: float,
    uploads: Sequence[RecentUploads],
    now: datetime,
) -> dict[UUID, float]:
    """Seconds until each of these, given in their turn, is answered by so many workers.

    Each goes to the worker that is free first. Clients take turns, so that between two of one
    client others are served that wait already, or are uploaded meanwhile.

    Args:
        waiting: in the order in which they will be claimed.
        running_s: for each screening under way, the seconds it still takes.
        workers: at least 1.
        frame_s: seconds of one worker for a frame.
        uploads: what each client uploaded within UPLOADS_WITHIN.
        now: when `waiting` was read.
    """
    # More may run than there are workers, until those of a killed one are queued again.
    free_s = [*[0.0] * (workers - len(running_s)), *sorted(running_s)[-workers:]]
    heapq.heapify(free_s)
    own = defaultdict[str, list[int]](list)
    for each in waiting:
        own[each.client].append(each.frames)
    expected = {
        client: _expected_between(client, statistics.fmean(frames), uploads, workers / frame_s, now)
        for client, frames in own.items()
        if len(frames) > 1
    }
    frames_ahead, own_ahead = 0, Counter[str]()
    others_ahead, to_come = dict[str, int](), defaultdict[str, float](float)
    left_s: dict[UUID, float] = {}
    for each in waiting:
        client, others = each.client, frames_ahead - own_ahead[each.client]
        if client in others_ahead:
            between = others - others_ahead[client]
            to_come[client] += max(expected[client] - between, 0.0)
        others_ahead[client] = others
        end_s = free_s[0] + frame_s * each.frames
        heapq.heapreplace(free_s, end_s)
        left_s[each.id] = end_s + to_come[client] * frame_s / workers
        frames_ahead += each.frames
        own_ahead[client] += each.frames
    return left_s


def _expected_between(
    client: str, frames: float, uploads: Sequence[RecentUploads], frames_per_s: float, now: datetime
) -> float:
    """Frames of others that are served between two of a client's screenings with so many frames.

    Each of the others has one turn, or a fraction of one where less than one of its screenings is
    uploaded meanwhile. How many are depends on how long it takes, so it is refined a few times.
    """
    others = [upload for upload in uploads if upload.client != client]
    if not others:
        return 0.0
    first_at = min(each.first_at for each in others)
    span_s = max((now - first_at).total_seconds(), _SHORTEST_S)
    between = 0.0
    for _ in range(_REFINED):
        share = (frames + between) / frames_per_s / span_s
        between = sum(each.frames * min(1 / each.screenings, share) for each in others)
    return between
