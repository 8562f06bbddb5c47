"""A worker whose database or storage is away: it steps back, others go on, and nobody is blamed."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from backend.core.errors import DatabaseUnreachableError, StorageUnreachableError
from backend.storage.local import FolderStorage
from backend.tables import Status
from tests.waiting import wait_until
from tests.worker.deployment import Deployment, clip, still
from worker.dependencies import Backoff
from worker.progress import progress
from worker.screenings.task import screen
from worker.task import task, transaction


def away(*_: object, **__: object) -> None:
    raise StorageUnreachableError("The storage cannot be used now.")


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long this process waited each time; it does not really."""
    found: list[float] = []
    monkeypatch.setattr("worker.dependencies.time.sleep", found.append)
    return found


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Messages that were given to others."""
    ids: list[str] = []

    def remember(_celery: object, _task: str, row_id: str) -> bool:
        ids.append(row_id)
        return True

    monkeypatch.setattr("worker.task.send", remember)
    return ids


class TestBackoff:
    def test_waits_longer_each_time_within_bounds_and_shortly_again_after_a_success(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, naps: list[float]
    ) -> None:
        backoff = Backoff()
        with monkeypatch.context() as patch:
            patch.setattr(FolderStorage, "check", away)
            for _ in range(8):
                assert not backoff.look()
                backoff.wait()
        for nap, most in zip(naps, (1, 2, 4, 8, 16, 30, 30, 30), strict=True):
            assert 0.75 * most <= nap <= most
        assert backoff.look()
        assert not backoff.is_on


class TestCutOff:
    def test_it_passes_messages_on_and_leases_nothing_until_it_is_back(
        self,
        deployment: Deployment,
        monkeypatch: pytest.MonkeyPatch,
        naps: list[float],
        passed_on: list[str],
    ) -> None:
        """It claimed, gave back and claimed again, while a healthy one had nothing to do."""
        first, second = (deployment.queue(still(), notify=False) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(FolderStorage, "check", away)
            patch.setattr(FolderStorage, "local", away)
            for _ in range(4):
                screen(str(first))
        assert [deployment.row(each).attempt for each in (first, second)] == [1, 0]
        assert deployment.row(first).due_at is None, "another worker may have it at once"
        assert passed_on == [str(first)] * 4
        assert len(naps) == 3
        for each in (first, second):
            screen(str(each))
        assert {deployment.row(each).status for each in (first, second)} == {Status.DONE.value}
        assert (deployment.row(first).attempt, deployment.row(first).lost) == (2, 0)

    def test_one_object_that_cannot_be_read_keeps_nobody_from_the_others(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, passed_on: list[str]
    ) -> None:
        damaged, whole = (deployment.queue(still(), notify=False) for _ in range(2))
        key = deployment.recording(damaged).storage_key
        real: Callable[..., Any] = FolderStorage.local

        def local(storage: FolderStorage, asked: str) -> Any:
            return away() if asked == key else real(storage, asked)

        monkeypatch.setattr(FolderStorage, "local", local)
        screen(str(damaged))
        screen(str(damaged))
        row = deployment.row(damaged)
        assert (row.status, row.attempt, row.lost) == (Status.QUEUED.value, 1, 0)
        assert row.due_at is not None
        assert row.away_since is not None
        assert deployment.row(whole).status == Status.DONE.value
        assert passed_on == []


def test_a_database_that_ends_a_connection_is_told_from_a_wrong_query(
    deployment: Deployment,
) -> None:
    with pytest.raises(DatabaseUnreachableError), transaction():
        raise OperationalError("COMMIT", None, Exception("server closed the connection"))


def test_a_job_is_progress_and_a_duty_is_none(deployment: Deployment) -> None:
    before = progress.taken
    task("a.job")(lambda: None)()
    assert progress.taken == before + 1
    task("a.duty", is_job=False)(lambda: None)()
    assert progress.taken == before + 1
    assert progress.busy_since is None


@pytest.fixture
def blips(services_deployment: Deployment) -> Iterator[Callable[[], int]]:
    """Ends every connection of the database, as a restart does; returns how many there were."""
    url = services_deployment.settings.database_url.replace("+psycopg", "")
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"

        def blip() -> int:
            found = admin.execute(query, (name,)).fetchone()
            assert found is not None
            return int(found[0])

        yield blip


@pytest.mark.services
def test_a_blip_of_the_database_costs_a_running_screening_nothing_but_time(
    services_deployment: Deployment, blips: Callable[[], int]
) -> None:
    """It failed with internal_error."""
    screening = services_deployment.queue(clip(30))
    services_deployment.start_scheduler()
    services_deployment.start_worker(frame_s=0.1)
    services_deployment.running(screening)

    assert blips() > 0
    row = services_deployment.finished(screening)

    assert (row.status, row.error_code, row.lost) == (Status.DONE.value, None, 0)


@pytest.mark.services
@pytest.mark.timeout(300)
def test_a_worker_cut_off_from_the_storage_leaves_all_to_a_healthy_one(
    services_deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 jobs 4 were done after two minutes, where a healthy worker alone takes seconds."""
    monkeypatch.setenv("POCOVID_STORAGE_URL", "s3://nowhere/at-all")
    monkeypatch.setenv("POCOVID_S3_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("POCOVID_S3_ACCESS_KEY", "key")
    monkeypatch.setenv("POCOVID_S3_SECRET_KEY", "secret")
    cut_off = {name: os.environ[name] for name in os.environ if name.startswith("POCOVID_S")}
    services_deployment.environment = {**services_deployment.environment, **cut_off}
    services_deployment.start_worker()
    services_deployment.environment = {
        name: value
        for name, value in services_deployment.environment.items()
        if name not in cut_off or name == "POCOVID_STALE_AFTER_S"
    }
    for name in cut_off:
        monkeypatch.delenv(name, raising=False)
    services_deployment.start_worker()
    wait_until(lambda: len(services_deployment.workers()) == 2, 60)

    queued = [services_deployment.queue(still()) for _ in range(20)]
    rows = [services_deployment.finished(each, 60) for each in queued]

    assert {(row.status, row.lost) for row in rows} == {(Status.DONE.value, 0)}
    assert sum(row.attempt - 1 for row in rows) <= 3, "it leased hardly anything"
