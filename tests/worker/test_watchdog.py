"""The watchdog: a worker that takes nothing while work waits ends, and says so before."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from backend.jobs.names import SCREEN
from backend.system.health import service
from backend.tables import Status, WorkerKind
from tests.waiting import wait_until
from tests.worker.deployment import Deployment, still
from tests.worker.stuck_consumer import STUCK
from worker import watchdog
from worker.progress import Progress
from worker.watchdog import Watchdog

pytestmark = pytest.mark.timeout(300)

STUCK_WORKER = Path(__file__).with_name("stuck_consumer.py")


def reasons(deployment: Deployment) -> list[str]:
    return service.health(deployment.database, deployment.storage, deployment.settings).reasons


def test_a_worker_that_stands_still_ends_as_failed_and_another_goes_on(
    any_deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCOVID_STALLED_AFTER_S", "8")
    note = any_deployment.settings.data_dir / STUCK
    note.touch()
    worker = any_deployment.start_program(sys.executable, str(STUCK_WORKER), "worker")
    wait_until(any_deployment.workers, 60)
    assert reasons(any_deployment) == []
    screening = any_deployment.queue(still())

    said = wait_until(lambda: reasons(any_deployment), 30)
    assert "is idle although work has been waiting" in said[0]
    assert worker.wait(60) == 1, "whoever supervises it sees that it failed"
    assert any_deployment.row(screening).attempt == 0

    note.unlink()
    any_deployment.start_worker()
    assert any_deployment.finished(screening).status == Status.DONE.value
    wait_until(lambda: reasons(any_deployment) == [])


def test_an_idle_worker_rings_itself_where_a_message_was_lost(
    any_deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No scheduler runs here: nobody else would."""
    monkeypatch.setenv("POCOVID_STALLED_AFTER_S", "4")
    worker = any_deployment.start_worker()
    wait_until(any_deployment.workers, 60)
    screening = any_deployment.queue(still(), notify=False)

    assert any_deployment.finished(screening).status == Status.DONE.value
    assert worker.poll() is None


def test_a_worker_does_not_start_anew_while_its_broker_is_away(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would find it away as well."""
    monkeypatch.setenv("POCOVID_STALLED_AFTER_S", "2")
    monkeypatch.setenv("POCOVID_BROKER_URL", "redis://127.0.0.1:1/0")
    worker = deployment.start_worker()
    wait_until(deployment.workers, 60)
    deployment.queue(still(), notify=False)

    assert "the broker is unreachable" in wait_until(lambda: reasons(deployment), 30)[0]
    assert worker.poll() is None


@dataclass
class Alone:
    """A watchdog whose clock, broker and end are the test's; it looks every five seconds."""

    clock: float = 0.0
    broker_is_there: bool = True
    rings: int = 0
    ended: list[int] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.clock

    def send(self, *_: object) -> bool:
        self.rings += self.broker_is_there
        return self.broker_is_there

    def kill(self, _process: int, number: int) -> None:
        self.ended.append(number)


@pytest.fixture
def alone(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Alone:
    made = Alone()
    monkeypatch.setattr(watchdog, "time", made)
    monkeypatch.setattr(watchdog, "send", made.send)
    monkeypatch.setattr(watchdog, "os", SimpleNamespace(getppid=lambda: 0, kill=made.kill))
    monkeypatch.setattr(watchdog, "progress", Progress())
    return made


def idle_watchdog() -> Watchdog:
    """Of a worker that takes nothing, although a job waits all the time."""
    made = Watchdog(
        WorkerKind.WORKER, lambda *_: (SCREEN, "some"), 60.0, longest_s=300.0, shares=False
    )
    made.close()  # it does not wait for its parent's end
    return made


def test_a_broker_that_comes_and_goes_is_no_reason_to_start_anew(alone: Alone) -> None:
    """The consumer had no half minute in which it could have come back."""
    looking = idle_watchdog()
    for alone.clock in range(0, 300, 5):
        alone.broker_is_there = alone.clock % 30 < 15
        looking.look()
    assert alone.rings > 10
    assert alone.ended == []


def test_where_the_broker_took_every_message_for_half_the_time_and_nobody_came_it_does(
    alone: Alone,
) -> None:
    looking = idle_watchdog()
    for alone.clock in range(0, 60, 5):
        looking.look()
    assert alone.ended == []
    alone.clock = 60
    looking.look()
    assert alone.ended == [watchdog.STALLED]
