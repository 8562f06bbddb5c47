"""The Celery app as the worker and the scheduler see it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import Celery

from backend.core.db import utc_now
from backend.core.settings import Settings
from backend.jobs import workers
from backend.jobs.names import (
    CHECK,
    DEIDENTIFY,
    IMPORT_UPLOAD,
    MAINTENANCE_QUEUE,
    MAKE_PREVIEWS,
    RELEASE,
    SCREEN,
    TRAIN,
)
from tests.worker.deployment import Deployment
from worker.app import GRACE_S, make_trainer_app, make_worker_app, warn_of_other_hosts
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
    assert len(schedule) == 21
    assert {entry["schedule"] for entry in schedule.values()} == {7, 3600}
    assert {entry["options"]["queue"] for entry in schedule.values()} == {MAINTENANCE_QUEUE}
    assert all(entry["options"]["expires"] > entry["schedule"] for entry in schedule.values())


def test_one_message_at_a_time_json_only_and_time_limits(settings: Settings) -> None:
    conf = make_worker_app(settings).conf
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (True, 1)
    assert conf.accept_content == ["json"]
    assert conf.task_soft_time_limit < conf.task_time_limit


@pytest.mark.parametrize("make", [make_worker_app, make_trainer_app])
def test_each_task_has_the_time_that_the_settings_give_its_work(
    tmp_path: Path, make: Callable[[Settings], Celery]
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        soft_time_limit_s=60,
        hard_time_limit_s=90,
        dataset_time_limit_s=700,
        training_time_limit_s=5000,
    )
    app = make(settings)
    limits = {
        name: (app.tasks[name].soft_time_limit, app.tasks[name].time_limit)
        for name in (SCREEN, RELEASE, IMPORT_UPLOAD, MAKE_PREVIEWS, DEIDENTIFY, CHECK, TRAIN)
    }
    of_a_recording = (700, 700 + GRACE_S)
    assert limits == {
        SCREEN: (60, 90),
        RELEASE: (60, 90),  # which goes on in turns
        IMPORT_UPLOAD: of_a_recording,
        MAKE_PREVIEWS: of_a_recording,
        DEIDENTIFY: of_a_recording,
        CHECK: of_a_recording,
        TRAIN: (5000, 5000 + GRACE_S),
    }


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
    deployment: Deployment, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def warned() -> str:
        warn_of_other_hosts()
        return caplog.text + capsys.readouterr().out

    with transaction() as session:
        workers.worker_seen(session, "tests:2", utc_now())
    assert "broker_is_for_one_machine" not in warned()
    with transaction() as session:
        workers.worker_seen(session, "another:2", utc_now())
    assert "broker_is_for_one_machine" in warned()
