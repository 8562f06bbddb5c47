"""The tables of the workers: who was seen, how its work goes on, and the duties of maintenance."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.columns import string_enum
from backend.core.db import Base, UTCDateTime


class WorkerKind(StrEnum):
    """What a worker process does: screenings and whatever the dataset needs, or trainings."""

    WORKER = "worker"
    TRAINER = "trainer"


class Worker(Base):
    """One worker process, by its name (such as host:pid).

    `taken_at` is when it last began a job. `idle_since` is set while it has nothing to do although
    work waits that it could take: since when.
    """

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[WorkerKind] = mapped_column(string_enum(WorkerKind, 10), default=WorkerKind.WORKER)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    taken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    idle_since: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Duty(Base):
    """One duty of maintenance, by its name: how it last ended, and how often it failed since."""

    __tablename__ = "duties"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    succeeded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))


class Postponement(Base):
    """Something that a duty of maintenance could not do, and tries again at `due_at`.

    `subject` is the id of the row, or the key of the object, that the duty goes around until then.
    """

    __tablename__ = "postponements"

    duty: Mapped[str] = mapped_column(String(50), primary_key=True)
    subject: Mapped[str] = mapped_column(String(250), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
