"""The table of screenings: the question "which class?" about a recording, and the answer."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.columns import string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.recordings import Recording


class Status(StrEnum):
    """The life of a screening: queued → running → done or failed."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Screening(Base):
    """One screening. The row is the truth, the message in the queue only a nudge.

    `attempt` counts the claims, only grows, and fences: an outcome is taken only from the claim
    that is still the newest. `lost` counts the workers that vanished with it; `due_at` is when it
    may be claimed again (null: now), and `away_since` when something that it needs was first found
    away (see `backend.jobs.leases`). `client` is who asked, as `backend.core.clients` tells clients
    apart. `nudged_at` is when the queue was last told. `done` and `total` count frames. `result` is
    `models.contract.Prediction.to_dict()`.
    """

    __tablename__ = "screenings"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status_known"),
        Index("ix_screenings_status_queued_at", "status", "queued_at"),
        Index("ix_screenings_status_finished_at", "status", "finished_at"),
        Index("ix_screenings_client_claimed_at", "client", "claimed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    recording_id: Mapped[UUID] = mapped_column(
        ForeignKey("recordings.id", ondelete="CASCADE"), index=True
    )
    client: Mapped[str] = mapped_column(String(32))
    crop_x: Mapped[int]
    crop_y: Mapped[int]
    crop_size: Mapped[int]
    status: Mapped[Status] = mapped_column(string_enum(Status, 10), default=Status.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    away_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    nudged_at: Mapped[datetime] = mapped_column(UTCDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(String(500))
    model_version: Mapped[str | None] = mapped_column(String(100))

    recording: Mapped[Recording] = relationship(back_populates="screenings", lazy="raise")
