"""Real worker processes: what is queued is answered, once, whatever is killed meanwhile."""

import signal

import pytest
import redis

from backend.tables import Status
from tests.worker.house import House, clip, kill_tree, still, tree, wait_until

pytestmark = pytest.mark.timeout(300)


def test_a_queued_screening_is_answered(any_house: House) -> None:
    screening = any_house.queue(clip(8))
    any_house.start_worker()

    row = any_house.finished(screening)

    assert (row.status, row.error_message) == (Status.DONE.value, None)
    assert row.attempt == 1
    assert row.result is not None
    assert row.result["label"] == "pneumonia"
    assert len(row.result["frames"]) == 8
    assert len(any_house.frames(screening)) == 8


def test_a_worker_killed_in_the_middle_leaves_a_job_that_ends_once(any_house: House) -> None:
    screening = any_house.queue(clip(30))
    any_house.start_scheduler()
    worker = any_house.start_worker(frame_s=0.1)
    any_house.running(screening)

    kill_tree(worker)
    assert any_house.row(screening).status == Status.RUNNING.value
    any_house.start_worker()
    row = any_house.finished(screening)

    assert (row.status, row.error_message) == (Status.DONE.value, None)
    assert row.attempt == 2
    assert row.result is not None
    assert len(row.result["frames"]) == 30
    assert len(any_house.frames(screening)) == 30


def test_a_recording_that_kills_every_worker_is_given_up(any_house: House) -> None:
    """Only the child dies, as for want of memory: the pool replaces it, the row counts."""
    screening = any_house.queue(clip(30))
    any_house.start_scheduler()
    worker = any_house.start_worker(frame_s=0.1)

    for attempt in (1, 2, 3):
        any_house.running(screening, attempt)
        children = tree(worker)[1:]
        assert children
        for child in children:
            child.send_signal(signal.SIGKILL)
    row = any_house.finished(screening)

    assert (row.status, row.error_code) == (Status.FAILED.value, "worker_lost")
    assert (row.attempt, row.result) == (3, None)


def test_a_screening_without_a_message_is_found_and_run(any_house: House) -> None:
    """As after an upload while the broker was down: the row is there, the message never was."""
    screening = any_house.queue(still(), notify=False)
    any_house.start_scheduler()
    any_house.start_worker()
    assert any_house.finished(screening).status == Status.DONE.value


def test_a_second_message_runs_nothing_twice(any_house: House) -> None:
    screening = any_house.queue(clip(12))
    for _ in range(3):
        any_house.notify(screening)
    last = any_house.queue(still())  # behind them: its end tells that all were taken
    any_house.start_worker()

    any_house.finished(last)

    row = any_house.row(screening)
    assert (row.status, row.attempt) == (Status.DONE.value, 1)


def test_one_deleted_while_it_runs_leaves_no_frames(any_house: House) -> None:
    screening = any_house.queue(clip(30))
    any_house.start_worker(frame_s=0.1)
    any_house.running(screening)
    assert any_house.frames(screening)

    any_house.delete(screening)
    after = any_house.queue(still())

    assert any_house.finished(after).status == Status.DONE.value
    assert not any_house.frames(screening)


def test_two_workers_share_the_queue_and_answer_everything_once(any_house: House) -> None:
    screenings = [any_house.queue(clip(6)) for _ in range(6)]
    any_house.start_worker(frame_s=0.05)
    any_house.start_worker(frame_s=0.05)

    rows = [any_house.finished(screening) for screening in screenings]

    assert {(row.status, row.attempt) for row in rows} == {(Status.DONE.value, 1)}


def test_a_worker_told_to_stop_finishes_what_it_has(any_house: House) -> None:
    screening = any_house.queue(clip(18))
    worker = any_house.start_worker(frame_s=0.1)
    any_house.running(screening)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(30) == 0
    assert any_house.row(screening).status == Status.DONE.value


def test_the_worker_is_seen_while_it_is_there(any_house: House) -> None:
    worker = any_house.start_worker()
    wait_until(any_house.workers)
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    assert not any_house.workers()


@pytest.mark.services
def test_a_worker_survives_its_broker_going_away(services_house: House) -> None:
    services_house.start_worker()
    wait_until(services_house.workers)
    with redis.Redis.from_url(services_house.settings.broker_url) as broker:
        for kind in ("normal", "pubsub"):
            broker.client_kill_filter(_type=kind, skipme=True)

    screening = services_house.queue(still())

    assert services_house.finished(screening).status == Status.DONE.value


def test_every_row_is_done_though_the_embedded_broker_lost_all_its_messages(house: House) -> None:
    """The row is the truth: maintenance sends a message again for each that waits."""
    before = house.queue(still())
    house.settings.broker_dir.rename(house.settings.data_dir / "lost with its messages")
    house.start_worker()
    house.start_scheduler()
    assert house.finished(before).status == Status.DONE
    house.settings.broker_dir.rename(house.settings.data_dir / "lost from under a worker")
    after = house.queue(still(), notify=False)
    assert house.finished(after).status == Status.DONE
