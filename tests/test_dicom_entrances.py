"""One DICOM clip goes in wherever a recording goes, and the patient's name goes no further."""

import io
import json
import logging
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.uid import RLELossless
from sqlalchemy import select
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.tables import Contribution
from models.contract import Square
from models.data.extraction import FrameCache
from models.data.importing import import_dataset
from models.inference import predict
from models.media.formats import ACCEPTED
from tests import planted, tus
from tests.conftest import Api, SignedIn
from tests.factories import create_token
from tests.importing import importing
from tests.models import mini_dataset
from tests.models.media.dicom.instances import PATIENT, dataset, grey, region, regions
from tests.plain_scorer import PlainScorer

FAMILY_NAME = PATIENT.split("^")[0]
SQUARE = Square(20, 4, 50)
PAGE = Path(__file__).parents[1] / "frontend" / "src"


@pytest.fixture(scope="module")
def clip() -> bytes:
    made = dataset(grey(8), SequenceOfUltrasoundRegions=regions(region((20, 4, 69, 53), cm=0.3)))
    made.compress(RLELossless, generate_instance_uid=False)
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    assert FAMILY_NAME.encode() in file.getvalue()
    return file.getvalue()


@pytest.fixture
def busy(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The server, with a worker that imports what is uploaded."""
    with importing(api, monkeypatch) as busy_api:
        yield busy_api


class Undecided(PlainScorer):
    """One model that finds every class as likely."""

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return np.full((1, len(frames), 3), 1 / 3, dtype=np.float32)


def contributions(api: Api) -> dict[str, Contribution]:
    with api.database.read() as session:
        return {each.file_name: each for each in session.scalars(select(Contribution))}


def assert_is_the_clip(found: Any) -> None:
    assert (found["kind"], found["format"], found["frames"]) == ("video", "dicom", 8)
    assert found["duration_s"] == pytest.approx(0.4)
    assert found["proposed_crop"] == {"x": SQUARE.x, "y": SQUARE.y, "size": SQUARE.size}
    assert found["depth_mm"] == pytest.approx(150)
    assert found["mm_per_pixel"] == pytest.approx(3)
    assert found["notes"] == []


def test_one_dicom_clip_goes_in_at_every_entrance(
    busy: Api,
    sign_in: Callable[..., SignedIn],
    clip: bytes,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planted.note(FAMILY_NAME)
    caplog.set_level(logging.DEBUG)

    # By REST.
    answer = busy.client.post("/recordings", files={"file": (f"{FAMILY_NAME}.dcm", clip)})
    assert answer.status_code == 201, answer.text
    assert_is_the_clip(answer.json())
    preview = busy.client.get(answer.json()["preview_url"].removeprefix("/api/v1"))
    assert preview.content.startswith(b"\xff\xd8")
    assert FAMILY_NAME.encode() not in preview.content

    # By `pocovid submit` in a folder and in a ZIP, both over tus, under names as of a disc.
    me = sign_in(busy)
    with busy.database.write() as session:
        _, secret = create_token(session, me.user, "submit")
        session.commit()
    ward = tmp_path / "ward"
    ward.mkdir()
    (ward / "IM000001").write_bytes(clip)
    with zipfile.ZipFile(ward / "disc.zip", "w") as disc:
        disc.writestr("DICOM/IM000002", clip)
    options = ("--url", busy.url, "--token", secret, "--label", "healthy", "--probe", "convex")
    submitted = CliRunner().invoke(
        cli.app, ["submit", str(ward), *options, "--licence", "CC0 1.0", "--source", "Ward 3"]
    )
    assert submitted.exit_code == 0, submitted.output
    rows = contributions(busy)
    assert {name.rpartition("/")[2] for name in rows} == {"IM000001", "IM000002"}

    # By tus itself, as the page does.
    draft = next(iter(rows.values())).submission_id
    upload = tus.create(me.client, draft, "a.dcm", len(clip)).headers["Location"].rpartition("/")[2]
    assert tus.patch(me.client, upload, 0, clip).status_code == 204
    while "a.dcm" not in contributions(busy):
        time.sleep(0.05)
    listed = me.client.get(f"/submissions/{draft}/contributions").json()["items"]
    assert len(listed) == 3
    for each in listed:
        assert_is_the_clip(each)

    # By `pocovid screen`.
    monkeypatch.setattr(predict.Predictor, "load", lambda **_: Undecided())
    (tmp_path / "clip").write_bytes(clip)
    screened = CliRunner().invoke(cli.app, ["screen", "--json", str(tmp_path / "clip")])
    assert screened.exit_code == 0, screened.output
    line = json.loads(screened.output.splitlines()[0])
    assert line["result"]["crop"] == {"x": SQUARE.x, "y": SQUARE.y, "size": SQUARE.size}

    assert line["notes"] == []
    timeless = dataset(grey())
    del timeless.FrameTime
    timeless.save_as(tmp_path / "timeless", enforce_file_format=True)
    told = CliRunner().invoke(cli.app, ["screen", str(tmp_path / "timeless")])
    assert "25 a second are assumed" in told.output

    # By the import of a dataset.
    folder = mini_dataset.make(tmp_path / "dataset")
    (folder / "pocus_videos/convex/pneumonia_1.mp4").unlink()
    (folder / "pocus_videos/convex/pneumonia_1.dcm").write_bytes(clip)
    cache = FrameCache(tmp_path / "frames")
    imported = import_dataset(str(folder), tmp_path / "into", cache, lambda *_: None)
    assert dict(imported.unreadable) == {}
    (entry,) = [each for each in imported.index.entries if each.key.endswith(".dcm")]
    probe = cache.facts(entry.sha256).probe
    assert (probe.format, probe.square, probe.frames) == ("dicom", SQUARE, 8)

    # Nobody's name anywhere but in the upload itself, which goes after its time.
    out, error = capfd.readouterr()
    for text in (caplog.text, out, error, submitted.output, screened.output):
        assert FAMILY_NAME not in text


def test_the_page_offers_dicom_where_files_are_chosen() -> None:
    chosen = [
        path for path in PAGE.rglob("*.jsx") if re.search(r"image/\*,video/\*", path.read_text())
    ]
    assert len(chosen) == 2
    assert all(".dcm,application/dicom" in path.read_text() for path in chosen)


def test_the_accepted_formats_are_named_alike_everywhere(api: Api) -> None:
    assert ACCEPTED.endswith("or DICOM")
    assert "application/dicom" in api.client.get("/limits").json()["types"]
    assert ACCEPTED in json.dumps(api.app.openapi())
