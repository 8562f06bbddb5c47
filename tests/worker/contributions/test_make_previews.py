"""Preparation: every frame at its time, a sheet of the sampled ones, the model's answer."""

import io
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from backend.core.db import now
from backend.core.errors import StorageUnreachableError
from backend.storage.local import FolderStorage
from backend.tables.contributions import Cine
from models.media import reencode
from models.media.sampling import MediaError
from tests import media_files
from tests.worker.contributing import actions, change, contribute, decide, incoming, kept, row
from tests.worker.house import House, clip, maintain, still
from worker.contributions import make_previews as tasks
from worker.contributions.deidentify import deidentify
from worker.contributions.make_previews import make_previews


def asked(house: House, content: bytes) -> UUID:
    """A contribution that waits to be prepared."""
    return contribute(house, content, prep_state="queued", prep_notified_at=now())


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))


def test_a_clip_is_ready_for_the_player(house: House) -> None:
    contribution = asked(house, media_files.gif(frames=9, frame_ms=130))
    make_previews.run(str(contribution))
    found = row(house, contribution)
    assert (found.prep_state, found.prep_error) == ("done", None)
    assert found.cine is not None
    assert found.cine.times_s == pytest.approx([n * 0.13 for n in range(9)])
    assert (found.cine.width, found.cine.height) == (96, 64)
    bytes_of = kept(house, contribution)
    shown = np.stack([pixels(bytes_of[f"review//{n}.jpg"]) for n in range(9)]).astype(int)
    real = np.stack([media_files.speckle(seed=n) for n in range(9)]).astype(int)
    assert np.abs(shown - real).mean() < 6
    assert pixels(bytes_of["review//sheet.jpg"]).shape == (64, 4 * 96, 3)
    assert found.model_answer is not None
    assert found.model_answer["label"] == "pneumonia"
    assert len(found.model_answer["frames"]) == found.sampled_frames
    assert actions(house, contribution) == ["reviews.prepared"]


def test_a_picture_has_one_frame(house: House) -> None:
    contribution = asked(house, still())
    make_previews.run(str(contribution))
    found = row(house, contribution)
    assert found.cine == Cine(times_s=[0.0], width=64, height=64)


def test_large_frames_are_shown_smaller(house: House) -> None:
    contribution = asked(house, media_files.image("JPEG", 1600, 1200))
    make_previews.run(str(contribution))
    assert pixels(kept(house, contribution)["review//0.jpg"]).shape == (540, 720, 3)


def test_of_a_long_clip_frames_are_taken_evenly(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MOST_CINE_FRAMES", 4)
    contribution = asked(house, media_files.gif(frames=10, frame_ms=100))
    make_previews.run(str(contribution))
    cine = row(house, contribution).cine
    assert cine is not None
    assert cine.times_s == pytest.approx([0, 0.2, 0.5, 0.7])


def test_the_first_submitted_is_first(house: House) -> None:
    young = asked(house, still())
    old = contribute(house, still(), prep_state="queued", created_at=now() - timedelta(hours=1))
    make_previews.run(str(young))
    assert (row(house, old).prep_state, row(house, young).prep_state) == ("done", "queued")


def test_nothing_waits(house: House) -> None:
    make_previews.run("whoever")


@pytest.mark.parametrize("state", ["draft", "withdrawn", "rejected"])
def test_what_nobody_reviews_is_left_alone(house: House, state: str) -> None:
    contribution = contribute(house, still(), prep_state="queued", state=state)
    make_previews.run(str(contribution))
    assert row(house, contribution).prep_state == "queued"
    assert not any(key.startswith("review/") for key in kept(house, contribution))


def test_other_bytes_than_were_uploaded_are_refused(house: House) -> None:
    contribution = asked(house, still())
    key = row(house, contribution).original_key
    assert key is not None
    house.storage.put_bytes(key, still(80))
    make_previews.run(str(contribution))
    found = row(house, contribution)
    assert found.prep_state == "failed"
    assert found.prep_error is not None
    assert "damaged" in found.prep_error
    assert actions(house, contribution) == ["reviews.preparation_failed"]


@pytest.mark.parametrize("step", ["write_full_frame", "write_square"])
def test_what_an_ingest_could_not_read_is_not_prepared(
    house: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = asked(house, media_files.gif())

    def unreadable(*_: object) -> None:
        raise MediaError("unreadable_file", "Its last picture cannot be read.")

    monkeypatch.setattr(reencode, step, unreadable)
    make_previews.run(str(contribution))
    found = row(house, contribution)
    assert (found.prep_state, found.prep_error) == ("failed", "Its last picture cannot be read.")
    assert found.cine is None
    assert incoming(house) == []


def test_bytes_that_are_gone_are_told(house: House) -> None:
    contribution = asked(house, still())
    key = row(house, contribution).original_key
    assert key is not None
    house.storage.delete(key)
    make_previews.run(str(contribution))
    assert row(house, contribution).prep_state == "failed"


def test_a_storage_that_is_away_leaves_it_queued(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = asked(house, still())

    def away(*_: object) -> None:
        raise StorageUnreachableError("The storage cannot be used now.")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStorage, "put_bytes", away)
        make_previews(str(contribution))
    assert row(house, contribution).prep_state == "queued"
    change(house, contribution, prep_due_at=None)
    make_previews.run(str(contribution))
    assert row(house, contribution).prep_state == "done"


def test_one_withdrawn_meanwhile_keeps_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = asked(house, clip(3))
    real = FolderStorage.put_bytes

    def withdraw_first(storage: FolderStorage, key: str, content: bytes) -> None:
        change(house, contribution, state="withdrawn")
        real(storage, key, content)

    monkeypatch.setattr(FolderStorage, "put_bytes", withdraw_first)
    make_previews.run(str(contribution))
    assert row(house, contribution).cine is None
    maintain()
    assert kept(house, contribution) == {}


def test_what_is_opened_again_is_prepared_from_its_copy(house: House) -> None:
    contribution = asked(house, media_files.gif(frames=6))
    make_previews.run(str(contribution))
    answered = row(house, contribution).model_answer
    decide(house, contribution)
    deidentify.run(str(contribution))
    change(house, contribution, state="pending", prep_state="queued", cine=None)
    assert row(house, contribution).original_key is None
    make_previews.run(str(contribution))
    found = row(house, contribution)
    assert found.cine is not None
    assert len(found.cine.times_s) == 6
    assert found.model_answer == answered
