"""The Celery app as the worker and the scheduler see it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import Celery

from backend.core.db import now
from backend.core.settings import Settings
from backend.jobs import workers
from backend.jobs.names import MAINTENANCE_QUEUE, SCREEN
from tests.worker.house import House
from worker.app import make_trainer_app, make_worker_app, warn_of_other_hosts
from worker.maintenance.duties import DUTIES
from worker.task import transaction


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, upkeep_every_s=7)


def test_it_knows_every_task_that_is_queued_or_scheduled(settings: Settings) -> None:
    app = make_worker_app(settings)
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {SCREEN, *scheduled} <= set(app.tasks)


def test_each_duty_is_scheduled_by_itself_on_a_queue_for_all_and_old_turns_expire(
    settings: Settings,
) -> None:
    schedule = make_worker_app(settings).conf.beat_schedule
    assert set(schedule) == set(DUTIES)
    assert len(schedule) == 19
    assert {entry["schedule"] for entry in schedule.values()} == {7, 3600}
    assert {entry["options"]["queue"] for entry in schedule.values()} == {MAINTENANCE_QUEUE}
    assert all(entry["options"]["expires"] > entry["schedule"] for entry in schedule.values())


def test_one_message_at_a_time_json_only_and_time_limits(settings: Settings) -> None:
    conf = make_worker_app(settings).conf
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (True, 1)
    assert conf.accept_content == ["json"]
    assert conf.task_soft_time_limit < conf.task_time_limit


@pytest.mark.parametrize("make", [make_worker_app, make_trainer_app])
def test_on_redis_no_slot_waits_for_an_acknowledgement_which_may_fail(
    settings: Settings, make: Callable[[Settings], Celery]
) -> None:
    on_redis = Settings(data_dir=settings.data_dir, broker_url="redis://127.0.0.1:6379/0")
    conf = make(on_redis).conf
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (False, 0)
    assert conf.worker_disable_prefetch, "else a worker would take all there is"


def test_the_process_that_forks_never_loads_tensorflow() -> None:
    """TensorFlow's threads do not survive a fork: only a child may load it."""
    probe = "import sys, worker.app; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60
    )
    assert found.stdout.split() == ["False", "False"]


def test_workers_of_other_hosts_without_a_broker_are_warned_of(
    house: House, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def warned() -> str:
        warn_of_other_hosts()
        return caplog.text + capsys.readouterr().out

    with transaction() as session:
        workers.worker_seen(session, "tests:2", now())
    assert "broker_is_for_one_machine" not in warned()
    with transaction() as session:
        workers.worker_seen(session, "another:2", now())
    assert "broker_is_for_one_machine" in warned()
