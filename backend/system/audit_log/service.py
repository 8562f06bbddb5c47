"""Reading the audit log: page by page, or as CSV."""

import csv
import io
import json
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.system.audit_log import repository
from backend.system.audit_log.repository import Filters
from backend.system.audit_log.schemas import AuditEventOut, AuditEvents
from backend.tables import AuditEvent

CSV_COLUMNS = (
    "id", "at", "actor_id", "actor_role", "action", "subject_kind", "subject_id", "detail",
    "request_id",
)  # fmt: skip
_CHUNK = 1000


def list_events(session: Session, filters: Filters, cursor: str, limit: int) -> AuditEvents:
    """A page of what fits, the newest first.

    Raises:
        InvalidInputError: the cursor is invalid.
    """
    page = repository.page(session, filters, cursor or None, limit)
    names = repository.names(session, page.rows)
    return AuditEvents(items=[_to_schema(event, names) for event in page.rows], next=page.next)


def export(database: Database, filters: Filters) -> Iterator[bytes]:
    """All matching events as CSV, newest first, with a header line.

    Only one chunk of the log is in memory at a time, and no database connection is held while a
    slow client reads.
    """
    yield _line(CSV_COLUMNS)
    cursor: str | None = None
    while True:
        with database.read() as session:
            page = repository.page(session, filters, cursor, _CHUNK)
        yield b"".join(_line(_cells(event)) for event in page.rows)
        if page.next is None:
            return
        cursor = page.next


def _to_schema(event: AuditEvent, names: dict[UUID, str]) -> AuditEventOut:
    columns = {name: getattr(event, name) for name in CSV_COLUMNS}
    actor = event.actor_id
    return AuditEventOut(**columns, actor_name=None if actor is None else names.get(actor))


def _cells(event: AuditEvent) -> tuple[object, ...]:
    cells = {name: getattr(event, name) for name in CSV_COLUMNS}
    cells["at"] = event.at.isoformat()
    cells["detail"] = json.dumps(event.detail, ensure_ascii=False, sort_keys=True)
    return tuple(cells.values())


def _line(cells: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
