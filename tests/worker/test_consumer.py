"""The consumer is back within seconds, however long the broker was away."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu.utils import functional
from kombu.utils.imports import symbol_by_name

from backend.core.settings import Settings
from worker.app import make_trainer_app, make_worker_app
from worker.consumer import LONGEST_WAIT_S


class StillAwayError(Exception):
    """Ends the test's patience."""


@pytest.mark.parametrize("make", [make_worker_app, make_trainer_app])
def test_it_tries_every_few_seconds_for_as_long_as_it_takes(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery alone waits 30 s in the end, and gives up after a hundred times."""
    waits: list[float] = []
    seconds: Iterator[int] = itertools.count()

    def wait(one: float) -> None:  # kombu sleeps a second at a time, and the rest
        waits.append(one)
        if next(seconds) > 150 * LONGEST_WAIT_S:
            raise StillAwayError

    attempts: list[int] = []
    monkeypatch.setattr(functional, "sleep", wait)
    app = make(Settings(data_dir=tmp_path, broker_url="redis://127.0.0.1:1/0"))
    kind = symbol_by_name(app.conf.worker_consumer)
    consumer = kind.__new__(kind)  # as far as it needs to be there to connect
    consumer.app, consumer.first_connection_attempt = app, False
    consumer.broker_connection_retry_attempt = 0
    connection = app.connection_for_read()
    connect = connection._connection_factory

    def count() -> Any:
        attempts.append(len(waits))
        return connect()

    monkeypatch.setattr(connection, "_connection_factory", count)
    with pytest.raises(StillAwayError):
        consumer.ensure_connected(connection)

    assert len(attempts) > 100
    between = [sum(waits[a:b]) for a, b in itertools.pairwise(attempts)]
    assert max(between) <= LONGEST_WAIT_S
