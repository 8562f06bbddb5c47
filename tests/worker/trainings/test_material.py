"""What a trainer fetches: recordings with their provenance, without those that are left out."""

from pathlib import Path
from uuid import UUID

import pytest

from backend.releases import repository
from backend.releases import service as releases
from backend.trainings import service
from backend.trainings.schemas import TrainingIn
from models.data import fingerprint
from models.data.identity import identity
from models.data.index import read_index
from models.evaluation import held_out
from tests.factories import create_user
from tests.models import mini_dataset, small_artifact
from tests.models.mini_dataset import TWO_OF_EACH, Row
from tests.worker.contributing import change, contribute, decide
from tests.worker.deployment import Deployment
from tests.worker.releases.test_task import finish
from worker.contributions.deidentify import deidentify
from worker.trainings import task as tasks

ROWS = (
    *TWO_OF_EACH,
    *(Row(f"{label}_2.png", label, f"{label} 2") for label in ("covid19", "pneumonia", "healthy")),
)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A dataset that the active artifact was trained on."""
    return mini_dataset.make(tmp_path / "public", ROWS)


def released(deployment: Deployment, public: Path) -> dict[UUID, str]:
    """Contribute its recordings, approve, de-identify and release them; their keys in it by id."""
    found: dict[UUID, str] = {}
    for row in ROWS:
        key = f"pocus_{row.kind}s/convex/{row.file}"
        contribution = contribute(
            deployment,
            (public / key).read_bytes(),
            fingerprints=fingerprint.fingerprint_file(public / key),
            label=row.label,
            previews_state="done",
            patient_hash=f"{len(found)}" * 64,
        )
        # another square than the proposed one: only the original's own bytes and looks are known
        decide(deployment, contribution, label=row.label, square={"x": 20, "y": 20, "size": 44})
        deidentify.run(str(contribution))
        found[contribution] = key
    with deployment.database.write() as session:
        releases.create(session, None, "")
        session.commit()
    finish(deployment, 1)
    return found


def brought(deployment: Deployment) -> Path:
    """Start a training and bring what it needs; the folder of its dataset."""
    with deployment.database.write() as session:
        admin = create_user(session, "admin")
        training = service.start(session, admin, TrainingIn.model_validate({"release": 1}))
        session.commit()
    folder = deployment.settings.data_dir / "brought"
    folder.mkdir()
    tasks._fetch_material(training, folder)
    return folder


def test_a_model_that_learnt_from_the_originals_is_known_to_have_seen_the_release(
    deployment: Deployment, public: Path
) -> None:
    """What the page claimed of a release made from the shipped models' own training material."""
    learnt = read_index(public).trained
    folds = {each.key: n for n, each in enumerate(learnt)}
    listing = held_out.recordings_for_manifest(
        learnt, [1] * 9, {"patient": list(folds.values())}, {}
    )
    trained = held_out.TrainingSet(small_artifact.manifest(data={"recordings": listing}))
    keys = released(deployment, public)

    entries = read_index(brought(deployment)).trained

    assert len(entries) == 9
    assert not {entry.sha256 for entry in entries} & {each.sha256 for each in learnt}
    for entry in entries:
        key = keys[UUID(Path(entry.key).stem)]
        assert trained.folds_holding_out(identity(entry, None)) == {folds[key]}
        assert entry.original.fingerprints


def test_what_is_torn_between_two_folds_is_not_brought(
    deployment: Deployment, public: Path
) -> None:
    first, *_ = ids = list(released(deployment, public))
    with deployment.database.read() as session:
        homes = {e.contribution_id: e.fold for e in repository.items(session, 1)}
    other = next(each for each in ids[2:] if homes[each] != homes[first])
    for each in (first, other):  # after the release was made
        change(deployment, each, patient_hash="f" * 64)

    folder = brought(deployment)

    found = {UUID(path.stem) for path in folder.glob("pocus_*/convex/*.*")}
    assert len(found) == 8
    assert len({first, other} & found) == 1
