"""Queries on the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend.core.pagination import Keyset, Page
from backend.tables import AuditEvent, User


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of events: by action (or feature, without a dot), actor, subject and time."""

    action: str = ""
    actor: UUID | None = None
    subject: str = ""
    since: datetime | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        """The filters that are set."""
        clauses: list[ColumnElement[bool]] = []
        if self.action:
            column = AuditEvent.action if "." in self.action else AuditEvent.feature
            clauses.append(column == self.action)
        if self.actor is not None:
            clauses.append(AuditEvent.actor_id == self.actor)
        if self.subject:
            clauses.append(AuditEvent.subject_id == self.subject)
        if self.since is not None:
            clauses.append(AuditEvent.at >= self.since)
        return clauses


def page(session: Session, filters: Filters, cursor: str | None, limit: int) -> Page[AuditEvent]:
    """Events that fit, the newest first."""
    newest_first = Keyset(AuditEvent.at, AuditEvent.id, descending=True)
    return newest_first.page(session, select(AuditEvent).where(*filters.clauses()), cursor, limit)


def names(session: Session, events: Sequence[AuditEvent]) -> dict[UUID, str]:
    """The current names of the actors of these events, by id."""
    ids = {event.actor_id for event in events if event.actor_id is not None}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}
