"""What the queue looks like, looked at once for all who ask within a second."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from backend.health.repository import workers_alive
from backend.screenings import forecast, repository
from backend.settings import Settings
from backend.tables import Screening, Status

KEPT = timedelta(seconds=1)
SILENT_BEATS = 3
"""A worker that missed so many heartbeats is not reckoned with, though it may come back."""


@dataclass(frozen=True, slots=True)
class _Look:
    at: datetime
    pace: forecast.Pace | None
    ends_at: dict[UUID, datetime]


class Outlook:
    """Tells how long a screening will take. Shared by the threads of one process."""

    def __init__(self, settings: Settings) -> None:
        self._alive_within = timedelta(seconds=SILENT_BEATS * settings.heartbeat_s)
        self._looking = threading.Lock()
        self._last: _Look | None = None

    def seconds_left(
        self, session: Session, screening: Screening, moment: datetime
    ) -> float | None:
        """Seconds until it is answered; None where nobody knows, or it failed."""
        status = Status(screening.status)
        if status is Status.DONE:
            return 0.0
        if status is Status.FAILED:
            return None
        with self._looking:
            look = self._last
            if look is None or moment - look.at > KEPT or self._is_new(look, screening):
                look = self._last = self._look(session, moment)
        ends_at = _ends_at(look, screening, moment)
        return None if ends_at is None else max(round((ends_at - moment).total_seconds(), 1), 0.0)

    def _is_new(self, look: _Look, screening: Screening) -> bool:
        waits = screening.status == Status.QUEUED.value
        return waits and bool(look.ends_at) and screening.id not in look.ends_at

    def _look(self, session: Session, moment: datetime) -> _Look:
        pace = forecast.measure(repository.recently_answered(session))
        if pace is None:
            return _Look(moment, None, {})
        ends_at = forecast.waiting_end_at(
            repository.waiting_in_turn(session),
            repository.running(session),
            workers_alive(session, moment, self._alive_within),
            pace,
            moment,
        )
        return _Look(moment, pace, ends_at)


def _ends_at(look: _Look, screening: Screening, moment: datetime) -> datetime | None:
    if screening.claimed_at is None:
        return look.ends_at.get(screening.id)
    if look.pace is None:
        return None
    mine = forecast.Running(screening.total, screening.done, screening.claimed_at)
    return forecast.running_ends_at(mine, look.pace, moment)
