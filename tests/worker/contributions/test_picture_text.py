"""A name drawn into a recording, from its upload to the release: on no picture that stays."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from backend.releases import parts, repository
from backend.releases import service as releases
from backend.tables import AuditEvent, Contribution, Submission, Upload
from models.contract import Square
from models.media.masking import TextBox, TextDecision, decided
from models.media.sampling import Picture, Recording
from models.media.text.reader import read_lines
from models.phantom.lettering import FACES, write
from tests import media_files
from tests.factories_contributions import SAID, create_submission, create_upload, store_upload
from tests.models.media.dicom import instances
from tests.worker.contributing import change, contribute, decide, everything, row
from tests.worker.deployment import Deployment, maintain
from worker.contributions.deidentify import deidentify
from worker.contributions.make_previews import make_previews
from worker.releases.task import release
from worker.uploads.task import import_upload

OUTSIDE, INSIDE, SCALE = "Erika Mustermann", "DOB 04.11.1956", "Depth 14 cm"
SQUARE = {"square_x": 40, "square_y": 60, "square_size": 240}


def screenshot() -> Picture:
    """A field of speckle on black, a name above it, a date of birth and a scale in it."""
    picture = np.zeros((320, 320, 3), dtype=np.uint8)
    speckle = np.random.default_rng(3).rayleigh(35, (240, 240, 1))
    picture[60:300, 40:280] = np.clip(speckle, 0, 255).astype(np.uint8)
    picture, _ = write(picture, OUTSIDE, FACES[4], 60, 16)
    picture, _ = write(picture, INSIDE, FACES[4], 70, 90)
    return write(picture, SCALE, FACES[4], 70, 240)[0]


def png() -> bytes:
    content = io.BytesIO()
    Image.fromarray(screenshot()).save(content, "PNG")
    return content.getvalue()


def gif() -> bytes:
    content = io.BytesIO()
    frames = [Image.fromarray(screenshot()) for _ in range(3)]
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=300)
    return content.getvalue()


def dicom() -> bytes:
    made = instances.dataset(screenshot()[None], sop_class=instances.US_IMAGE)
    made.PatientName, made.PatientID = OUTSIDE.replace(" ", "^"), "Mustermann-17"
    made.PatientBirthDate, made.PatientSex = "19561104", "F"
    made.InstitutionName = f"Klinik {OUTSIDE}"
    content = io.BytesIO()
    made.save_as(content, enforce_file_format=True)
    return content.getvalue()


def read(folder: Path, content: bytes) -> str:
    """What can be read on the pictures of a stored file."""
    recording = Recording.open(media_files.write(folder, "stored", content))
    places = range(len(recording.source.times_s))
    lines = [line.text for picture in recording.source.read(places) for line in read_lines(picture)]
    return " ".join(lines)


def is_named(text: str) -> bool:
    plain = text.casefold().replace(" ", "")
    return any(part in plain for part in ("erika", "muster", "mann", "dob", "1956", "04.11"))


def uploaded(deployment: Deployment, content: bytes) -> UUID:
    """The contribution that an upload became, its square set as a person would see the field."""
    with deployment.database.write() as session:
        draft = create_submission(session)
        upload = create_upload(session, draft, bytes=len(content), received=len(content))
        session.commit()
    store_upload(deployment.storage, upload, content)
    import_upload.run(str(upload.id))
    with deployment.database.read() as session:
        contribution_id = session.scalars(select(Contribution.id)).one()
    change(deployment, contribution_id, **SQUARE)
    return contribution_id


@pytest.mark.parametrize("make", [png, gif, dicom])
def test_names_are_on_no_picture_that_stays(
    deployment: Deployment, tmp_path: Path, make: Callable[[], bytes]
) -> None:
    contribution = uploaded(deployment, make())
    boxes = row(deployment, contribution).text_boxes
    assert boxes is not None
    assert [box.name_like for box in boxes] == [True, True, False], boxes
    masked = decided(boxes, {1: TextDecision.MASK})
    change(
        deployment,
        contribution,
        **SAID,
        state="pending",
        text_boxes=masked,
        previews_state="queued",
    )
    make_previews.run(str(contribution))
    assert row(deployment, contribution).text_boxes == masked
    decide(deployment, contribution)
    deidentify.run(str(contribution))
    found = row(deployment, contribution)
    assert (found.deidentify_state, found.original_key) == ("done", None), found.deidentify_error
    with deployment.database.write() as session:
        number = releases.create(session, None, "").number
        session.commit()
    for _ in range(2):
        release.run(str(number))
    change(
        deployment,
        contribution,
        decided_at=found.decided_at and found.decided_at.replace(year=2020),
    )
    maintain()  # the reviewers' pictures go once the verdict can no longer be undone

    # Nor is one in a row: of this recording, its upload, or what was logged of them.
    with deployment.database.read() as session:
        for table in (Contribution, Submission, Upload, AuditEvent):
            for values in session.execute(select(*table.__table__.columns)):
                text = str(values).casefold()
                for planted in ("erika", "mustermann", "19561104", "04.11.1956"):
                    assert planted not in text, table
    kept = {}
    for each in everything(deployment):
        with deployment.storage.open(each.key) as file:
            kept[each.key] = file.read()
    folders = {key.split("/")[0] for key in kept}
    assert folders == {"contribution-previews", "wholes", "dataset"}
    with deployment.database.read() as session:
        made = repository.get(session, number)
        assert made is not None
        assert made.state == "done", made.error
        archive = parts.open_archive(session, made, deployment.database.read)
    whole = b"".join(archive.read(0, archive.size, deployment.storage.open))
    with zipfile.ZipFile(io.BytesIO(whole)) as unpacked:
        kept |= {name: unpacked.read(name) for name in unpacked.namelist()}
    pictures = {key: each for key, each in kept.items() if key.endswith(("png", "jpg", "mp4"))}
    assert len(pictures) >= 5
    for key, stored in pictures.items():
        text = read(tmp_path, stored)
        assert not is_named(text), (key, text)
        assert "14" in text, f"the scale stays: {key}"
    for key, stored in kept.items():
        for planted in (OUTSIDE, INSIDE, "Mustermann"):
            assert planted.encode() not in stored, key


def test_the_pictures_did_hold_the_names(tmp_path: Path) -> None:
    """The test above could not fail if nobody could read them."""
    for content in (png(), gif(), dicom()):
        text = read(tmp_path, content)
        assert OUTSIDE in text
        assert "1956" in text


def test_what_was_said_of_no_text_is_looked_for_when_it_is_prepared_or_approved(
    deployment: Deployment,
) -> None:
    for job, state in ((make_previews, {"previews_state": "queued"}), (deidentify, {})):
        contribution = contribute(deployment, png(), text_boxes=None, **SQUARE, **state)
        if job is deidentify:
            decide(deployment, contribution)
        job.run(str(contribution))
        boxes = row(deployment, contribution).text_boxes
        assert boxes is not None
        assert len(boxes) == 3


def test_a_larger_square_of_the_reviewer_shows_no_name_that_nobody_kept(
    deployment: Deployment, tmp_path: Path
) -> None:
    contribution = contribute(deployment, png(), text_boxes=None, **SQUARE)
    decide(deployment, contribution, square=Square(0, 0, 320))
    deidentify.run(str(contribution))
    key = row(deployment, contribution).pixels_key
    assert key is not None
    with deployment.storage.open(key) as file:
        text = read(tmp_path, file.read())
    assert not is_named(text), text
    assert "14" in text


def test_what_is_kept_stays_as_it_is(deployment: Deployment, tmp_path: Path) -> None:
    kept = TextBox(60, 80, 200, 40, name_like=True, decision=TextDecision.KEEP)
    contribution = contribute(deployment, png(), text_boxes=[kept], **SQUARE)
    decide(deployment, contribution)
    deidentify.run(str(contribution))
    key = row(deployment, contribution).pixels_key
    assert key is not None
    with deployment.storage.open(key) as file:
        assert "1956" in read(tmp_path, file.read())
