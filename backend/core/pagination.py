"""Lists that are given a page at a time: where a page ended, as text that goes back and forth."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

from backend.core.errors import InvalidInputError

PAGE = 50
LONGEST_PAGE = 200
NO_NUL = r"^[^\x00]*$"
"""Text to look for or to keep: PostgreSQL has none with a NUL in it."""

Place = tuple[datetime, UUID]
"""Where a row stands in a list ordered by a moment and then by the id."""


def cursor_of(place: Place) -> str:
    """The place as text for a URL."""
    return urlsafe_b64encode(f"{place[0].isoformat()} {place[1]}".encode()).decode()


def place_of(cursor: str) -> Place:
    """The place that a cursor stands for.

    Raises:
        InvalidInputError: it is none of ours.
    """
    try:
        created_at, _, row_id = urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        said = datetime.fromisoformat(created_at)
        if said.tzinfo is None:
            raise ValueError(created_at)
        return said.astimezone(UTC), UUID(row_id)
    except (ValueError, OverflowError) as error:  # a year before the first, in UTC
        raise InvalidInputError("This cursor is invalid. Start again without it.") from error
