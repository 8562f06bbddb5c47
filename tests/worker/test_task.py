"""The task class, the transaction, and the heartbeat."""

import logging
import threading

import pytest
from celery import Celery
from sqlalchemy import select

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.jobs import workers
from backend.tables import Worker
from tests.waiting import wait_until
from tests.worker.deployment import Deployment
from worker.process import Heartbeat
from worker.task import reading, task, transaction


def names() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(Worker.name)))


class TestTransaction:
    def test_commits_at_the_end(self, deployment: Deployment) -> None:
        with transaction() as session:
            workers.worker_seen(session, "one", utc_now())
        assert names() == ["one"]

    def test_an_error_takes_everything_back(self, deployment: Deployment) -> None:
        def write_and_break() -> None:
            with transaction() as session:
                workers.worker_seen(session, "one", utc_now())
                session.flush()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_break()
        assert names() == []


class TestTask:
    def test_registers_under_its_name_and_passes_the_id(self) -> None:
        seen: list[str] = []
        app = Celery("test", set_as_current=False)
        task("test.note")(seen.append).register(app)
        app.tasks["test.note"]("an-id")
        assert seen == ["an-id"]

    def test_an_error_that_nobody_expected_is_logged_with_its_trace_and_raised(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def work() -> None:
            raise ZeroDivisionError("told in the log")

        with caplog.at_level(logging.INFO), pytest.raises(ZeroDivisionError):
            task("test.broken")(work)()
        told = caplog.text + capsys.readouterr().out
        assert "task_failed" in told
        assert "told in the log" in told

    def test_celery_counts_it_as_failed(self) -> None:
        def work() -> None:
            raise ZeroDivisionError

        app = Celery("test", set_as_current=False)
        task("test.broken")(work).register(app)
        assert app.tasks["test.broken"].apply().state == "FAILURE"

    def test_something_that_is_away_is_an_expected_outcome(self, deployment: Deployment) -> None:
        def work() -> None:
            raise StorageUnreachableError("away")

        app = Celery("test", set_as_current=False)
        task("test.away")(work).register(app)
        assert app.tasks["test.away"].apply().state == "SUCCESS"

    def test_each_app_has_its_own_settings(self) -> None:
        noted = task("test.note")(lambda: None)
        late, early = (Celery("test", set_as_current=False) for _ in range(2))
        late.conf.task_acks_late = True
        for app in (late, early):
            noted.register(app)
        assert [app.tasks["test.note"].acks_late for app in (late, early)] == [True, False]


class TestHeartbeat:
    def test_beats_until_the_end_and_not_after(self) -> None:
        beats: list[int] = []
        with Heartbeat(lambda: beats.append(1), 0.01):
            wait_until(lambda: len(beats) >= 3, 5, 0.01)
        after = len(beats)
        assert not threading.Event().wait(0.05)
        assert len(beats) == after

    def test_goes_on_after_a_beat_that_failed(self) -> None:
        beats: list[int] = []

        def beat() -> None:
            beats.append(1)
            if len(beats) == 1:
                raise ConnectionError("the database was away")

        with Heartbeat(beat, 0.01):
            wait_until(lambda: len(beats) >= 2, 5, 0.01)
