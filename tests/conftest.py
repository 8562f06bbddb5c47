"""Fixtures for all: databases made by the real migrations, and a real server on loopback.

SQLite and local files by default. Where POCOVID_TEST_DATABASE_URL or POCOVID_TEST_REDIS_URL
name servers, the same fixtures use those: a database of its own for each test, and one of Redis'
last databases, which is emptied.
"""

import logging
import os
import re
import secrets
import shutil
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import redis
import structlog
from fastapi import FastAPI
from sqlalchemy import func, select

import migrations
from backend.accounts import identity
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, csrf_token
from backend.app import create_app
from backend.core import logs
from backend.core.db import Base, Database
from backend.core.redaction import redact_line
from backend.core.settings import Settings
from backend.http.server import Server
from backend.storage.base import Storage
from backend.storage.factory import open_storage
from backend.tables import Installation, User
from scripts.no_secrets import LOGS
from tests import buckets, planted, postgresql
from tests.factories import create_sign_in, create_user
from tests.openapi import Contract

DATABASE_SERVER = os.environ.get("POCOVID_TEST_DATABASE_URL")
REDIS_SERVER = os.environ.get("POCOVID_TEST_REDIS_URL")
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of the test processes this is, where several run: each has a Redis database to itself."""

FOLDERS = (
    "arrivals",
    "contribution-previews",
    "contributions",
    "frames",
    "pieces",
    "previews",
    "dataset",
    "recordings",
    "review",
    "wholes",
)

ANSWER_S = 60
"""Seconds a test waits for the server's answer; a busy machine stalls longer than httpx's five."""

TLS = ssl.create_default_context()
"""For clients, which talk to loopback without it: made once, as each by itself takes 50 ms."""

LAST_REDIS_DATABASE = 15  # of the sixteen that a server has
NO_DATABASE_SERVER = "no POCOVID_TEST_DATABASE_URL: no PostgreSQL to test on"


LONG_FILES = re.compile(
    r"/(e2e/|test_many_machines|test_real_|test_interrupted|test_on_hosts"
    r"|worker/test_(dependencies|outages|watchdog)|cli/test_(up|supervisor|settings))"
)
"""Files of tests that start processes or a browser: begun late, one would run on by itself."""


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first; where there is a server, a test on any database needs the services."""
    items.sort(key=lambda item: LONG_FILES.search(item.path.as_posix()) is None)
    for item in items if DATABASE_SERVER is not None else ():
        if isinstance(item, pytest.Function) and "database_url" in item.fixturenames:
            item.add_marker(pytest.mark.services)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> Iterator[None]:
    """Keep what processes that a test started have written, for `scripts/no_secrets.py`."""
    # The last report of a test has all of it. Of pytest-xdist, the test's own process keeps it.
    if report.when == "teardown" and not hasattr(report, "node"):
        written = "".join(text for name, text in report.sections if name.startswith("Captured std"))
        if written:
            with log_file("captured").open("a", errors="surrogateescape") as file:
                file.write(written)
    yield


def log_file(name: str) -> Path:
    """Where a process that a test starts may log; `scripts/no_secrets.py` looks through it."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{name}-{os.getpid()}.log"


@pytest.fixture(scope="session", autouse=True)
def _logs_are_kept() -> Iterator[None]:
    """Have all that an application in this process logs in a file too, as it formats it.

    What runs without one, such as a task that a test calls, logs as an application does:
    structlog's own way with errors shows the values of variables.
    """
    configure = logs.configure
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_line,
            structlog.dev.ConsoleRenderer(colors=False),
        ]
    )

    def configure_and_keep(settings: Settings) -> None:
        configure(settings)
        file = logging.FileHandler(log_file("process"), encoding="utf-8", errors="backslashreplace")
        file.setFormatter(logging.root.handlers[0].formatter)
        logging.root.addHandler(file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "configure", configure_and_keep)
        yield


@pytest.fixture(scope="session", autouse=True)
def _secrets_are_noted() -> Iterator[None]:
    """Every secret that is made in this process must not be in a log (`planted.note`)."""
    planted.note(planted.SECRET, planted.PASSWORD.split()[0])
    make = secrets.token_urlsafe

    def make_and_note(size: int | None = None) -> str:
        secret = make(size)
        planted.note(secret, csrf_token(secret))
        return secret

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "token_urlsafe", make_and_note)
        yield


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """An S3 server's stand-in; `tests.buckets.make` makes buckets in it."""
    with buckets.serving() as url:
        yield url


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in ("HOST", "PORT") or (
            name.startswith("POCOVID_") and not name.startswith("POCOVID_TEST_")
        ):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_end_with_their_test() -> Iterator[None]:
    """An application logs to the standard error that was captured, which closes with its test.

    A command has what nobody catches logged as well; pytest has its own way with that.
    """
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    for handler in logging.root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            logging.root.removeHandler(handler)


def redis_database(number: int) -> str:
    """A database of the test server by its URL, `number` for the first of the test processes."""
    assert REDIS_SERVER is not None
    return urlunsplit(urlsplit(REDIS_SERVER)._replace(path=f"/{number - 2 * PROCESS}"))


def postgresql_database(template: str | None = None) -> AbstractContextManager[str]:
    """A new database on the test server, by its URL; dropped at the end."""
    assert DATABASE_SERVER is not None
    return postgresql.new_database(DATABASE_SERVER, template)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest migration, to be copied."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql() -> Iterator[str]:
    """The name of a migrated PostgreSQL database, to be used as a template."""
    if DATABASE_SERVER is None:
        pytest.skip(NO_DATABASE_SERVER)
    with postgresql_database() as url:
        migrations.upgrade(Settings(database_url=url).database_url)
        yield urlsplit(url).path.removeprefix("/")


def _sqlite_url(template: Path, folder: Path) -> str:
    path = folder / "pocovid.sqlite3"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database: SQLite, or PostgreSQL where there is a test server."""
    if DATABASE_SERVER is None:
        yield _sqlite_url(request.getfixturevalue("migrated_sqlite"), tmp_path)
    else:
        with postgresql_database(request.getfixturevalue("migrated_postgresql")) as url:
            yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def any_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield _sqlite_url(request.getfixturevalue("migrated_sqlite"), tmp_path)
    elif DATABASE_SERVER is None:
        pytest.skip(NO_DATABASE_SERVER)
    else:
        with postgresql_database(request.getfixturevalue("migrated_postgresql")) as url:
            yield url


@pytest.fixture
def database(any_database_url: str) -> Iterator[Database]:
    """Sessions on a migrated database, on each kind of server."""
    made = Database.connect(Settings(database_url=any_database_url))
    yield made
    made.close()


@dataclass
class Api:
    """A running application, seen from outside (`client`) and from behind."""

    app: FastAPI
    settings: Settings
    database: Database
    storage: Storage
    url: str
    client: httpx.Client = field(repr=False)
    stop: Callable[[], None] = field(repr=False)

    def stored(self) -> list[str]:
        """Every file in the storage and in the incoming folder."""
        kept = [each.key for folder in FOLDERS for each in self.storage.listing(folder)]
        return kept + [path.name for path in self.settings.incoming_dir.iterdir()]

    def rows(self) -> int:
        """Rows in all tables together, but for the one that every installation has."""
        with self.database.read() as session:
            return sum(
                session.scalars(select(func.count()).select_from(table)).one()
                for table in Base.metadata.sorted_tables
                if table.name != Installation.__tablename__
            )

    def assert_nothing_stays(self) -> None:
        """No row, no stored byte, no half upload."""
        assert self.rows() == 0
        assert self.stored() == []


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The OpenAPI document, which no setting changes; made once, for it takes half a second."""
    return Contract(create_app(Settings(data_dir=tmp_path_factory.mktemp("contract"))).openapi())


@pytest.fixture
def start_api(
    database_url: str, tmp_path: Path, contract: Contract
) -> Iterator[Callable[..., Api]]:
    """Start applications with changed settings; each answers on a port of its own.

    Every answer to the client is checked against the OpenAPI document.
    """
    started: list[Api] = []
    broker_url = ""
    if REDIS_SERVER is not None:
        broker_url = redis_database(LAST_REDIS_DATABASE)
        redis.Redis.from_url(broker_url).flushdb()

    def start(**changes: Any) -> Api:
        values: dict[str, Any] = {
            "data_dir": tmp_path / "data",
            "port": 0,
            "database_url": database_url,
            "broker_url": broker_url,
            "min_free_bytes": 0,
            "frontend_dir": tmp_path / "no_frontend",
            "uploads_per_minute": 10_000,
        }
        settings = Settings(**values | changes)
        app = create_app(settings)
        server = Server(app, settings)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        client = httpx.Client(
            base_url=f"{url}/api/v1",
            timeout=ANSWER_S,
            verify=TLS,
            event_hooks={"response": [contract.check]},
        )

        def stop() -> None:
            server.should_exit = True
            thread.join()

        database, storage = Database.connect(settings), open_storage(settings)
        api = Api(app, settings, database, storage, url, client, stop)
        started.append(api)
        return api

    yield start
    for api in started:
        api.client.close()
        api.stop()
        api.database.close()
    if broker_url:
        redis.Redis.from_url(broker_url).flushdb()


@pytest.fixture
def api(start_api: Callable[..., Api]) -> Api:
    """A running application with the settings of a bare machine."""
    return start_api()


@dataclass
class SignedIn:
    """An account, and a client with the cookies and the CSRF header of its session."""

    user: User
    client: httpx.Client = field(repr=False)


@pytest.fixture
def sign_in() -> Iterator[Callable[..., SignedIn]]:
    """`sign_in(api, role="contributor", **changes)`: a new account, signed in.

    Every answer to its client is checked against the OpenAPI document.
    """
    clients: list[httpx.Client] = []

    def sign_in(api: Api, role: str = "contributor", **changes: Any) -> SignedIn:
        with api.database.write() as session:
            user = create_user(session, role, **changes)
            secret = create_sign_in(session, user)
            session.commit()
        csrf = csrf_token(secret)
        client = httpx.Client(
            base_url=api.client.base_url,
            timeout=ANSWER_S,
            verify=TLS,
            event_hooks=api.client.event_hooks,
            cookies={SESSION_COOKIE: secret, CSRF_COOKIE: csrf},
            headers={CSRF_HEADER: csrf},
        )
        clients.append(client)
        return SignedIn(user, client)

    yield sign_in
    for client in clients:
        client.close()
