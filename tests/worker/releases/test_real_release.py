"""Real worker processes and a release: killed in the middle, it comes out the same."""

import sys
from pathlib import Path

import pytest

from backend.jobs.celery import make_celery, send
from backend.jobs.names import RELEASE
from backend.releases import service
from tests.factories_releases import create_ingested
from tests.waiting import wait_until
from tests.worker.deployment import Deployment
from tests.worker.releases.test_interrupted import again
from tests.worker.releases.test_task import archive, row

pytestmark = pytest.mark.timeout(500)

KILLED_WORKER = str(Path(__file__).parents[1] / "killed_worker.py")
PATIENCE_S = 150

FIRST, BETWEEN, IN_THE_TABLES = 1, 5, 9
"""Of eight files of two recordings, and six at the top of the release."""


def ask(deployment: Deployment) -> int:
    with deployment.database.write() as session:
        for label in ("covid19", "healthy"):
            create_ingested(session, deployment.storage, label=label, dataset_frames=3)
        number = service.create(session, None, "").number
        session.commit()
        return number


@pytest.mark.parametrize("point", [FIRST, BETWEEN, IN_THE_TABLES])
def test_a_worker_killed_in_the_middle_leaves_the_same_release(
    any_deployment: Deployment, point: int
) -> None:
    number = ask(any_deployment)
    any_deployment.start_scheduler()
    any_deployment.start_program(sys.executable, KILLED_WORKER, str(point), "worker")
    assert send(make_celery(any_deployment.settings), RELEASE, str(number))
    wait_until((any_deployment.settings.data_dir / "died").exists, PATIENCE_S)

    any_deployment.start_worker()
    wait_until(lambda: row(any_deployment, number).state == "done", PATIENCE_S)

    found = archive(any_deployment, number)
    assert row(any_deployment, number).archive_bytes == len(found)
    for process in any_deployment.processes:
        process.kill()
        process.wait()
    assert again(any_deployment, number) == found
