"""The task decorator, the transaction, and the pulse."""

import logging
import threading

import pytest
from celery import Celery
from sqlalchemy import select

from backend.core.db import now
from backend.jobs import workers
from backend.tables import Worker
from tests.worker.house import House, wait_until
from worker.process import Pulse
from worker.task import reading, task, transaction


def names() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(Worker.name)))


class TestTransaction:
    def test_commits_at_the_end(self, house: House) -> None:
        with transaction() as session:
            workers.worker_seen(session, "one", now())
        assert names() == ["one"]

    def test_an_error_takes_everything_back(self, house: House) -> None:
        def write_and_break() -> None:
            with transaction() as session:
                workers.worker_seen(session, "one", now())
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

    def test_an_error_is_logged_with_its_trace_and_ends_there(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def work() -> None:
            raise ZeroDivisionError("told in the log")

        with caplog.at_level(logging.INFO):
            task("test.broken")(work).run()
        told = caplog.text + capsys.readouterr().out
        assert "task_failed" in told
        assert "told in the log" in told


class TestPulse:
    def test_beats_until_the_end_and_not_after(self) -> None:
        beats: list[int] = []
        with Pulse(lambda: beats.append(1), 0.01):
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

        with Pulse(beat, 0.01):
            wait_until(lambda: len(beats) >= 2, 5, 0.01)
