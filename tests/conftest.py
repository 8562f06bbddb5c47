"""Fixtures for all: databases made by the real migrations, and a real server on loopback.

What stores anything is tested on SQLite and local files, and once more on PostgreSQL and Redis
where POCOVID_TEST_DATABASE_URL and POCOVID_TEST_REDIS_URL name them: there each test has a
database of its own, and one of Redis' last databases, which is emptied.
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import redis
import structlog
from argon2 import PasswordHasher
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from sqlalchemy import func, select

import migrations
from backend.accounts import identity
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, csrf_token
from backend.app import create_app
from backend.core import logs, passwords
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

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


os.environ["POCOVID_WORKER_NICE"] = "0"
"""Real workers beside this many test processes would wait for minutes if they stepped back."""

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

# A mark, and no skip in a fixture: pytest then reports one line for each file.
POSTGRESQL = pytest.param(
    "postgresql",
    marks=[
        pytest.mark.services,
        *([] if DATABASE_SERVER else [pytest.mark.skip(NO_DATABASE_SERVER)]),
    ],
)
"""The parameter of what is tested on SQLite and PostgreSQL; skipped where there is no server."""


LONG_FILES = re.compile(
    r"/(e2e/|test_many_machines|test_real_|test_interrupted|test_on_hosts"
    r"|worker/test_(dependencies|outages|watchdog)|cli/test_(up|supervisor|settings)"
    r"|models/(comparison|evaluation|inference|training)/|test_numbered_clips)"
)
"""Files of tests that start processes or a browser, or compute: begun late, one would run on by
itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first."""
    items.sort(key=lambda item: LONG_FILES.search(item.path.as_posix()) is None)


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


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_quickly() -> Iterator[None]:
    """In this process; `tests/backend/core/test_passwords` tests what others use."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "hasher", quick)
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
            name.startswith("POCOVID_")
            and not name.startswith("POCOVID_TEST_")
            and name != "POCOVID_WORKER_NICE"
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
    """A database of the test server by its URL, `number` for the first of the test processes.

    `number` is one of the last three; five processes share none.
    """
    assert REDIS_SERVER is not None
    return urlunsplit(urlsplit(REDIS_SERVER)._replace(path=f"/{number - 3 * PROCESS}"))


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
    with postgresql_database() as url:
        migrations.upgrade(Settings(database_url=url).database_url)
        yield urlsplit(url).path.removeprefix("/")


def sqlite_url(template: Path, folder: Path) -> str:
    path = folder / "pocovid.sqlite3"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_url(request.getfixturevalue("migrated_sqlite"), tmp_path)
    else:
        with postgresql_database(request.getfixturevalue("migrated_postgresql")) as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Sessions on a migrated database, on each kind of server."""
    made = Database.connect(Settings(database_url=database_url))
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

    On PostgreSQL they have Redis too, where there is a server. Every answer to the client is
    checked against the OpenAPI document.
    """
    broker_url = ""
    if REDIS_SERVER is not None and not database_url.startswith("sqlite:"):
        broker_url = redis_database(LAST_REDIS_DATABASE)
        redis.Redis.from_url(broker_url).flushdb()
    with ExitStack() as started:

        def start(**changes: Any) -> Api:
            values = {"database_url": database_url, "broker_url": broker_url, **changes}
            return started.enter_context(running_api(tmp_path, contract, values))

        yield start
    if broker_url:
        redis.Redis.from_url(broker_url).flushdb()


@contextmanager
def running_api(folder: Path, contract: Contract, changes: Mapping[str, Any]) -> Iterator[Api]:
    """An application with changed settings, on a port of its own, until the context ends."""
    values: dict[str, Any] = {
        "data_dir": folder / "data",
        "port": 0,
        "min_free_bytes": 0,
        "frontend_dir": folder / "no_frontend",
        "uploads_per_minute": 10_000,
    }
    settings = Settings(**values | dict(changes))
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
    yield Api(app, settings, database, storage, url, client, stop)
    client.close()
    stop()
    database.close()


@pytest.fixture(scope="module")
def shared_api(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, contract: Contract
) -> Iterator[Api]:
    """A running application on SQLite for all tests of a file that leave nothing in it."""
    folder = tmp_path_factory.mktemp("shared")
    changes = {"database_url": sqlite_url(migrated_sqlite, folder)}
    with running_api(folder, contract, changes) as api:
        yield api


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
