"""The columns that every table of jobs shares."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from backend.core.columns import string_enum
from backend.core.db import UTCDateTime
from backend.tables.vocabulary import JobState


class LeaseMixin:
    """A row that waits for a worker (see `backend.jobs.leases`).

    `attempt` counts the leases, only grows, and fences: an outcome is taken only from the lease
    that is still the newest. `lost` counts the workers that vanished with it. `due_at` is when it
    may be leased again (null: now), and `away_since` when something that it needs was first found
    away. `notified_at` is when a message was last sent for it, and `heartbeat_at` when the worker
    that holds it was last heard of.

    A table whose rows have two jobs has these columns twice, with a prefix
    (`tables.contributions`).
    """

    state: Mapped[JobState] = mapped_column(string_enum(JobState, 10), default=JobState.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    notified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
