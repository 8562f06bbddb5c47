"""Trainings: five folds and a last stage over all workers, whatever is killed meanwhile."""

import json
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.releases import service as releases
from backend.storage.keys import training_folder
from backend.tables import AuditEvent, Contribution, Training, User
from backend.tables.vocabulary import ContributionState, JobState
from backend.trainings import repository, service
from backend.trainings.artifacts import repository as artifacts
from backend.trainings.schemas import TrainingIn
from models.inference import artifact as shipped
from tests.factories import create_user
from tests.factories_releases import create_ingested
from tests.waiting import wait_until
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment
from tests.worker.releases.test_task import finish as make_release
from tests.worker.stand_in_training import ENDS
from worker.own_folder import tidy
from worker.trainings import task as tasks


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PROGRAM", "tests.worker.stand_in_training")


@pytest.fixture
def admin(deployment: Deployment) -> User:
    with deployment.database.write() as session:
        user = create_user(session, "admin")
        session.commit()
        return user


@pytest.fixture
def released(deployment: Deployment) -> list[UUID]:
    """Release 1: two patients of each class."""
    with deployment.database.write() as session:
        found = [
            create_ingested(session, deployment.storage, label=label, patient_hash=f"{label}{n}")
            for label in ("covid19", "pneumonia", "healthy")
            for n in range(2)
        ]
        releases.create(session, None, "")
        session.commit()
        ids = [each.id for each in found]
    make_release(deployment, 1)
    return ids


def start(deployment: Deployment, admin: User, end: str = "well") -> UUID:
    wanted = TrainingIn.model_validate({"release": 1, "settings": {"seed": ENDS[end]}})
    with deployment.database.write() as session:
        training = service.start(session, admin, wanted)
        session.commit()
        return training.id


def row(deployment: Deployment, training_id: UUID) -> Training:
    with deployment.database.read() as session:
        found = repository.get(session, training_id)
        assert found is not None
        return found


def states(deployment: Deployment, training_id: UUID) -> list[str]:
    folds = sorted(row(deployment, training_id).folds, key=lambda fold: fold.fold)
    return [fold.state for fold in folds]


def work(times: int) -> None:
    for _ in range(times):
        tasks.train.run("somebody")


def test_five_folds_and_a_last_stage_make_an_artifact(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    training_id = start(deployment, admin)

    work(5)
    assert states(deployment, training_id) == ["done"] * 5
    assert row(deployment, training_id).state == "running"
    work(1)

    found = row(deployment, training_id)
    assert (found.state, found.error) == ("done", None)
    version = f"pocovidnet-r1-{training_id.hex[:8]}"
    assert found.artifact_version == version
    answers = shipped.active().name
    assert found.comparison is not None
    compared = (found.comparison["new"]["version"], found.comparison["active"]["version"])
    assert compared == (version, answers)
    with deployment.database.read() as session:
        artifact = artifacts.get(session, version)
        assert artifact is not None
        assert artifact.manifest.licence.startswith("Trained on release 1 of the dataset (CC BY")
        folder = artifact.storage_folder
        assert artifacts.active(session) is None, "nobody has decided that it answers"
    names = {
        stored.key.removeprefix(f"{folder}/") for stored in deployment.storage.listing(folder or "")
    }
    assert names == {"manifest.json", *artifact.manifest.files}
    with deployment.storage.open(f"{folder}/manifest.json") as file:
        assert json.load(file)["version"] == version
    assert not list(deployment.storage.listing(training_folder(training_id)))
    assert not list((deployment.settings.data_dir / "trainings").iterdir()), (
        "the last one tidies up"
    )


def test_progress_is_on_the_rows(deployment: Deployment, admin: User, released: list[UUID]) -> None:
    training_id = start(deployment, admin, "noisy")
    work(1)
    fold = min(row(deployment, training_id).folds, key=lambda fold: fold.fold)
    assert (fold.stage, fold.done, fold.total) == ("Trunk features", 1, 2)
    assert fold.metrics == {"frames": 3, "frame_accuracy": 0.5, "loss": [1.0]}
    assert row(deployment, training_id).stage == "Training"


def test_what_cannot_be_done_ends_it_with_the_reason(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    training_id = start(deployment, admin, "refused")
    work(2)
    found = row(deployment, training_id)
    assert (found.state, found.error) == ("failed", "Nothing in it can be trained on.")
    assert states(deployment, training_id) == ["failed", *["cancelled"] * 4]


def test_a_child_that_dies_is_tried_again_and_then_given_up(
    deployment: Deployment, admin: User, released: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    training_id = start(deployment, admin, "killed")
    with_settings(monkeypatch, stale_after_s=0.0, max_attempts=2)
    work(1)
    assert states(deployment, training_id)[0] == "running"
    tasks.requeue_expired()
    assert states(deployment, training_id)[0] == "queued"
    work(1)
    tasks.requeue_expired()
    found = row(deployment, training_id)
    assert found.state == "failed"
    assert "ran out of memory" in (found.error or "")


def test_a_cancelled_one_stops_within_seconds(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    training_id = start(deployment, admin, "never")
    worker = threading.Thread(target=work, args=(1,))
    worker.start()
    note = deployment.settings.data_dir / "trainings" / str(training_id) / "work" / "running"
    wait_until(note.is_file)
    child = int(note.read_text())

    with deployment.database.write() as session:
        service.cancel(session, admin, training_id)
        session.commit()
    worker.join(30)

    assert not worker.is_alive()
    assert not psutil.pid_exists(child)
    assert row(deployment, training_id).state == "cancelled"
    assert set(states(deployment, training_id)) == {"cancelled"}


def test_a_worker_killed_in_the_last_stage_leaves_it_to_the_next(
    deployment: Deployment, admin: User, released: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    training_id = start(deployment, admin)
    work(5)

    def killed(*_: Any) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "_manifest", killed)
        with pytest.raises(KeyboardInterrupt):
            work(1)
    assert row(deployment, training_id).state == "running"
    work(1)
    assert row(deployment, training_id).state == "running", "it is somebody's"
    with_settings(monkeypatch, stale_after_s=0.0)
    tasks.requeue_expired()
    work(1)
    assert row(deployment, training_id).state == "done"
    assert tasks.sweep(utc_now()) == 5, "what the killed one had stored"


def test_a_withdrawal_ends_it(deployment: Deployment, admin: User, released: list[UUID]) -> None:
    training_id = start(deployment, admin)
    work(1)
    with deployment.database.write() as session:
        contribution = session.get(Contribution, released[0])
        assert contribution is not None
        contribution.state, contribution.withdrawn_at = ContributionState.WITHDRAWN, utc_now()
        session.commit()
    work(1)
    found = row(deployment, training_id)
    assert (found.state, found.error) == ("failed", tasks.WITHDRAWN)


def test_the_copies_of_one_that_was_cancelled_go(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    training_id = start(deployment, admin)
    work(1)
    tidy()
    home = deployment.settings.data_dir / "trainings" / str(training_id)
    assert home.is_dir(), "it is under way"
    with deployment.database.write() as session:
        service.cancel(session, admin, training_id)
        session.commit()
    tidy()
    assert not home.exists()


def test_what_was_withdrawn_before_is_left_out(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    with deployment.database.write() as session:
        contribution = session.get(Contribution, released[0])
        assert contribution is not None
        contribution.state, contribution.withdrawn_at = ContributionState.WITHDRAWN, utc_now()
        session.commit()
    training_id = start(deployment, admin)
    work(1)
    data = deployment.settings.data_dir / "trainings" / str(training_id) / "data"
    assert len(list(data.glob("pocus_videos/convex/*.mp4"))) == 5


def test_each_step_is_in_the_audit_log(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    start(deployment, admin)
    work(6)
    with deployment.database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    found = [(event.action, event.actor_id) for event in events if "trainings" in event.action]
    assert found == [("trainings.started", admin.id), ("trainings.completed", None)]


def test_workers_share_the_folds_and_train_each_once(
    deployment: Deployment, admin: User, released: list[UUID]
) -> None:
    training_id = start(deployment, admin)
    workers = [threading.Thread(target=work, args=(3,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work(1)
    found = row(deployment, training_id)
    assert found.state == JobState.DONE.value
    assert {fold.attempt for fold in found.folds} == {1}
    assert found.assembly_attempt == 1


def test_nothing_happens_where_nothing_waits(deployment: Deployment) -> None:
    work(1)
    tasks.requeue_expired()
