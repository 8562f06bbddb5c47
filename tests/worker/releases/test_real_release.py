"""Real worker processes and a release: killed in the middle, it comes out the same."""

import sys
from pathlib import Path

import pytest

from backend.jobs.celery import make_celery, send
from backend.jobs.names import RELEASE
from backend.releases import service
from tests.factories_releases import create_ingested
from tests.worker.house import House, wait_until
from tests.worker.releases.test_interrupted import again
from tests.worker.releases.test_task import archive, row

pytestmark = pytest.mark.timeout(500)

DYING = str(Path(__file__).parents[1] / "dying.py")
PATIENCE_S = 150

FIRST, BETWEEN, IN_THE_TABLES = 1, 5, 9
"""Of eight files of two recordings, and six at the top of the release."""


def ask(house: House) -> int:
    with house.database.write() as session:
        for label in ("covid19", "healthy"):
            create_ingested(session, house.storage, label=label, dataset_frames=3)
        number = service.create(session, None, "").number
        session.commit()
        return number


@pytest.mark.parametrize("point", [FIRST, BETWEEN, IN_THE_TABLES])
def test_a_worker_killed_in_the_middle_leaves_the_same_release(
    any_house: House, point: int
) -> None:
    number = ask(any_house)
    any_house.start_scheduler()
    any_house.start_program(sys.executable, DYING, str(point), "worker")
    assert send(make_celery(any_house.settings), RELEASE, str(number))
    wait_until((any_house.settings.data_dir / "died").exists, PATIENCE_S)

    any_house.start_worker()
    wait_until(lambda: row(any_house, number).state == "done", PATIENCE_S)

    found = archive(any_house, number)
    assert row(any_house, number).archive_bytes == len(found)
    for process in any_house.processes:
        process.kill()
        process.wait()
    assert again(any_house, number) == found
