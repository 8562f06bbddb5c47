"""What answers: the shipped models until somebody decides otherwise, from the next one on."""

from pathlib import Path

import pytest

from backend.core.db import utc_now
from backend.trainings.artifacts import repository
from models.inference import artifact
from tests.models import small_artifact
from tests.worker.deployment import Deployment
from worker import predictor
from worker.predictor import _Held, local_folder, register_shipped

LOAD = predictor.load


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "_held", _Held())


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An artifact in the place of the one that ships."""
    folder = tmp_path / "shipped"
    small_artifact.save(folder / "pocovidnet-9")
    monkeypatch.setattr(artifact, "ARTIFACTS", folder)
    monkeypatch.setattr(artifact.active, "__defaults__", (folder,))
    (folder / "ACTIVE").write_text("pocovidnet-9\n")
    return folder


@pytest.fixture
def trained(deployment: Deployment, tmp_path: Path) -> str:
    """Another one, in the storage."""
    folder = small_artifact.save(tmp_path / "made" / "pocovidnet-r1-a")
    for path in folder.iterdir():
        deployment.storage.put_bytes(f"artifacts/{folder.name}/1/{path.name}", path.read_bytes())
    with deployment.database.write() as session:
        manifest = artifact.read_manifest(folder)
        repository.register(session, folder.name, f"artifacts/{folder.name}/1", manifest, utc_now())
        session.commit()
    return folder.name


def activate(deployment: Deployment, version: str) -> None:
    with deployment.database.write() as session:
        repository.activate(session, version, None, utc_now())
        session.commit()


def test_a_decision_is_followed_at_the_next_screening_and_back(
    deployment: Deployment, shipped: Path, trained: str
) -> None:
    register_shipped()
    assert LOAD().version == "pocovidnet-9"
    activate(deployment, trained)
    first = LOAD()
    assert first.version == trained
    assert LOAD() is first, "nothing is loaded twice"
    activate(deployment, "pocovidnet-9")
    assert LOAD().version == "pocovidnet-9"


def test_one_that_cannot_be_loaded_leaves_what_answered(
    deployment: Deployment, shipped: Path, trained: str
) -> None:
    deployment.storage.put_bytes(f"artifacts/{trained}/1/heads.safetensors", b"damaged")
    before = LOAD()
    activate(deployment, trained)
    assert LOAD() is before
    assert LOAD() is before


def test_a_new_worker_with_one_that_cannot_be_loaded_answers_with_the_shipped_one(
    deployment: Deployment, shipped: Path, trained: str
) -> None:
    deployment.storage.delete_folder(f"artifacts/{trained}")
    activate(deployment, trained)
    assert LOAD().version == "pocovidnet-9"


def test_files_are_fetched_once(deployment: Deployment, trained: str) -> None:
    folder = local_folder(f"artifacts/{trained}/1")
    deployment.storage.delete_folder(f"artifacts/{trained}")
    assert local_folder(f"artifacts/{trained}/1") == folder
    assert artifact.read_manifest(folder).version == trained


def test_the_shipped_one_is_registered_once(deployment: Deployment, shipped: Path) -> None:
    register_shipped()
    register_shipped()
    with deployment.database.read() as session:
        (found,) = repository.listing(session)
        assert (found.version, found.storage_folder) == ("pocovidnet-9", None)
        assert found.manifest.folds == 5
