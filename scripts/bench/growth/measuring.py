"""The calls at one size, in a process of their own: time, statements, rows and memory of each."""

import asyncio
import gc
import io
import os
import resource
import sqlite3
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from sqlalchemy import Engine, create_engine, event, text

from backend.accounts.identity import (
    CSRF_COOKIE,
    CSRF_HEADER,
    SESSION_COOKIE,
    csrf_token,
    new_secret,
)
from backend.app import create_app
from backend.core import logs
from backend.core.db import Database
from backend.core.settings import Settings
from backend.storage.factory import open_storage
from backend.storage.local import FolderStorage
from scripts.bench.growth import calls
from scripts.bench.growth.calls import Bench, Call, Run, Who
from scripts.bench.growth.seeding import Installation
from worker.maintenance.duties import DUTIES

ADDRESS = "198.51.100.7"
OLD_S = 7200
"""Age of stored objects: the sweeps leave alone what is of the last hour."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often each call is made: `repeats` times within `seconds`, and at least once."""

    repeats: int = 30
    seconds: float = 2.0


@dataclass
class Statements:
    """What was asked of the databases of this process since the last `reset`."""

    seconds: dict[str, float] = field(default_factory=dict)
    count: int = 0
    rows: int = 0

    def reset(self) -> None:
        """Forget what was counted."""
        self.seconds, self.count, self.rows = {}, 0, 0

    def listen(self) -> None:
        """Count in every engine that this process makes from now on."""
        event.listen(Engine, "do_connect", self._count_rows_of_sqlite)
        event.listen(Engine, "before_cursor_execute", self._begin)
        event.listen(Engine, "after_cursor_execute", self._end)

    def _count_rows_of_sqlite(
        self, dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]
    ) -> None:
        if dialect.name == "sqlite":
            options["factory"] = _connection_that_counts(self)

    def _begin(self, _c: Any, _cursor: Any, _sql: str, _p: Any, context: Any, _m: bool) -> None:
        if context is not None:
            context.began_at = time.perf_counter()

    def _end(self, _c: Any, cursor: Any, sql: str, _p: Any, context: Any, _m: bool) -> None:
        if sql.startswith("BEGIN"):
            return
        spent = time.perf_counter() - context.began_at
        self.count += 1
        self.seconds[sql] = self.seconds.get(sql, 0.0) + spent
        if not isinstance(cursor, sqlite3.Cursor) and cursor.description is not None:
            self.rows += cursor.rowcount


def _connection_that_counts(statements: Statements) -> type[sqlite3.Connection]:
    """A class of connections that count the rows that are fetched, which SQLite cannot tell."""

    class Cursor(sqlite3.Cursor):
        def fetchall(self) -> list[Any]:
            rows = super().fetchall()
            statements.rows += len(rows)
            return rows

        def fetchmany(self, size: int | None = None) -> list[Any]:
            rows = super().fetchmany(self.arraysize if size is None else size)
            statements.rows += len(rows)
            return rows

        def fetchone(self) -> Any:
            row = super().fetchone()
            statements.rows += row is not None
            return row

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

    return Connection


class Zeros(FolderStorage):
    """A storage in which every object is there, and is as many zeros as anybody reads."""

    _ZEROS = bytes(1_000_000)

    def open(self, _key: str, start: int = 0) -> BinaryIO:
        """Zeros, from `start` on."""
        file = io.BytesIO(self._ZEROS)
        file.seek(start)
        return file


def measure(
    url: str, folder: Path, made: Installation, names: Sequence[str], bounds: Bounds
) -> dict[str, Row]:
    """Time these calls on a database that was filled (`seeding`).

    To be called once, in a process of its own: it counts in every engine, and sets variables of the
    environment, by which a worker's process finds the same database.

    Args:
        url: the database.
        folder: for what the application and the duties write.
        made: what is in the database.
        names: of the calls.
        bounds: how often each is made, and on what statistics.

    Returns:
        For each call the least, p50 and p95 of the clock and p50 of the process's CPU time
        (`least_ms`, `p50_ms`, `p95_ms`, `cpu_ms`), how often it was made, statements and rows
        fetched, and by how many MB it raised the process's peak; or `error`. Under "", what the
        process held after its start and at its peak.
    """
    for name in [variable for variable in os.environ if variable.startswith("POCOVID_")]:
        del os.environ[name]
    os.environ |= {
        "POCOVID_DATABASE_URL": url,
        "POCOVID_DATA_DIR": str(folder),
        "POCOVID_CLIENT_KEY": new_secret(),  # or else the start refuses patients without one
        "POCOVID_LOG_LEVEL": "error",
        "POCOVID_MIN_FREE_BYTES": "0",
        "POCOVID_UPLOADS_PER_MINUTE": "100000",
    }
    settings = Settings()
    logs.configure(settings)
    statements = Statements()
    statements.listen()
    _store(settings, made.stored)
    _settle(url)
    return asyncio.run(_measure(settings, made, names, bounds, statements))


def _store(settings: Settings, keys: Sequence[str]) -> None:
    """Objects as the sweeps of maintenance list them: old, and each with a row."""
    storage, folder = open_storage(settings), settings.storage_url.removeprefix("file://")
    then = time.time() - OLD_S
    for key in keys:
        storage.put_bytes(key, b".")
        os.utime(Path(folder) / key, (then, then))


def _settle(url: str) -> None:
    """Have maintenance do what it finds to do, and the database what it does by itself in time.

    That is, to clean up and to count its rows: PostgreSQL does; SQLite does neither.
    """
    for duty in DUTIES.values():
        duty.work()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()


async def _measure(
    settings: Settings,
    made: Installation,
    names: Sequence[str],
    bounds: Bounds,
    statements: Statements,
) -> dict[str, Row]:
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        folder = Path(settings.storage_url.removeprefix("file://"))
        stored = Zeros(folder, settings.incoming_dir)
        app.state.services = replace(app.state.services, storage=stored)
        clients: dict[Who, httpx.AsyncClient] = {}
        secrets: Mapping[Who, str] = {
            "anybody": "",
            "contributor": made.contributor_secret,
            "reviewer": made.reviewer_secret,
            "admin": made.admin_secret,
        }
        for who, secret in secrets.items():
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app, client=(ADDRESS, 1)),
                base_url="http://growth/api/v1",
                **_identity(secret),
            )
            clients[who] = await stack.enter_async_context(client)
        database = Database.connect(settings)
        stack.callback(database.close)
        bench = Bench(app, clients, database, made)
        every = calls.every()
        await _time(every["health"], bench, Bounds(1), statements)
        gc.collect()
        gc.freeze()  # else a tenth of a second for all that was imported falls on a call by chance
        found = {"": {"resident_mb": _resident_mb()}}
        for name in names:
            found[name] = await _time(every[name], bench, bounds, statements)
        found[""]["peak_mb"] = _peak_mb()
    return found


def _identity(secret: str) -> dict[str, Any]:
    if not secret:
        return {}
    csrf = csrf_token(secret)
    cookies = {SESSION_COOKIE: secret, CSRF_COOKIE: csrf}
    return {"cookies": cookies, "headers": {CSRF_HEADER: csrf}}


async def _time(call: Call, bench: Bench, bounds: Bounds, statements: Statements) -> Row:
    """Make one call again and again; the first time is left out, unless it takes too long."""
    clock: list[float] = []
    cpu: list[float] = []
    before_mb = _peak_mb()
    gc.collect()
    until = time.monotonic() + bounds.seconds
    response: httpx.Response | None = None
    try:
        for turn in range(bounds.repeats + 1):
            await _around(call.before, bench)
            statements.reset()
            began, began_cpu = time.perf_counter(), time.process_time()
            response = await call.run(bench)
            spent, spent_cpu = time.perf_counter() - began, time.process_time() - began_cpu
            asked = replace(statements)
            await _around(call.after, bench)
            if response is not None:
                _check(response)
            if turn or spent > bounds.seconds:
                clock.append(spent * 1000)
                cpu.append(spent_cpu * 1000)
            if clock and time.monotonic() > until:
                break
    except Exception as error:  # noqa: BLE001  # one that fails must not keep the others from their turn
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "times": len(clock),
        "least_ms": min(clock),
        "p50_ms": statistics.median(clock),
        "p95_ms": sorted(clock)[min(int(0.95 * len(clock)), len(clock) - 1)],
        "cpu_ms": statistics.median(cpu),
        "statements": asked.count,
        "rows": asked.rows,
        "peak_mb": max(_peak_mb() - before_mb, 0.0),
        "status": None if response is None else response.status_code,
        "sql": {sql: spent * 1000 for sql, spent in asked.seconds.items()},
    }


async def _around(run: Run | None, bench: Bench) -> None:
    if run is not None:
        await run(bench)


def _check(response: httpx.Response) -> None:
    if not response.is_success:
        raise RuntimeError(f"{response.status_code} {response.text[:300]}")


def _resident_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss / 1e6)


def _peak_mb() -> float:
    """The most that this process ever held; Linux counts in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
