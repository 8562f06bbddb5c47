"""The table of checks of everything that is stored, with their findings."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from backend.core.columns import TypedJSON
from backend.core.db import Base, UTCDateTime
from backend.tables.leases import LeaseMixin


class FindingCount(TypedDict):
    """How many findings of a kind there were, and how many of these can be, and were, mended."""

    found: int
    mendable: int
    mended: int


class StoredFinding(TypedDict):
    """One thing that is not as it should be, as the API returns it."""

    kind: str
    subject: str
    id: str
    text: str
    advice: str
    mendable: bool
    mended: bool


class Check(LeaseMixin, Base):
    """One check of the installation. `under_way` is true while it waits or runs, and else null,
    so that there is one at a time.

    `only` names the kinds of damage to look for, empty for all; `ended` those that are finished;
    `stage` the current one, which has examined `looked_at` rows or objects and continues after
    `cursor` if its worker is lost. `counts` holds for each kind of finding how many were `found`,
    are `mendable` and were `mended`; `findings` the first of them.
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
    counts: Mapped[dict[str, FindingCount]] = mapped_column(
        TypedJSON(dict[str, FindingCount]), default=dict
    )
    findings: Mapped[list[StoredFinding]] = mapped_column(
        TypedJSON(list[StoredFinding]), default=list
    )
    error: Mapped[str | None] = mapped_column(Text)
