"""Fixtures of the worker's tests: the house, on SQLite and files or on PostgreSQL and Redis."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import redis

import migrations
from backend.core.settings import Settings
from backend.installation import key
from backend.jobs import make_celery
from tests import buckets
from tests.conftest import (
    DATABASE_SERVER,
    LAST_REDIS_DATABASE,
    REDIS_SERVER,
    postgresql_database,
    redis_database,
)
from tests.worker.house import House
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


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """SQLite, local files and the embedded broker; tasks called here find it too."""
    yield from open_house(monkeypatch, {"POCOVID_DATA_DIR": str(tmp_path)})


@pytest.fixture
def services_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A PostgreSQL database of its own, and Redis."""
    yield from _open_on_services(tmp_path, monkeypatch)


@pytest.fixture
def bucket_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3_url: str) -> Iterator[House]:
    """SQLite and a bucket, of which each task has what it needs in its data folder."""
    bucket = {f"POCOVID_{name.upper()}": value for name, value in buckets.make(s3_url).items()}
    yield from open_house(monkeypatch, {"POCOVID_DATA_DIR": str(tmp_path), **bucket})


@pytest.fixture(params=["embedded", pytest.param("services", marks=pytest.mark.services)])
def any_house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """Once as `house`, once as `services_house`."""
    if request.param == "embedded":
        yield from open_house(monkeypatch, {"POCOVID_DATA_DIR": str(tmp_path)})
    else:
        yield from _open_on_services(tmp_path, monkeypatch)


@pytest.fixture(params=["folder", "s3", pytest.param("services", marks=pytest.mark.services)])
def stored_house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """SQLite with a folder; SQLite with a bucket; PostgreSQL and Redis with a bucket."""
    bucket: dict[str, str] = {}
    if request.param != "folder":
        made = buckets.make(request.getfixturevalue("s3_url"))
        bucket = {f"POCOVID_{name.upper()}": value for name, value in made.items()}
    if request.param == "services":
        yield from _open_on_services(tmp_path, monkeypatch, bucket)
    else:
        yield from open_house(monkeypatch, {"POCOVID_DATA_DIR": str(tmp_path), **bucket})


def _open_on_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[House]:
    if not DATABASE_SERVER or not REDIS_SERVER:
        pytest.skip("no POCOVID_TEST_DATABASE_URL and POCOVID_TEST_REDIS_URL: no services to test")
    broker_url = redis_database(REDIS_DATABASE)
    with postgresql_database() as database_url, redis.Redis.from_url(broker_url) as broker:
        broker.flushdb()
        lane = {
            "POCOVID_DATA_DIR": str(tmp_path),
            "POCOVID_DATABASE_URL": database_url,
            "POCOVID_BROKER_URL": broker_url,
            **more,
        }
        yield from open_house(monkeypatch, lane)
        broker.flushdb()


def open_house(monkeypatch: pytest.MonkeyPatch, lane: dict[str, str]) -> Iterator[House]:
    """A house on what `lane` names, and the process that tasks called here see."""
    environment = {**BRISK, **lane}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    migrations.upgrade(settings.database_url)
    house = House(environment, settings)
    key.establish(house.database, settings)  # as the API does, which is there before any worker
    here = process.Process(
        "tests:1", settings, house.database, house.storage, make_celery(settings)
    )
    monkeypatch.setattr(process, "current", lambda: here)
    monkeypatch.setattr(predictor, "load", StandIn)
    monkeypatch.setattr(dependencies.backoff, "_failures", 0)
    yield house
    house.close()


def with_settings(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Change settings of the process that the tasks called here see."""
    mine = process.current()
    changed = replace(mine, settings=mine.settings.model_copy(update=changes))
    monkeypatch.setattr(process, "current", lambda: changed)
