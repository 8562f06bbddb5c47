"""Engine, sessions, naming convention, and the column type for points in time."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from backend.core.settings import Settings

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base class of every table."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class UTCDateTime(TypeDecorator[datetime]):
    """A point in time: always timezone-aware in Python, always UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raises ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, got the naive {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """SQLite drops the time zone; it was UTC when it was stored."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    return datetime.now(UTC)


def make_engine(settings: Settings) -> Engine:
    """An engine for the settings' database, with SQLite set up for several processes.

    Errors hide the statement's values, since digests and addresses must not be logged. A process
    that forks makes a new engine in the child.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url,
            hide_parameters=True,
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            pool_timeout=10,
        )
    if url.database and url.database != ":memory:":
        _make_private(Path(url.database))
    engine = create_engine(url, hide_parameters=True, pool_size=10, max_overflow=40)
    event.listen(engine, "connect", _prepare_sqlite)
    writers = _Writers()
    event.listen(engine, "begin", writers.begin)
    event.listen(engine, "checkin", writers.checked_in)
    return engine


SQLITE_WAIT_S = 10
"""How long a transaction waits for its turn to write, and then for writers in other processes."""


class _Writers:
    """Begins transactions on SQLite; those of one process write in the order in which they came.

    SQLite alone lets its waiters ask again at intervals that grow, and whoever asks at the right
    moment is next: among many writers, one may wait until its time is up.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: deque[Event] = deque()  # whose is first may write

    def begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get("read_only", False):
            connection.exec_driver_sql("BEGIN")
            return
        if "turn" not in connection.info:
            connection.info["turn"] = self._wait_for_turn()
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def checked_in(self, _connection: Any, record: Any) -> None:
        turn = record.info.pop("turn", None)
        if turn is not None:
            self._end(turn)

    def _wait_for_turn(self) -> Event | None:
        """None where it did not come in time; SQLite then waits, and answers with its own error."""
        turn = Event()
        with self._lock:
            self._turns.append(turn)
            self._turns[0].set()
        if turn.wait(SQLITE_WAIT_S):
            return turn
        self._end(turn)
        return None

    def _end(self, turn: Event) -> None:
        with self._lock:
            self._turns.remove(turn)
            if self._turns:
                self._turns[0].set()


REQUESTS_AT_ONCE = 12
"""Requests with a session at a time: each needs up to two of the pool's 30 connections."""


class Database:
    """Two kinds of session: `write()` for transactions that change rows, `read()` for all others.

    On SQLite a writing transaction takes the write lock at its start and waits for it. A
    transaction that first reads and then asks for the lock fails at once if another was faster.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.write: sessionmaker[Session] = sessionmaker(engine, expire_on_commit=False)
        self.read: sessionmaker[Session] = sessionmaker(
            engine.execution_options(read_only=True), expire_on_commit=False
        )

    @classmethod
    def connect(cls, settings: Settings) -> "Database":
        """A database for the settings. Connections open on first use."""
        return cls(make_engine(settings))

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def undo_on_rollback(session: Session, undo: Callable[[], None]) -> None:
    """Call `undo` if the session's transaction is rolled back (see `undoing`)."""
    session.info.setdefault("undo", []).append(undo)


@contextmanager
def undoing(session: Session) -> Iterator[None]:
    """If the block raises, roll back and undo whatever else was done for the transaction."""
    try:
        yield
    except BaseException:
        session.rollback()
        for undo in session.info.pop("undo", ()):
            undo()
        raise


def _make_private(path: Path) -> None:
    """Create the database file for this user alone; SQLite's files beside it inherit the mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the begin event below starts transactions
    # SQLite's own lower() only knows ASCII
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {SQLITE_WAIT_S * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text
