"""Lists that are given a page at a time: where a page ends, and what comes after it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Uuid, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.core.db import Base, UTCDateTime
from backend.core.errors import InvalidInputError

PAGE = 50
LONGEST_PAGE = 200
NO_NUL = r"^[^\x00]*$"
"""Text to look for or to keep: PostgreSQL has none with a NUL in it."""

_INVALID = "This cursor is invalid. Start again without it."

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor for those that follow; None after the last."""

    rows: Sequence[Row]
    next: str | None


class Keyset:
    """The order of a list, and cursors that say where in it a page ended.

    A cursor names the last row of a page by these columns, so that rows which come or go meanwhile
    move no other from one page to the next. That of one column is its value as text; that of
    several is base64 of their values with a space between them.

    Args:
        columns: by which the rows are ordered; no two rows are equal in all of them, and none of a
            list is null in one.
        descending: with the highest first.
    """

    def __init__(self, *columns: InstrumentedAttribute[Any], descending: bool = False) -> None:
        self._columns = columns
        self._descending = descending

    def page(
        self, session: Session, query: Select[Row], cursor: str | None, limit: int
    ) -> Page[Row]:
        """At most `limit` of the query's rows in this order, from behind the cursor on.

        Raises:
            InvalidInputError: the cursor is not one of this list.
        """
        if cursor is not None:
            query = query.where(self._is_behind(self._values(cursor)))
        return self._page(session, query, limit)

    def _page(self, session: Session, query: Select[Row], limit: int) -> Page[Row]:
        order = [each.desc() if self._descending else each for each in self._columns]
        rows = session.scalars(query.order_by(*order).limit(limit + 1)).all()
        more = len(rows) > limit
        return Page(rows[:limit], self._cursor(rows[limit - 1]) if more else None)

    def _is_behind(self, last: Sequence[Any]) -> ColumnElement[bool]:
        values = [
            literal(value, column.type) for value, column in zip(last, self._columns, strict=True)
        ]
        # compared as one, which an index on these columns answers
        row, bound = (
            each[0] if len(values) == 1 else tuple_(*each) for each in (self._columns, values)
        )
        return row < bound if self._descending else row > bound

    def _values(self, cursor: str) -> list[Any]:
        try:
            several = len(self._columns) > 1
            text = urlsafe_b64decode(cursor.encode()).decode() if several else cursor
            parts = text.split(" ") if several else [text]
            return [_value(part, column) for part, column in zip(parts, self._columns, strict=True)]
        except (ValueError, OverflowError) as error:  # a year before the first, in UTC
            raise InvalidInputError(_INVALID) from error

    def _cursor(self, row: Row) -> str:
        texts = [_text(getattr(row, each.key)) for each in self._columns]
        if len(texts) == 1:
            return texts[0]
        return urlsafe_b64encode(" ".join(texts).encode()).decode()


class HiddenKeyset(Keyset):
    """A keyset whose cursors name a page's last row, and tell nobody the values of its columns.

    Args:
        columns: as for `Keyset`; the last is the rows' primary key, a UUID, which is the cursor.
        descending: with the highest first.
    """

    def page(
        self, session: Session, query: Select[Row], cursor: str | None, limit: int
    ) -> Page[Row]:
        """As `Keyset.page`; the row of the cursor may have left the list, but not its table."""
        if cursor is not None:
            query = query.where(self._is_behind(self._last_values(session, cursor)))
        return self._page(session, query, limit)

    def _last_values(self, session: Session, cursor: str) -> Sequence[Any]:
        *_, key = self._columns
        try:
            last_id = _value(cursor, key)
        except ValueError as error:
            raise InvalidInputError(_INVALID) from error
        row = session.execute(select(*self._columns).where(key == last_id)).one_or_none()
        if row is None or None in row:
            raise InvalidInputError(_INVALID)
        return row

    def _cursor(self, row: Row) -> str:
        return _text(getattr(row, self._columns[-1].key))


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value(text: str, column: InstrumentedAttribute[Any]) -> Any:
    """The value of a column that a part of a cursor stands for.

    Raises:
        ValueError, OverflowError: it stands for none.
    """
    if isinstance(column.type, UTCDateTime):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    if isinstance(column.type, Integer):
        most = 2**63 if isinstance(column.type, BigInteger) else 2**31
        if not (text.isascii() and text.isdigit() and int(text) < most):
            raise ValueError(text)
        return int(text)
    return UUID(text) if isinstance(column.type, Uuid) else text
