"""The table of checks: one look at everything that is stored, and what it found."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UTCDateTime
from backend.tables.leases import LeaseMixin


class Check(LeaseMixin, Base):
    """One check of the installation. `under_way` is true while it waits or runs, and else null,
    so that there is one at a time.

    `only` names the kinds of damage that are looked for, empty for all; `ended` those that are
    through; `stage` the one at work, which has looked at `looked_at` rows or objects and goes on
    after `cursor` when its worker is lost. `counts` has for each kind of finding how many were
    `found`, can be `mendable` and were `mended`; `findings` the first of them.
    """

    __tablename__ = "checks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    under_way: Mapped[bool | None] = mapped_column(unique=True)
    deep: Mapped[bool] = mapped_column(default=False)
    fix: Mapped[bool] = mapped_column(default=False)
    only: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stage: Mapped[str] = mapped_column(String(20), default="")
    cursor: Mapped[str] = mapped_column(String(300), default="")
    looked_at: Mapped[int] = mapped_column(default=0)
    ended: Mapped[list[str]] = mapped_column(JSON, default=list)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    error: Mapped[str | None] = mapped_column(Text)
