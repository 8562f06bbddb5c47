"""The audit log: one row for each step, written in the step's own transaction.

Its table is defined here because every feature writes to it and core depends on no feature.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, Session, mapped_column
from structlog.contextvars import get_contextvars

from backend.core.db import Base, UTCDateTime, utc_now

ANONYMOUS = "anonymous"
"""The role recorded for a request over HTTP without an account."""

SERVICE = "service"
"""The role recorded for work that no request caused: a worker, or the command line."""


class Actor(Protocol):
    """The account that does something."""

    @property
    def id(self) -> UUID:
        """The account's."""

    @property
    def role(self) -> str:
        """As in `backend.tables.vocabulary.Role`."""


def _feature(context: DefaultExecutionContext) -> str:
    """What stands before the dot of a new event's action."""
    action: str = context.get_current_parameters()["action"]  # type: ignore[no-untyped-call]
    return action.partition(".")[0]


class AuditEvent(Base):
    """Who did what to what. `actor_id` is null for a worker or somebody without an account.

    No foreign keys: the log outlives what it describes. `action` is `feature.verb`, such as
    `reviews.approved`, and `feature` the first part of it, by which the log is filtered; `detail`
    holds plain JSON values, never a name, an address or a file name.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_at_id", "at", "id"),
        *(
            Index(f"ix_audit_events_{name}_at_id", name, "at", "id")
            for name in ("actor_id", "action", "feature", "subject_id")
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[UUID | None]
    actor_role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(50))
    feature: Mapped[str] = mapped_column(String(50), default=_feature)
    subject_kind: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str] = mapped_column(String(64), default="")


def record(
    session: Session,
    actor: Actor | None,
    action: str,
    subject_kind: str,
    subject_id: object,
    **detail: object,
) -> None:
    """Record what `actor` did to a subject: `feature.verb`, such as `reviews.approved`.

    `detail` holds plain JSON values, never a name, an address or a file name. The row carries
    the id of the current request. The log is append-only: the database itself refuses to change or
    delete a row.
    """
    request_id = str(get_contextvars().get("request_id", ""))
    without_account = ANONYMOUS if request_id else SERVICE
    session.add(
        AuditEvent(
            at=utc_now(),
            actor_id=actor and actor.id,
            actor_role=without_account if actor is None else actor.role,
            action=action,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            detail=detail,
            request_id=request_id,
        )
    )
