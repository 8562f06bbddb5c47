"""What the queue looks like, looked at once for all who ask within a second."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.settings import Settings
from backend.jobs.workers import workers_alive
from backend.screenings import forecast, repository
from backend.tables import Screening, Status

KEPT = timedelta(seconds=1)
SILENT_BEATS = 3
"""A worker that missed so many heartbeats is not reckoned with, though it may come back."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What may be expected of a screening; None stands for what nobody knows, or that is over.

    `seconds_left` until it is answered; `ahead`: how many that wait have their turn before it.
    """

    seconds_left: float | None
    ahead: int | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    at: datetime
    pace: forecast.Pace | None
    places: dict[UUID, int]
    ends_at: dict[UUID, datetime]


class Outlook:
    """Tells how long a screening will take. Shared by the threads of one process."""

    def __init__(self, settings: Settings) -> None:
        self._alive_within = timedelta(seconds=SILENT_BEATS * settings.heartbeat_s)
        self._looking = threading.Lock()
        self._last: _Look | None = None

    def of(self, session: Session, screening: Screening, moment: datetime) -> Prospect:
        """What may be expected of a screening at this moment."""
        status = Status(screening.status)
        if status is Status.DONE:
            return Prospect(0.0)
        if status is Status.FAILED:
            return Prospect(None)
        look = self._looked_at(session, screening, moment)
        ends_at = _ends_at(look, screening, moment)
        left = None if ends_at is None else max(round((ends_at - moment).total_seconds(), 1), 0.0)
        waits = status is Status.QUEUED
        return Prospect(left, look.places.get(screening.id) if waits else None)

    def _looked_at(self, session: Session, screening: Screening, moment: datetime) -> _Look:
        """The last look, or a new one where it is too old or does not know this screening.

        One looks for all; meanwhile the others take the last look, unless it tells them nothing.
        """
        last = self._last
        if last is None or _is_new(last, screening):
            self._looking.acquire()
        elif moment - last.at <= KEPT or not self._looking.acquire(blocking=False):
            return last
        try:
            last = self._last  # somebody else may just have looked
            if last is None or moment - last.at > KEPT or _is_new(last, screening):
                last = self._last = self._look(session, moment)
            return last
        finally:
            self._looking.release()

    def _look(self, session: Session, moment: datetime) -> _Look:
        waiting = repository.waiting_in_turn(session)
        places = {each.id: place for place, each in enumerate(waiting)}
        pace = forecast.measure(repository.recently_answered(session))
        if pace is None:
            return _Look(moment, None, places, {})
        ends_at = forecast.waiting_end_at(
            waiting,
            repository.running(session),
            workers_alive(session, moment, self._alive_within),
            pace,
            moment,
            repository.recently_came(session, moment - forecast.LOOKS_BACK),
        )
        return _Look(moment, pace, places, ends_at)


def _is_new(look: _Look, screening: Screening) -> bool:
    return screening.status == Status.QUEUED.value and screening.id not in look.places


def _ends_at(look: _Look, screening: Screening, moment: datetime) -> datetime | None:
    if screening.claimed_at is None:
        return look.ends_at.get(screening.id)
    if look.pace is None:
        return None
    mine = forecast.Running(screening.total, screening.done, screening.claimed_at)
    return forecast.running_ends_at(mine, look.pace, moment)
