"""Fixtures of the worker's tests: a deployment on SQLite and files, or PostgreSQL and Redis."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from backend.core.settings import Settings
from backend.installation import key
from backend.jobs.celery import make_celery
from tests import buckets
from tests.conftest import (
    DATABASE_SERVER,
    LAST_REDIS_DATABASE,
    REDIS_SERVER,
    postgresql_database,
    redis_database,
)
from tests.worker.deployment import Deployment
from tests.worker.stand_in import StandIn
from worker import dependencies, predictor, process

BRISK = {
    "POCOVID_HEARTBEAT_S": "0.3",
    "POCOVID_STALE_AFTER_S": "3",
    "POCOVID_UPKEEP_EVERY_S": "1",
}
"""A worker's death is noticed within three seconds instead of thirty."""

REDIS_DATABASE = LAST_REDIS_DATABASE - 1
"""Another than the web application's tests use, since these empty theirs as well."""


Open = Callable[[Mapping[str, str]], AbstractContextManager[Deployment]]


@pytest.fixture
def open_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path) -> Open:
    """`with open_deployment(environment) as deployment`: a deployment on what the variables name.

    On SQLite and local files where they name nothing. Tasks that the test calls find it too.
    """

    @contextmanager
    def open_deployment(lane: Mapping[str, str]) -> Iterator[Deployment]:
        environment = {**BRISK, "POCOVID_DATA_DIR": str(tmp_path), **lane}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = Settings()
        if "POCOVID_DATABASE_URL" not in lane:
            shutil.copy(migrated_sqlite, settings.database_url.removeprefix("sqlite:///"))
        deployment = Deployment(environment, settings)
        key.establish(
            deployment.database, settings
        )  # as the API does, which is there before any worker
        here = process.Process(
            "tests:1", settings, deployment.database, deployment.storage, make_celery(settings)
        )
        monkeypatch.setattr(process, "current", lambda: here)
        monkeypatch.setattr(predictor, "load", StandIn)
        monkeypatch.setattr(dependencies.backoff, "_failures", 0)
        yield deployment
        deployment.close()

    return open_deployment


@pytest.fixture
def services(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """The environment of a PostgreSQL database of its own, migrated, and of Redis."""
    if not DATABASE_SERVER or not REDIS_SERVER:
        pytest.skip("no POCOVID_TEST_DATABASE_URL and POCOVID_TEST_REDIS_URL: no services to test")
    broker_url = redis_database(REDIS_DATABASE)
    template = request.getfixturevalue("migrated_postgresql")
    with postgresql_database(template) as database_url, redis.Redis.from_url(broker_url) as broker:
        broker.flushdb()
        yield {"POCOVID_DATABASE_URL": database_url, "POCOVID_BROKER_URL": broker_url}
        broker.flushdb()


@pytest.fixture
def deployment(open_deployment: Open) -> Iterator[Deployment]:
    """SQLite, local files and the embedded broker; tasks called here find it too."""
    with open_deployment({}) as deployment:
        yield deployment


@pytest.fixture
def services_deployment(open_deployment: Open, services: Mapping[str, str]) -> Iterator[Deployment]:
    """A PostgreSQL database of its own, and Redis."""
    with open_deployment(services) as deployment:
        yield deployment


@pytest.fixture
def bucket_deployment(open_deployment: Open, s3_url: str) -> Iterator[Deployment]:
    """SQLite and a bucket, of which each task has what it needs in its data folder."""
    with open_deployment(_bucket(s3_url)) as deployment:
        yield deployment


@pytest.fixture(params=["embedded", pytest.param("services", marks=pytest.mark.services)])
def any_deployment(request: pytest.FixtureRequest, open_deployment: Open) -> Iterator[Deployment]:
    """Once as `deployment`, once as `services_deployment`."""
    on_services = request.param == "services"
    with open_deployment(request.getfixturevalue("services") if on_services else {}) as deployment:
        yield deployment


@pytest.fixture(params=["folder", "s3", pytest.param("services", marks=pytest.mark.services)])
def stored_deployment(
    request: pytest.FixtureRequest, open_deployment: Open
) -> Iterator[Deployment]:
    """SQLite with a folder; SQLite with a bucket; PostgreSQL and Redis with a bucket."""
    lane: dict[str, str] = {}
    if request.param != "folder":
        lane |= _bucket(request.getfixturevalue("s3_url"))
    if request.param == "services":
        lane |= request.getfixturevalue("services")
    with open_deployment(lane) as deployment:
        yield deployment


def _bucket(s3_url: str) -> dict[str, str]:
    return {f"POCOVID_{name.upper()}": value for name, value in buckets.make(s3_url).items()}


def with_settings(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Change settings of the process that the tasks called here see."""
    mine = process.current()
    changed = replace(mine, settings=mine.settings.model_copy(update=changes))
    monkeypatch.setattr(process, "current", lambda: changed)
