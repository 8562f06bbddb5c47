"""The watchdog: a worker that takes nothing while work waits ends, and says so before."""

import sys
from pathlib import Path

import pytest

from backend.health import service
from backend.tables import Status
from tests.worker.deaf import DEAF
from tests.worker.house import House, still, wait_until

pytestmark = pytest.mark.timeout(120)

DEAF_WORKER = Path(__file__).with_name("deaf.py")


def reasons(house: House) -> list[str]:
    return service.health(house.database, house.storage, house.settings).reasons


def test_a_worker_that_stands_still_ends_as_failed_and_another_goes_on(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCOVID_STALLED_AFTER_S", "8")
    note = any_house.settings.data_dir / DEAF
    note.touch()
    worker = any_house.start_program(sys.executable, str(DEAF_WORKER), "worker")
    wait_until(any_house.workers, 60)
    assert reasons(any_house) == []
    screening = any_house.queue(still())

    said = wait_until(lambda: reasons(any_house), 30)
    assert "takes nothing, although work has waited" in said[0]
    assert worker.wait(60) == 1, "whoever supervises it sees that it failed"
    assert any_house.row(screening).attempt == 0

    note.unlink()
    any_house.start_worker()
    assert any_house.finished(screening).status == Status.DONE.value
    wait_until(lambda: reasons(any_house) == [])


def test_an_idle_worker_rings_itself_where_a_message_was_lost(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No scheduler runs here: nobody else would."""
    monkeypatch.setenv("POCOVID_STALLED_AFTER_S", "4")
    worker = any_house.start_worker()
    wait_until(any_house.workers, 60)
    screening = any_house.queue(still(), nudge=False)

    assert any_house.finished(screening).status == Status.DONE.value
    assert worker.poll() is None


def test_a_worker_does_not_start_anew_while_its_broker_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would find it away as well."""
    monkeypatch.setenv("POCOVID_STALLED_AFTER_S", "2")
    monkeypatch.setenv("POCOVID_BROKER_URL", "redis://127.0.0.1:1/0")
    worker = house.start_worker()
    wait_until(house.workers, 60)
    house.queue(still(), nudge=False)

    assert "the broker is away" in wait_until(lambda: reasons(house), 30)[0]
    assert worker.poll() is None
