"""Real trainers: one that is killed in the middle of a fold is replaced by another."""

import sys
from pathlib import Path
from uuid import UUID

import pytest

from backend.core.db import now
from backend.jobs.celery import make_celery, send
from backend.jobs.names import TRAIN
from backend.tables import User
from backend.trainings import service
from backend.trainings.schemas import TrainingIn
from tests.factories import create_user
from tests.factories_releases import NOTHING, create_ingested, create_item, create_release
from tests.worker.house import House, kill_tree, wait_until
from tests.worker.stand_in_training import ENDS
from tests.worker.trainings.test_task import row, states

pytestmark = pytest.mark.timeout(500)

TRAINER = str(Path(__file__).parents[1] / "stand_in_trainer.py")
PATIENCE_S = 200
TABLES = ("dataset_metadata.csv", "folds.csv")


def start(house: House, end: str) -> UUID:
    """A training on a release that has its tables and no files."""
    files = []
    for name in TABLES:
        key = f"releases/1/1/{name.replace('_', '-')}"
        house.storage.put_bytes(key, b"of a test")
        files.append({"path": name, "key": key, "bytes": 9, "sha256": "", "crc32": 0})
    with house.database.write() as session:
        admin: User = create_user(session, "admin")
        release = create_release(
            session,
            1,
            files={"files": files},
            summary=NOTHING.model_copy(update={"licences": {"CC0 1.0": 6}}),
        )
        for label in ("covid19", "pneumonia", "healthy"):
            for fold in range(2):
                contribution = create_ingested(session, house.storage, label=label)
                create_item(session, release, contribution, fold=fold)
        wanted = TrainingIn.model_validate({"release": 1, "settings": {"seed": ENDS[end]}})
        training = service.start(session, admin, wanted)
        session.commit()
    send(make_celery(house.settings), TRAIN, str(training.id))
    return training.id


def in_a_fold(house: House, training_id: UUID) -> None:
    """Return once the child process has begun."""
    note = house.settings.data_dir / "trainings" / str(training_id) / "work" / "running"
    wait_until(note.is_file, PATIENCE_S)


def test_a_trainer_killed_in_a_fold_is_replaced(any_house: House) -> None:
    training_id = start(any_house, "once")
    any_house.start_scheduler()
    any_house.start_worker()
    first = any_house.start_program(sys.executable, TRAINER, "trainer")
    in_a_fold(any_house, training_id)

    kill_tree(first)
    any_house.start_program(sys.executable, TRAINER, "trainer")
    wait_until(lambda: row(any_house, training_id).state in ("done", "failed"), PATIENCE_S)

    found = row(any_house, training_id)
    assert (found.state, found.error) == ("done", None)
    assert sorted(each.attempt for each in found.folds) == [1, 1, 1, 1, 2]
    assert states(any_house, training_id) == ["done"] * 5
    assert found.finished_at is not None
    assert found.finished_at < now()
