"""What two people send at once stays apart, at every place where their bytes rest."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.core.db import now
from backend.tables import Contribution, Submission, Upload
from models.media import sampling
from tests import archives, media_files
from tests.factories_contributions import create_submission, create_upload, store_upload
from tests.worker.contributing import contribute, decide, incoming, kept, row
from tests.worker.house import House, clip, still
from tests.worker.in_step import run_in_step
from worker.contributions import deidentify, make_previews
from worker.screenings import task as screening
from worker.uploads import importer

pytestmark = pytest.mark.timeout(200)

LABELS = ("covid19", "healthy")


def ward(first_seed: int, label: str) -> dict[str, bytes]:
    """A manifest and three pictures, called the same on every ward."""
    rows = "".join(f"{n}.png,{label}\n" for n in range(3))
    pictures = {f"{n}.png": media_files.image(seed=first_seed + n) for n in range(3)}
    return {"manifest.csv": f"file_name,label\n{rows}".encode(), **pictures}


def sent(house: House, files: Mapping[str, bytes]) -> UUID:
    """A submission of somebody's with an archive of these files, all here."""
    content = archives.packed(files)
    with house.database.write() as session:
        submission = create_submission(session)
        upload = create_upload(session, submission, file_name="ward.zip", bytes=len(content))
        session.commit()
    store_upload(house.storage, upload, content)
    return submission.id


def read(house: House, key: str | None) -> bytes:
    assert key is not None
    with house.storage.open(key) as file:
        return file.read()


@pytest.fixture(params=["folder", "bucket"])
def either_house(request: pytest.FixtureRequest) -> House:
    """Two workers on one data folder, and the storage a folder or a bucket."""
    name = "house" if request.param == "folder" else "bucket_house"
    found: House = request.getfixturevalue(name)
    return found


def test_archives_with_the_same_names_keep_their_bytes_labels_and_previews(
    either_house: House,
) -> None:
    house = either_house
    wards = [ward(100 * n, label) for n, label in enumerate(LABELS)]
    submissions = [sent(house, files) for files in wards]
    run_in_step("worker.uploads.task:import_upload", "worker.uploads.task:_take")
    for submission_id, files, label in zip(submissions, wards, LABELS, strict=True):
        mine = Contribution.submission_id == submission_id
        with house.database.read() as session:
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
            assert read(house, each.original_key) == files[each.file_name]
            path = house.settings.data_dir / each.file_name
            path.write_bytes(files[each.file_name])
            still = sampling.Recording.open(path).still()
            preview = sampling.encode_jpeg(still, importer.PREVIEW_SIDE)
            assert read(house, each.preview_key) == preview
    assert list(house.settings.incoming_dir.iterdir()) == []


OPENED = "models.media.sampling:Recording.open"
"""Every task opens the recording from the file that it has brought to its data folder."""


def test_what_is_prepared_at_once_is_as_if_alone(bucket_house: House) -> None:
    contents = [media_files.gif(frames=4, frame_ms=400), media_files.image(seed=7)]
    waits = {"prep_state": "queued", "prep_notified_at": now()}
    together = [contribute(bucket_house, content, **waits) for content in contents]
    run_in_step("worker.contributions.make_previews:make_previews", OPENED)
    alone = [contribute(bucket_house, content, **waits) for content in contents]
    for _ in contents:
        make_previews.make_previews("")
    for one, other in zip(together, alone, strict=True):
        assert row(bucket_house, one).prep_state == "done"
        assert kept(bucket_house, one) == kept(bucket_house, other)
    assert incoming(bucket_house) == []


def test_what_is_ingested_at_once_is_as_if_alone(bucket_house: House) -> None:
    contents = [media_files.gif(frames=4, frame_ms=400), media_files.image(seed=7)]
    together, alone = (
        [contribute(bucket_house, content) for content in contents] for _ in range(2)
    )
    for contribution in together:
        decide(bucket_house, contribution)
    run_in_step("worker.contributions.deidentify:deidentify", OPENED)
    for contribution in alone:
        decide(bucket_house, contribution)
        deidentify.deidentify("")
    for one, other in zip(together, alone, strict=True):
        assert row(bucket_house, one).ingest_state == "done"
        assert kept(bucket_house, one) == kept(bucket_house, other)
    assert incoming(bucket_house) == []


def test_what_is_screened_at_once_is_as_if_alone(bucket_house: House) -> None:
    contents = [clip(frames=3), still()]
    together = [bucket_house.queue(content, notify=False) for content in contents]
    run_in_step("worker.screenings.task:screen", OPENED)
    alone = [bucket_house.queue(content, notify=False) for content in contents]
    for _ in contents:
        screening.screen("")
    for one, other in zip(together, alone, strict=True):
        assert bucket_house.row(one).status == "done"
        frames = [
            [read(bucket_house, key) for key in sorted(bucket_house.frames(each))]
            for each in (one, other)
        ]
        assert frames[0] == frames[1]
    assert incoming(bucket_house) == []
