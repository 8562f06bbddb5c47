"""Queueing: after the commit, by name, and never an error to the one who uploads."""

import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from backend.core.db import Database
from backend.core.settings import Settings
from backend.jobs.celery import after_commit, make_celery, send, send_remembered
from backend.jobs.names import QUEUE, SCREEN
from tests.factories import create_screening
from tests.outages import Broker


def waiting(settings: Settings) -> list[str]:
    return [path.name for path in (settings.broker_dir / "messages").glob(f"*.{QUEUE}.msg")]


def taken(settings: Settings) -> list[str]:
    """Arguments of all messages, taken as a worker takes them."""
    found: list[str] = []
    with make_celery(settings).connection_for_read() as connection:
        queue = connection.SimpleQueue(QUEUE)
        while True:
            try:
                message = queue.get(block=False)
            except queue.Empty:
                queue.close()
                return found
            found.extend(message.payload[0])
            message.ack()


def test_a_job_is_queued_when_its_row_is_committed(tmp_path: Path, database: Database) -> None:
    settings = Settings(data_dir=tmp_path)
    with database.write() as session:
        screening = create_screening(session)
        after_commit(session, SCREEN, screening.id)
        assert not settings.broker_dir.exists()
        session.commit()
        send_remembered(session, make_celery(settings))
    assert taken(settings) == [str(screening.id)]


def test_a_broker_that_is_down_is_no_error(tmp_path: Path) -> None:
    celery = make_celery(Settings(data_dir=tmp_path, broker_url="redis://127.0.0.1:1/0"))
    assert send(celery, SCREEN, str(uuid4())) is False


def test_a_broker_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    celery = make_celery(settings)
    (settings.broker_dir / "messages").rmdir()
    (settings.broker_dir / "messages").write_text("in the way")
    assert send(celery, SCREEN, str(uuid4())) is False


def test_the_embedded_brokers_folder_may_go_and_is_made_again(tmp_path: Path) -> None:
    """Its messages are lost with it, which the rows outlive (`tests.worker`)."""
    settings = Settings(data_dir=tmp_path)
    celery = make_celery(settings)
    lost, kept = str(uuid4()), str(uuid4())
    assert send(celery, SCREEN, lost)
    settings.broker_dir.rename(tmp_path / "gone")
    assert send(celery, SCREEN, kept)
    assert taken(settings) == [kept]


def test_each_message_of_the_embedded_broker_is_taken_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    celery = make_celery(settings)
    sent = [str(uuid4()) for _ in range(40)]
    got: list[str] = []
    ready = threading.Barrier(5)

    def write(mine: list[str]) -> None:
        ready.wait(20)
        for each in mine:
            assert send(celery, SCREEN, each)

    def read() -> None:
        ready.wait(20)
        while len(got) < len(sent):
            got.extend(taken(settings))

    threads = [
        *(threading.Thread(target=write, args=(sent[n::2],)) for n in range(2)),
        *(threading.Thread(target=read) for _ in range(3)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == sorted(sent)
    assert waiting(settings) == []


def test_a_message_is_kept_until_its_work_is_done(tmp_path: Path) -> None:
    celery = make_celery(Settings(data_dir=tmp_path))
    assert celery.conf.task_acks_late
    assert celery.conf.worker_prefetch_multiplier == 1
    assert celery.conf.accept_content == ["json"]


@pytest.mark.skipif(not Broker.is_installed(), reason="no redis-server to freeze")
def test_after_one_message_that_a_frozen_broker_did_not_take_the_next_ones_do_not_wait(
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path)
    celery = make_celery(Settings(data_dir=tmp_path, broker_url=broker.url))
    try:
        assert send(celery, SCREEN, "before")
        with broker.held():
            assert not send(celery, SCREEN, "the one that waits")
            began = time.monotonic()
            assert not any(send(celery, SCREEN, str(number)) for number in range(20))
            assert time.monotonic() - began < 1
        deadline = time.monotonic() + 20
        while not send(celery, SCREEN, "after"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        celery.close()
        broker.stop()
