"""What two people send at once stays apart, at every place where their bytes rest."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.tables import Contribution, Submission, Upload
from models.media import sampling
from tests import archives, media_files
from tests.factories_contributions import create_submission, create_upload, store_upload
from tests.worker.contributing import contribute, decide, incoming, kept, row
from tests.worker.deployment import Deployment, clip, still
from tests.worker.lockstep import run_in_lockstep
from worker.contributions import deidentify, make_previews
from worker.screenings import task as screening

pytestmark = pytest.mark.timeout(200)

LABELS = ("covid19", "healthy")


def ward(first_seed: int, label: str) -> dict[str, bytes]:
    """A manifest and three pictures, called the same on every ward."""
    rows = "".join(f"{n}.png,{label}\n" for n in range(3))
    pictures = {f"{n}.png": media_files.image(seed=first_seed + n) for n in range(3)}
    return {"manifest.csv": f"file_name,label\n{rows}".encode(), **pictures}


def sent(deployment: Deployment, files: Mapping[str, bytes]) -> UUID:
    """A submission of somebody's with an archive of these files, all here."""
    content = archives.packed(files)
    with deployment.database.write() as session:
        submission = create_submission(session)
        upload = create_upload(session, submission, file_name="ward.zip", bytes=len(content))
        session.commit()
    store_upload(deployment.storage, upload, content)
    return submission.id


def read(deployment: Deployment, key: str | None) -> bytes:
    assert key is not None
    with deployment.storage.open(key) as file:
        return file.read()


@pytest.fixture(params=["folder", "bucket"])
def either_deployment(request: pytest.FixtureRequest) -> Deployment:
    """Two workers on one data folder, and the storage a folder or a bucket."""
    name = "deployment" if request.param == "folder" else "bucket_deployment"
    found: Deployment = request.getfixturevalue(name)
    return found


def test_archives_with_the_same_names_keep_their_bytes_labels_and_previews(
    either_deployment: Deployment,
) -> None:
    deployment = either_deployment
    wards = [ward(100 * n, label) for n, label in enumerate(LABELS)]
    submissions = [sent(deployment, files) for files in wards]
    run_in_lockstep("worker.uploads.task:import_upload", "worker.uploads.task:_take")
    for submission_id, files, label in zip(submissions, wards, LABELS, strict=True):
        mine = Contribution.submission_id == submission_id
        with deployment.database.read() as session:
            made = session.scalars(select(Contribution).where(mine)).all()
            states = session.scalars(
                select(Upload.state).where(Upload.submission_id == submission_id)
            ).all()
            kept = session.get_one(Submission, submission_id).manifest
        assert states == ["done"] * 5
        assert {each["values"]["label"] for each in kept.values()} == {label}
        assert {each.file_name for each in made} == files.keys() - {"manifest.csv"}
        for each in made:
            assert each.label == label
            assert read(deployment, each.original_key) == files[each.file_name]
            path = deployment.settings.data_dir / each.file_name
            path.write_bytes(files[each.file_name])
            preview = sampling.Recording.open(path).preview()
            assert read(deployment, each.preview_key) == preview
    assert list(deployment.settings.incoming_dir.iterdir()) == []


OPENED = "models.media.sampling:Recording.open"
"""Every task opens the recording from the file that it has brought to its data folder."""


def test_what_is_prepared_at_once_is_as_if_alone(bucket_deployment: Deployment) -> None:
    contents = [media_files.gif(frames=4, frame_ms=400), media_files.image(seed=7)]
    waits = {"previews_state": "queued", "previews_notified_at": utc_now()}
    together = [contribute(bucket_deployment, content, **waits) for content in contents]
    run_in_lockstep("worker.contributions.make_previews:make_previews", OPENED)
    alone = [contribute(bucket_deployment, content, **waits) for content in contents]
    for _ in contents:
        make_previews.make_previews("")
    for one, other in zip(together, alone, strict=True):
        assert row(bucket_deployment, one).previews_state == "done"
        assert kept(bucket_deployment, one) == kept(bucket_deployment, other)
    assert incoming(bucket_deployment) == []


def test_what_is_ingested_at_once_is_as_if_alone(bucket_deployment: Deployment) -> None:
    contents = [media_files.gif(frames=4, frame_ms=400), media_files.image(seed=7)]
    together, alone = (
        [contribute(bucket_deployment, content) for content in contents] for _ in range(2)
    )
    for contribution in together:
        decide(bucket_deployment, contribution)
    run_in_lockstep("worker.contributions.deidentify:deidentify", OPENED)
    for contribution in alone:
        decide(bucket_deployment, contribution)
        deidentify.deidentify("")
    for one, other in zip(together, alone, strict=True):
        assert row(bucket_deployment, one).deidentify_state == "done"
        assert kept(bucket_deployment, one) == kept(bucket_deployment, other)
    assert incoming(bucket_deployment) == []


def test_what_is_screened_at_once_is_as_if_alone(bucket_deployment: Deployment) -> None:
    contents = [clip(frames=3), still()]
    together = [bucket_deployment.queue(content, notify=False) for content in contents]
    run_in_lockstep("worker.screenings.task:screen", OPENED)
    alone = [bucket_deployment.queue(content, notify=False) for content in contents]
    for _ in contents:
        screening.screen("")
    for one, other in zip(together, alone, strict=True):
        assert bucket_deployment.row(one).status == "done"
        frames = [
            [read(bucket_deployment, key) for key in sorted(bucket_deployment.frames(each))]
            for each in (one, other)
        ]
        assert frames[0] == frames[1]
    assert incoming(bucket_deployment) == []
