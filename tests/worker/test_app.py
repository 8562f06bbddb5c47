"""The Celery app as the worker and the scheduler see it."""

import subprocess
import sys
from pathlib import Path

import pytest

from backend.jobs import SCREEN, UPKEEP
from backend.settings import Settings
from worker.app import UPKEEP_QUEUE, make_worker_app
from worker.upkeep import SWEEP


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, upkeep_every_s=7)


def test_it_knows_every_task_that_is_queued_or_scheduled(settings: Settings) -> None:
    app = make_worker_app(settings)
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {SCREEN, UPKEEP, SWEEP} <= set(app.tasks)
    assert scheduled == {UPKEEP, SWEEP}


def test_upkeep_has_a_queue_of_its_own_and_old_turns_expire(settings: Settings) -> None:
    entry = make_worker_app(settings).conf.beat_schedule["upkeep"]
    assert entry["schedule"] == 7
    assert entry["options"]["queue"] == UPKEEP_QUEUE
    assert entry["options"]["expires"] > 7


def test_late_acknowledgement_one_message_at_a_time_and_json_only(settings: Settings) -> None:
    conf = make_worker_app(settings).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.accept_content == ["json"]
    assert conf.task_soft_time_limit < conf.task_time_limit


def test_the_process_that_forks_never_loads_tensorflow() -> None:
    """TensorFlow's threads do not survive a fork: only a child may load it."""
    probe = "import sys, worker.app; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60
    )
    assert found.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(("own_session", "expected"), [(True, 7), (False, 0)])
def test_a_worker_steps_back_and_so_does_a_session_that_is_its_own(
    own_session: bool, expected: int
) -> None:
    group = Path("/proc/self/autogroup")
    if not group.exists():
        pytest.skip("this system does not group processes by session")
    # As in the pool: the child steps back; its parent leads the session, or somebody's shell does.
    program = (
        "import os, sys; from pathlib import Path; from worker import app\n"
        "if sys.argv[1] == 'False' and os.fork(): os.wait(); os._exit(0)\n"
        "if os.fork(): os.wait(); os._exit(0)\n"
        "before = os.nice(0); app._step_back(7)\n"
        "group = Path('/proc/self/autogroup').read_text().split()[-1]\n"
        "print(os.nice(0) - before, group, flush=True)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(own_session)],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
        timeout=60,
    )
    assert told.stdout.split()[-2:] == ["7", str(expected)]
