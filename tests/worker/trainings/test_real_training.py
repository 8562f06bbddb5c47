"""Real trainers: one that is killed in the middle of a fold is replaced by another."""

import sys
from pathlib import Path
from uuid import UUID

import pytest

from backend.core.db import utc_now
from backend.jobs.celery import make_celery, send
from backend.jobs.names import TRAIN
from backend.tables import User
from backend.trainings import service
from backend.trainings.schemas import TrainingIn
from tests.factories import create_user
from tests.factories_releases import NOTHING, create_ingested, create_item, create_release
from tests.waiting import wait_until
from tests.worker.deployment import Deployment, kill_tree
from tests.worker.stand_in_training import ENDS
from tests.worker.trainings.test_task import row, states

pytestmark = pytest.mark.timeout(500)

TRAINER = str(Path(__file__).parents[1] / "stand_in_trainer.py")
PATIENCE_S = 200
TABLES = ("dataset_metadata.csv", "folds.csv")


def start(deployment: Deployment, end: str) -> UUID:
    """A training on a release that has its tables and no files."""
    files = []
    for name in TABLES:
        key = f"releases/1/1/{name.replace('_', '-')}"
        deployment.storage.put_bytes(key, b"of a test")
        files.append({"path": name, "key": key, "bytes": 9, "sha256": "", "crc32": 0})
    with deployment.database.write() as session:
        admin: User = create_user(session, "admin")
        release = create_release(
            session,
            1,
            files={"files": files},
            summary=NOTHING.model_copy(update={"licences": {"CC0 1.0": 6}}),
        )
        for label in ("covid19", "pneumonia", "healthy"):
            for fold in range(2):
                contribution = create_ingested(session, deployment.storage, label=label)
                create_item(session, release, contribution, fold=fold)
        wanted = TrainingIn.model_validate({"release": 1, "settings": {"seed": ENDS[end]}})
        training = service.start(session, admin, wanted)
        session.commit()
    send(make_celery(deployment.settings), TRAIN, str(training.id))
    return training.id


def in_a_fold(deployment: Deployment, training_id: UUID) -> None:
    """Return once the child process has begun."""
    note = deployment.settings.data_dir / "trainings" / str(training_id) / "work" / "running"
    wait_until(note.is_file, PATIENCE_S)


def test_a_trainer_killed_in_a_fold_is_replaced(any_deployment: Deployment) -> None:
    training_id = start(any_deployment, "once")
    any_deployment.start_scheduler()
    any_deployment.start_worker()
    first = any_deployment.start_program(sys.executable, TRAINER, "trainer")
    in_a_fold(any_deployment, training_id)

    kill_tree(first)
    any_deployment.start_program(sys.executable, TRAINER, "trainer")
    wait_until(lambda: row(any_deployment, training_id).state in ("done", "failed"), PATIENCE_S)

    found = row(any_deployment, training_id)
    assert (found.state, found.error) == ("done", None)
    assert sorted(fold.attempt for fold in found.folds) == [1, 1, 1, 1, 2]
    assert states(any_deployment, training_id) == ["done"] * 5
    assert found.finished_at is not None
    assert found.finished_at < utc_now()
