"""Databases of earlier versions, with a row in every table."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Date,
    Integer,
    Table,
    Uuid,
)

WORDS = {"role": "admin", "status": "queued", "state": "draft", "verdict": "reject"}
"""Columns that take only some words."""

KINDS = {
    "arrivals": {"state": "done"},
    "dicom_deliveries": {"state": "done"},
    "dicom_instances": {"service": "stow"},
    "installation": {"key_origin": "made"},
}
"""The same, where a table has words of its own."""


def make_row(table: Table, now: datetime, some_id: UUID) -> dict[str, Any]:
    """A value for every column that needs one; keys are `some_id`."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in WORDS:
            values[column.name] = WORDS[column.name]
        elif isinstance(column.type, JSON) and not column.nullable:
            values[column.name] = {}
        elif isinstance(column.type, Integer):
            values[column.name] = 1
        elif isinstance(column.type, Date):
            values[column.name] = now.date()
        elif column.primary_key or (column.foreign_keys and not column.nullable):
            values[column.name] = some_id if isinstance(column.type, Uuid) else some_id.hex
        elif not column.nullable:
            kind = column.type.python_type
            values[column.name] = now if kind is datetime else kind(1)
    return values | KINDS.get(table.name, {})
