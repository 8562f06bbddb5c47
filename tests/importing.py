"""A worker beside the server of a test, which imports what is uploaded."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backend.cli import submitting
from backend.jobs.celery import make_celery
from tests.conftest import Api
from worker import process
from worker.uploads.task import import_upload


@contextmanager
def importing(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The server, with such a worker in this process; `pocovid submit` asks it often."""
    here = process.Process(
        "tests:1", api.settings, api.database, api.storage, make_celery(api.settings)
    )
    monkeypatch.setattr(process, "current", lambda: here)
    monkeypatch.setattr(submitting, "_POLL_S", 0.05)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            import_upload.run("")
            time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    yield api
    stop.set()
    thread.join()
