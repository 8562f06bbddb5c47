"""The table of screenings: the question "which class?" about a recording, and the answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from backend.core.columns import TypedJSON, string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.leases import LeaseMixin
from backend.tables.predictions import StoredPrediction
from backend.tables.recordings import Recording
from models.contract import Prediction, Probe


class Status(StrEnum):
    """The life of a screening: queued → running → done or failed."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Screening(LeaseMixin, Base):
    """One screening. The row is the truth; the message in the queue only announces it.

    `client` is who asked, as `backend.core.clients` tells clients apart. `status` is what the API
    calls `state`. `done` and `total` count frames.

    `answered_anyway_at` is when an account, `answered_anyway_by`, asked for the class of a
    recording that is not usable; it is never taken back. It has no foreign key, since SQLite could
    not drop such a column.
    """

    __tablename__ = "screenings"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state_known"),
        Index("ix_screenings_state_queued_at", "state", "queued_at"),
        Index("ix_screenings_state_finished_at", "state", "finished_at"),
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
    probe: Mapped[Probe] = mapped_column(
        string_enum(Probe, 10), default=Probe.CONVEX, server_default="convex"
    )
    state: Mapped[Status] = mapped_column(  # type: ignore[assignment]  # it is never cancelled
        string_enum(Status, 10), default=Status.QUEUED
    )
    status: Mapped[Status] = synonym("state")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    result: Mapped[Prediction | None] = mapped_column(TypedJSON(StoredPrediction))
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(String(500))
    model_version: Mapped[str | None] = mapped_column(String(100))
    answered_anyway_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answered_anyway_by: Mapped[UUID | None]

    recording: Mapped[Recording] = relationship(back_populates="screenings", lazy="raise")
