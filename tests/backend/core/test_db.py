"""Sessions: what is undone with a transaction, and moments in time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.core.db import Database, undo_on_rollback, undoing, utc_now
from backend.recordings import repository
from tests.factories import create_recording, create_user


def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    now = datetime(2025, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        recording = create_recording(session, created_at=now)
        session.commit()
    with database.read() as session:
        found = repository.get(session, recording.id)
    assert found is not None
    assert found.created_at == now
    assert found.created_at.tzinfo == UTC


def test_a_naive_moment_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(Exception, match="naive"):
        create_recording(session, expires_at=datetime(2025, 3, 1))  # noqa: DTZ001


def test_an_error_shows_no_values(database: Database) -> None:
    with database.write() as session:
        twice = create_user(session).email
        with pytest.raises(IntegrityError) as caught:
            create_user(session, password_hash="a hash", email=twice)
    assert "INSERT INTO users" in str(caught.value)
    assert "a hash" not in str(caught.value).partition("[SQL")[2]


def test_what_was_done_for_a_transaction_is_undone_with_it(database: Database) -> None:
    undone: list[str] = []
    with database.write() as session:
        recording = create_recording(session)
        undo_on_rollback(session, lambda: undone.append("stored"))
        with pytest.raises(ZeroDivisionError), undoing(session):
            1 / 0  # noqa: B018
    assert undone == ["stored"]
    with database.read() as session:
        assert repository.get(session, recording.id) is None


def test_sqlite_is_safe_for_many_processes(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("pragmas are SQLite's")
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 10_000


def test_no_writer_passes_another_that_waits(database: Database) -> None:
    """Eight that write again at once whenever they have written take turns; nobody starves."""
    writers, each_writes = 8, 20
    barrier, order = Barrier(writers), []

    def write_often(writer: int) -> None:
        barrier.wait()
        for _ in range(each_writes):
            with database.write() as session:
                session.execute(text("DELETE FROM users WHERE 1 = 0"))
                order.append(writer)
                session.commit()

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write_often, range(writers)))
    assert len(order) == writers * each_writes
    if database.engine.dialect.name == "sqlite":
        # In the middle, when all have begun and none is done, others wait whenever one writes.
        middle = order[len(order) // 4 : len(order) // 2]
        assert max(len(list(run)) for _, run in groupby(middle)) < 4, order


def test_now_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)
