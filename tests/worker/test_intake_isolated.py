"""What two people send at once stays apart, whatever they call their files."""

from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.tables import Arrival, Contribution, Submission
from models import media
from tests import archives, media_files
from tests.factories_contributions import create_arrival, create_submission, store_arrival
from tests.worker.house import House
from tests.worker.taking_at_once import take_in_at_once
from worker import taking

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
        arrival = create_arrival(session, submission, file_name="ward.zip", bytes=len(content))
        session.commit()
    store_arrival(house.storage, arrival, content)
    return submission.id


def read(house: House, key: str | None) -> bytes:
    assert key is not None
    with house.storage.open(key) as file:
        return file.read()


def test_archives_with_the_same_names_keep_their_bytes_labels_and_previews(house: House) -> None:
    wards = [ward(100 * n, label) for n, label in enumerate(LABELS)]
    submissions = [sent(house, files) for files in wards]
    take_in_at_once(2)
    for submission_id, files, label in zip(submissions, wards, LABELS, strict=True):
        mine = Contribution.submission_id == submission_id
        with house.database.read() as session:
            made = session.scalars(select(Contribution).where(mine)).all()
            states = session.scalars(
                select(Arrival.state).where(Arrival.submission_id == submission_id)
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
            still = media.Recording.open(path).still()
            assert read(house, each.preview_key) == media.encode_jpeg(still, taking.PREVIEW_SIDE)
    assert list(house.settings.incoming_dir.iterdir()) == []
