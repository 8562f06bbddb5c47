"""Real workers whose broker goes away: nothing stands still, is lost, or is answered twice."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from backend.tables import Status
from tests.outages import Broker
from tests.waiting import wait_until
from tests.worker.conftest import Open
from tests.worker.deployment import Deployment, clip, still

pytestmark = [
    pytest.mark.services,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not Broker.is_installed(), reason="no redis-server to start and to stop"),
]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def fragile_deployment(
    broker: Broker, open_deployment: Open, services: Mapping[str, str]
) -> Iterator[Deployment]:
    """PostgreSQL, and a Redis that a test may take away."""
    with open_deployment({**services, "POCOVID_BROKER_URL": broker.url}) as deployment:
        yield deployment


@pytest.mark.parametrize(("kind", "seconds"), [("stopped", 3), ("frozen", 6)])
def test_a_job_that_ends_while_the_broker_is_away_stops_no_worker(
    fragile_deployment: Deployment, broker: Broker, kind: str, seconds: float
) -> None:
    """Acknowledging its message failed then, and kept the worker's only slot for good."""
    worker = fragile_deployment.start_worker(frame_s=0.05)
    fragile_deployment.start_scheduler()
    first = fragile_deployment.queue(clip(30))
    fragile_deployment.running(first)

    getattr(broker, kind)(seconds)
    assert fragile_deployment.finished(first).status == Status.DONE.value
    after = [fragile_deployment.queue(still()) for _ in range(3)]

    assert {fragile_deployment.finished(each).status for each in after} == {Status.DONE.value}
    assert worker.poll() is None, "it went on, and did not have to start anew"


def test_outages_of_every_kind_under_load_lose_nothing_and_answer_nothing_twice(
    fragile_deployment: Deployment, broker: Broker
) -> None:
    for _ in range(2):
        fragile_deployment.start_worker(frame_s=0.02)
    fragile_deployment.start_scheduler()
    wait_until(lambda: len(fragile_deployment.workers()) == 2, 60)
    queued = []
    for outage in broker.kinds:
        queued += [fragile_deployment.queue(clip(12)) for _ in range(2)]
        outage(1)
    queued += [fragile_deployment.queue(still()) for _ in range(2)]

    rows = [fragile_deployment.finished(each, 90) for each in queued]

    assert {(row.status, row.attempt) for row in rows} == {(Status.DONE.value, 1)}
