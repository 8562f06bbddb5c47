"""Real worker processes: what is queued is answered, once, whatever is killed meanwhile."""

import signal
from pathlib import Path

import pytest
import redis

from backend.tables import Status
from tests.waiting import wait_until
from tests.worker.deployment import Deployment, clip, kill_tree, still, tree

pytestmark = pytest.mark.timeout(600)


def test_a_queued_screening_is_answered(any_deployment: Deployment) -> None:
    screening = any_deployment.queue(clip(8))
    any_deployment.start_worker()

    row = any_deployment.finished(screening)

    assert (row.status, row.error_message) == (Status.DONE.value, None)
    assert row.attempt == 1
    assert row.result is not None
    assert row.result.label == "pneumonia"
    assert len(row.result.frames) == 8
    assert len(any_deployment.frames(screening)) == 8


def test_a_worker_killed_in_the_middle_leaves_a_job_that_ends_once(
    any_deployment: Deployment,
) -> None:
    screening = any_deployment.queue(clip(30))
    any_deployment.start_scheduler()
    worker = any_deployment.start_worker(frame_s=0.1)
    any_deployment.running(screening)

    kill_tree(worker)
    assert any_deployment.row(screening).status == Status.RUNNING.value
    any_deployment.start_worker()
    row = any_deployment.finished(screening)

    assert (row.status, row.error_message) == (Status.DONE.value, None)
    assert row.attempt == 2
    assert row.result is not None
    assert len(row.result.frames) == 30
    assert len(any_deployment.frames(screening)) == 30


def test_a_recording_that_kills_every_worker_is_given_up(any_deployment: Deployment) -> None:
    """Only the child dies, as for want of memory: the pool replaces it, the row counts."""
    screening = any_deployment.queue(clip(30))
    any_deployment.start_scheduler()
    worker = any_deployment.start_worker(frame_s=0.1)

    for attempt in (1, 2, 3):
        any_deployment.running(screening, attempt)
        children = tree(worker)[1:]
        assert children
        for child in children:
            child.send_signal(signal.SIGKILL)
    row = any_deployment.finished(screening)

    assert (row.status, row.error_code) == (Status.FAILED.value, "worker_lost")
    assert (row.attempt, row.result) == (3, None)


def test_a_screening_without_a_message_is_found_and_run(any_deployment: Deployment) -> None:
    """As after an upload while the broker was down: the row is there, the message never was."""
    screening = any_deployment.queue(still(), notify=False)
    any_deployment.start_scheduler()
    any_deployment.start_worker()
    assert any_deployment.finished(screening).status == Status.DONE.value


def test_a_second_message_runs_nothing_twice(any_deployment: Deployment) -> None:
    screening = any_deployment.queue(clip(12))
    for _ in range(3):
        any_deployment.notify(screening)
    last = any_deployment.queue(still())  # behind them: its end tells that all were taken
    any_deployment.start_worker()

    any_deployment.finished(last)

    row = any_deployment.row(screening)
    assert (row.status, row.attempt) == (Status.DONE.value, 1)


def test_one_deleted_while_it_runs_leaves_no_frames(any_deployment: Deployment) -> None:
    screening = any_deployment.queue(clip(30))
    any_deployment.start_worker(frame_s=0.1)
    any_deployment.running(screening)
    assert any_deployment.frames(screening)

    any_deployment.delete(screening)
    after = any_deployment.queue(still())

    assert any_deployment.finished(after).status == Status.DONE.value
    assert not any_deployment.frames(screening)


def test_two_workers_share_the_queue_and_answer_everything_once(any_deployment: Deployment) -> None:
    screenings = [any_deployment.queue(clip(6)) for _ in range(6)]
    any_deployment.start_worker(frame_s=0.05)
    any_deployment.start_worker(frame_s=0.05)

    rows = [any_deployment.finished(screening) for screening in screenings]

    assert {(row.status, row.attempt) for row in rows} == {(Status.DONE.value, 1)}


def test_a_worker_told_to_stop_finishes_what_it_has(any_deployment: Deployment) -> None:
    screening = any_deployment.queue(clip(18))
    worker = any_deployment.start_worker(frame_s=0.1)
    any_deployment.running(screening)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(30) == 0
    assert any_deployment.row(screening).status == Status.DONE.value


def test_a_worker_told_to_stop_waits_for_no_models_that_are_still_loading(
    any_deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = tmp_path / "loading"
    monkeypatch.setenv("STAND_IN_LOADS_FOREVER", str(loading))
    screening = any_deployment.queue(still())
    worker = any_deployment.start_worker()
    wait_until(loading.exists)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(30) == 0
    assert any_deployment.row(screening).status == Status.QUEUED.value


def test_the_worker_is_seen_while_it_is_there(any_deployment: Deployment) -> None:
    worker = any_deployment.start_worker()
    wait_until(any_deployment.workers)
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    assert not any_deployment.workers()


@pytest.mark.services
def test_a_worker_survives_its_broker_going_away(services_deployment: Deployment) -> None:
    services_deployment.start_worker()
    wait_until(services_deployment.workers)
    with redis.Redis.from_url(services_deployment.settings.broker_url) as broker:
        for kind in ("normal", "pubsub"):
            broker.client_kill_filter(_type=kind, skipme=True)

    screening = services_deployment.queue(still())

    assert services_deployment.finished(screening).status == Status.DONE.value


def test_every_row_is_done_though_the_embedded_broker_lost_all_its_messages(
    deployment: Deployment,
) -> None:
    """The row is the truth: maintenance sends a message again for each that waits."""
    before = deployment.queue(still())
    deployment.settings.broker_dir.rename(deployment.settings.data_dir / "lost with its messages")
    deployment.start_worker()
    deployment.start_scheduler()
    assert deployment.finished(before).status == Status.DONE
    deployment.settings.broker_dir.rename(deployment.settings.data_dir / "lost from under a worker")
    after = deployment.queue(still(), notify=False)
    assert deployment.finished(after).status == Status.DONE
