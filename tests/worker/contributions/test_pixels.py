"""Whatever a file tells of a patient, a place or a machine is nowhere once it was approved."""

import io
import zipfile
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD

from backend.releases import parts, repository
from backend.releases import service as releases
from tests import media_files, planted
from tests.planted import LATITUDE, PLACE, SECRET
from tests.worker.contributing import change, contribute, decide, everything, row
from tests.worker.deployment import Deployment, maintain
from worker.contributions.deidentify import deidentify
from worker.contributions.make_previews import make_previews
from worker.releases.task import release

SPELLINGS = [
    text.encode(coding)
    for text in (SECRET, SECRET.lower(), PLACE.rstrip("/"), "2026:03:01", "2026-03-01T10:11")
    for coding in ("utf-8", "utf-16-le", "utf-16-be")
]
FOREIGN_BOXES = (b"udta", b"meta", b"ilst", b"uuid", b"loci", b"\xa9xyz", b"chpl", b"soun", b"text")
PLAIN_PNG = [b"IHDR", b"IDAT", b"IEND"]
NEUTRAL = {"major_brand", "minor_version", "compatible_brands"}
NEUTRAL_OF_TRACKS = {"language", "handler_name", "vendor_id"}


def all_bytes(deployment: Deployment) -> dict[str, bytes]:
    found = {}
    for each in everything(deployment):
        with deployment.storage.open(each.key) as file:
            found[each.key] = file.read()
    return found


def chunks_of(png: bytes) -> list[bytes]:
    found, place = [], 8
    while place < len(png):
        found.append(png[place + 4 : place + 8])
        place += 12 + int.from_bytes(png[place : place + 4], "big")
    return found


def segments_of(jpeg: bytes) -> list[int]:
    """The markers before the picture's data."""
    found, place = [], 2
    while jpeg[place + 1] != 0xDA:
        found.append(jpeg[place + 1])
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return found


def assert_pixels_alone(key: str, content: bytes) -> None:
    if key.endswith(".png"):
        assert [each for each in chunks_of(content) if each not in PLAIN_PNG] == []
        assert content.endswith(b"IEND\xaeB`\x82")
    elif key.endswith(".jpg"):
        # JFIF, tables, frame header: neither APP1 and above, nor a comment
        assert set(segments_of(content)) <= {0xE0, 0xDB, 0xC0, 0xC4}
        assert content.endswith(b"\xff\xd9")
        with Image.open(io.BytesIO(content)) as image:
            assert not image.getexif()
    else:
        with av.open(io.BytesIO(content)) as container:
            (track,) = container.streams
            assert track.type == "video"
            assert set(container.metadata) <= NEUTRAL
            assert set(track.metadata) <= NEUTRAL_OF_TRACKS
            assert not container.chapters()
        head = content[: content.index(b"mdat")]
        assert [box for box in FOREIGN_BOXES if box in head] == []


@pytest.mark.parametrize("kind", planted.ALL)
def test_nothing_planted_is_found_after_approval(deployment: Deployment, kind: str) -> None:
    content = planted.ALL[kind]()
    assert SECRET.encode() in content
    name = f"{SECRET}.{kind}"
    contribution = contribute(deployment, content, file_name=name, previews_state="queued")
    make_previews.run(str(contribution))
    decide(deployment, contribution, square={"x": 10, "y": 0, "size": 64})
    deidentify.run(str(contribution))

    found = row(deployment, contribution)
    assert (found.previews_state, found.deidentify_state) == ("done", "done"), (
        found.deidentify_error
    )
    kept = all_bytes(deployment)
    folders = {key.split("/")[0] for key in kept}
    assert folders == {"contribution-previews", "review", "wholes", "dataset"}
    for key, stored in kept.items():
        assert [each for each in SPELLINGS if each in stored] == [], key
        assert SECRET not in key
        assert "rossi" not in key
        assert_pixels_alone(key, stored)


def test_nothing_planted_is_published(deployment: Deployment) -> None:
    """A release of them all: every file that it serves, its tables, and the archive itself."""
    contributions = []
    for kind, make in planted.ALL.items():
        contribution = contribute(
            deployment, make(), file_name=f"{SECRET}.{kind}", previews_state="done"
        )
        decide(deployment, contribution)
        deidentify.run(str(contribution))
        contributions.append(contribution)
    with deployment.database.write() as session:
        number = releases.create(session, None, "").number
        session.commit()
    for _ in contributions:
        release.run(str(number))
    with deployment.database.read() as session:
        made = repository.get(session, number)
        assert made is not None
        assert (made.state, made.error) == ("done", None)
        whole = parts.open_archive(session, made, deployment.database.read)
    archive = b"".join(whole.read(0, whole.size, deployment.storage.open))
    with zipfile.ZipFile(io.BytesIO(archive)) as unpacked:
        served = {name: unpacked.read(name) for name in unpacked.namelist()}
    assert len(served) > 2 * len(contributions)
    for name, content in {"the archive": archive, **served}.items():
        assert [each for each in SPELLINGS if each in content] == [], name
        assert SECRET not in name
        if name.endswith((".png", ".jpg", ".mp4")):
            assert_pixels_alone(name, content)


def test_the_planting_worked(tmp_path: Path) -> None:
    """The test above could not fail if these files held nothing."""
    with Image.open(io.BytesIO(planted.jpeg())) as image:
        place: Any = image.getexif().get_ifd(IFD.GPSInfo)
        assert place[GPS.GPSLatitude] == LATITUDE
        assert SECRET.encode() in image.info["comment"]
        assert SECRET.encode() in image.info["xmp"]
    with Image.open(io.BytesIO(planted.png())) as image:
        image.load()
        assert SECRET in image.info["Packed"]
        assert SECRET in image.info["Referrer"]
        assert image.getexif().get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] == LATITUDE
    for kind in ("mov", "mp4", "avi", "mpeg", "webm"):
        path = media_files.write(tmp_path, kind, planted.ALL[kind]())
        with av.open(path) as container:
            assert container.streams.audio, kind
            if kind in ("mov", "mp4", "webm"):
                assert container.chapters(), kind
    assert planted.mov().count(PLACE.encode()) >= 1
    assert b"com.apple.quicktime.model" in planted.mov()


def test_a_rejected_one_is_gone_with_everything_that_it_told(deployment: Deployment) -> None:
    contribution = contribute(deployment, planted.mov(), previews_state="queued")
    make_previews.run(str(contribution))
    decide(deployment, contribution, verdict="reject", reason="identifying_text", label=None)
    maintain()
    assert row(deployment, contribution).original_key is not None, "kept for an undo"
    decided_at = row(deployment, contribution).decided_at
    assert decided_at is not None
    change(deployment, contribution, decided_at=decided_at.replace(year=2020))
    maintain()
    assert all_bytes(deployment) == {}
