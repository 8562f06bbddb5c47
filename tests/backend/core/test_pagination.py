"""Pages: every row once and in order, whatever comes and goes between them."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.errors import InvalidInputError
from backend.core.pagination import HiddenKeyset, Keyset
from backend.tables import AuditEvent, Release, Submission, User
from tests.factories import create_user
from tests.factories_releases import create_release

MOMENT = datetime(2025, 3, 1, 12, tzinfo=UTC)


def made(session: Session, *ids: int, minute: int = 0) -> None:
    """Submissions of one moment, with these ids."""
    owner = session.scalars(select(User)).first() or create_user(session)
    at = MOMENT.replace(minute=minute)
    for each in ids:
        session.add(Submission(id=UUID(int=each), contributor=owner, created_at=at, touched_at=at))
    session.flush()


def walked(session: Session, keyset: Keyset, limit: int) -> list[list[int]]:
    """The ids of every page."""
    pages, cursor = [], None
    while True:
        page = keyset.page(session, select(Submission), cursor, limit)
        pages.append([row.id.int for row in page.rows])
        if page.next is None:
            return pages
        cursor = page.next


@pytest.mark.parametrize(
    ("descending", "expected"),
    [(False, [[7, 1], [3, 9], [2]]), (True, [[2, 9], [3, 1], [7]])],
)
def test_rows_of_one_moment_are_parted_by_their_ids(
    database: Database, *, descending: bool, expected: list[list[int]]
) -> None:
    keyset = Keyset(Submission.created_at, Submission.id, descending=descending)
    with database.write() as session:
        made(session, 7)
        made(session, 9, 1, 3, minute=1)
        made(session, 2, minute=2)
        assert walked(session, keyset, 2) == expected
        assert walked(session, keyset, 5) == [[*chain(*expected)]]


def test_what_comes_and_goes_moves_no_other(database: Database) -> None:
    keyset = Keyset(Submission.created_at, Submission.id)
    with database.write() as session:
        made(session, 1, 2, 3, 4)
        first = keyset.page(session, select(Submission), None, 2)
        session.delete(first.rows[-1])
        made(session, 5, minute=1)
        session.flush()
        rest = keyset.page(session, select(Submission), first.next, 9)
        assert [row.id.int for row in rest.rows] == [3, 4, 5]
        assert rest.next is None


def test_a_cursor_of_one_column_is_its_text(database: Database) -> None:
    with database.write() as session:
        for number in (1, 2, 10):
            create_release(session, number)
        first = Keyset(Release.number, descending=True).page(session, select(Release), None, 1)
        assert first.next == "10"
        next_ = Keyset(Release.number, descending=True).page(session, select(Release), "10", 5)
        assert [row.number for row in next_.rows] == [2, 1]


def of(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    ["", "?", of("2025-03-01T12:00:00+00:00"), of(f"2025-03-01T12:00:00 {UUID(int=1)}"),
     of("2025-03-01T12:00:00+00:00 1"), of(f"0001-01-01T00:00:00+14:00 {UUID(int=1)}"),
     of(f"2025-03-01T12:00:00+00:00 {UUID(int=1)} 7")],
)  # fmt: skip
def test_what_no_list_gave_is_refused(database: Database, cursor: str) -> None:
    keyset = Keyset(Submission.created_at, Submission.id)
    with database.read() as session, pytest.raises(InvalidInputError, match="cursor"):
        keyset.page(session, select(Submission), cursor, 2)


@pytest.mark.parametrize("cursor", ["-1", "1.5", "٣", "", str(2**31)])
def test_a_number_that_the_column_cannot_hold_is_refused(database: Database, cursor: str) -> None:
    with database.read() as session, pytest.raises(InvalidInputError, match="cursor"):
        Keyset(Release.number).page(session, select(Release), cursor, 2)


def test_a_wide_column_holds_wide_numbers(database: Database) -> None:
    with database.read() as session:
        page = Keyset(AuditEvent.id).page(session, select(AuditEvent), str(2**63 - 1), 2)
        assert page.rows == []
        with pytest.raises(InvalidInputError, match="cursor"):
            Keyset(AuditEvent.id).page(session, select(AuditEvent), str(2**63), 2)


def test_a_hidden_cursor_is_the_id_of_the_last_row_and_no_more(database: Database) -> None:
    keyset = HiddenKeyset(Submission.created_at, Submission.id)
    with database.write() as session:
        made(session, 7)
        made(session, 9, 1, 3, minute=1)
        assert walked(session, keyset, 2) == [[7, 1], [3, 9]]
        cursor = keyset.page(session, select(Submission), None, 2).next
        assert cursor == str(UUID(int=1))
        only_later = select(Submission).where(Submission.id != UUID(int=1))
        behind = keyset.page(session, only_later, cursor, 2)
        assert [each.id.int for each in behind.rows] == [3, 9], "it has left the list"


@pytest.mark.parametrize("cursor", ["", "7", str(UUID(int=8)), "é"])
def test_a_hidden_cursor_of_no_row_is_refused(database: Database, cursor: str) -> None:
    keyset = HiddenKeyset(Submission.created_at, Submission.id)
    with database.write() as session:
        made(session, 7)
        with pytest.raises(InvalidInputError, match="cursor is invalid"):
            keyset.page(session, select(Submission), cursor, 2)
