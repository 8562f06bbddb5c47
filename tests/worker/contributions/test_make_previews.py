"""Preparation: every frame at its time, a sheet of the sampled ones, the model's answer."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.reviews import agreement
from backend.storage.local import FolderStorage
from backend.tables.contributions import Cine
from models.contract import CLASSES, SIGN_MAPS, Probe
from models.inference.evidence import Evidence, Signs
from models.media import overlay, reencode
from models.media.sampling import MediaError
from tests import media_files
from tests.factories import with_signs
from tests.worker.contributing import actions, change, contribute, decide, incoming, kept, row
from tests.worker.deployment import Deployment, clip, maintain, still
from tests.worker.stand_in import StandIn
from worker import predictor
from worker.contributions import make_previews as tasks
from worker.contributions.deidentify import deidentify
from worker.contributions.make_previews import make_previews


def asked(deployment: Deployment, content: bytes, **changes: Any) -> UUID:
    """A contribution that waits to be prepared."""
    changes |= {"previews_state": "queued", "previews_notified_at": utc_now()}
    return contribute(deployment, content, **changes)


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))


def test_a_clip_is_ready_for_the_player(deployment: Deployment) -> None:
    contribution = asked(deployment, media_files.gif(frames=9, frame_ms=130))
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert (found.previews_state, found.previews_error) == ("done", None)
    assert found.cine is not None
    assert found.cine.times_s == pytest.approx([n * 0.13 for n in range(9)])
    assert (found.cine.width, found.cine.height) == (96, 64)
    bytes_of = kept(deployment, contribution)
    shown = np.stack([pixels(bytes_of[f"review//{n}.jpg"]) for n in range(9)]).astype(int)
    real = np.stack([media_files.speckle(seed=n) for n in range(9)]).astype(int)
    assert np.abs(shown - real).mean() < 6
    assert pixels(bytes_of["review//sheet.jpg"]).shape == (64, 4 * 96, 3)
    assert found.model_answer is not None
    assert found.model_answer.label == "pneumonia"
    assert len(found.model_answer.frames) == found.sampled_frames
    assert actions(deployment, contribution) == ["reviews.prepared"]


@pytest.mark.parametrize(("probe", "told"), [("linear", "linear"), ("convex", "convex")])
def test_the_models_are_told_the_contributors_probe_and_how_far_they_agree_is_kept(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, probe: str, told: str
) -> None:
    asked_for: list[str] = []

    class Apart(StandIn):
        def scores(self, frames: Any) -> Any:
            scores = super().scores(frames)
            scores[0] = (1, 0, 0)
            return scores

        def conclude(
            self, evidences: Any, times_s: Any, square: Any, probe: Probe = Probe.CONVEX
        ) -> Any:
            asked_for.append(probe)
            answer = super().conclude(evidences, times_s, square, probe)
            return with_signs(answer, b_lines=0.2)

    monkeypatch.setattr(predictor, "load", Apart)
    contribution = asked(deployment, still(), probe=probe)
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert asked_for == [told]
    assert found.model_answer is not None
    assert found.model_answer.signs is not None
    assert found.models_agreement == agreement.of_models(found.model_answer) == 0.7
    assert found.signs_agreement == agreement.of_signs(found.model_answer) == 0.3


def test_a_picture_has_one_frame(deployment: Deployment) -> None:
    contribution = asked(deployment, still())
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert found.cine == Cine(times_s=[0.0], width=64, height=64)


def test_large_frames_are_shown_smaller(deployment: Deployment) -> None:
    contribution = asked(deployment, media_files.image("JPEG", 1600, 1200))
    make_previews.run(str(contribution))
    assert pixels(kept(deployment, contribution)["review//0.jpg"]).shape == (540, 720, 3)


def test_of_a_long_clip_frames_are_taken_evenly(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MOST_CINE_FRAMES", 4)
    contribution = asked(deployment, media_files.gif(frames=10, frame_ms=100))
    make_previews.run(str(contribution))
    cine = row(deployment, contribution).cine
    assert cine is not None
    assert cine.times_s == pytest.approx([0, 0.2, 0.5, 0.7])


def test_the_first_submitted_is_first(deployment: Deployment) -> None:
    young = asked(deployment, still())
    old = contribute(
        deployment, still(), previews_state="queued", created_at=utc_now() - timedelta(hours=1)
    )
    make_previews.run(str(young))
    assert (row(deployment, old).previews_state, row(deployment, young).previews_state) == (
        "done",
        "queued",
    )


def test_nothing_waits(deployment: Deployment) -> None:
    make_previews.run("whoever")


@pytest.mark.parametrize("state", ["draft", "withdrawn", "rejected"])
def test_what_nobody_reviews_is_left_alone(deployment: Deployment, state: str) -> None:
    contribution = contribute(deployment, still(), previews_state="queued", state=state)
    make_previews.run(str(contribution))
    assert row(deployment, contribution).previews_state == "queued"
    assert not any(key.startswith("review/") for key in kept(deployment, contribution))


def test_other_bytes_than_were_uploaded_are_refused(deployment: Deployment) -> None:
    contribution = asked(deployment, still())
    key = row(deployment, contribution).original_key
    assert key is not None
    deployment.storage.put_bytes(key, still(80))
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert found.previews_state == "failed"
    assert found.previews_error is not None
    assert "damaged" in found.previews_error
    assert actions(deployment, contribution) == ["reviews.preparation_failed"]


@pytest.mark.parametrize("step", ["write_full_frame", "write_square"])
def test_what_an_ingest_could_not_read_is_not_prepared(
    deployment: Deployment, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = asked(deployment, media_files.gif())

    def unreadable(*_: object) -> None:
        raise MediaError("unreadable_file", "Its last picture cannot be read.")

    monkeypatch.setattr(reencode, step, unreadable)
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert (found.previews_state, found.previews_error) == (
        "failed",
        "Its last picture cannot be read.",
    )
    assert found.cine is None
    assert incoming(deployment) == []


def test_bytes_that_are_gone_are_told(deployment: Deployment) -> None:
    contribution = asked(deployment, still())
    key = row(deployment, contribution).original_key
    assert key is not None
    deployment.storage.delete(key)
    make_previews.run(str(contribution))
    assert row(deployment, contribution).previews_state == "failed"


def test_a_storage_that_is_away_leaves_it_queued(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = asked(deployment, still())

    def away(*_: object) -> None:
        raise StorageUnreachableError("The storage cannot be used now.")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStorage, "put_bytes", away)
        make_previews(str(contribution))
    assert row(deployment, contribution).previews_state == "queued"
    change(deployment, contribution, previews_due_at=None)
    make_previews.run(str(contribution))
    assert row(deployment, contribution).previews_state == "done"


def test_one_withdrawn_meanwhile_keeps_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = asked(deployment, clip(3))
    real = FolderStorage.put_bytes

    def withdraw_first(storage: FolderStorage, key: str, content: bytes) -> None:
        change(deployment, contribution, state="withdrawn")
        real(storage, key, content)

    monkeypatch.setattr(FolderStorage, "put_bytes", withdraw_first)
    make_previews.run(str(contribution))
    assert row(deployment, contribution).cine is None
    maintain()
    assert kept(deployment, contribution) == {}


def test_what_is_opened_again_is_prepared_from_its_copy(deployment: Deployment) -> None:
    contribution = asked(deployment, media_files.gif(frames=6))
    make_previews.run(str(contribution))
    answered = row(deployment, contribution).model_answer
    decide(deployment, contribution)
    deidentify.run(str(contribution))
    change(deployment, contribution, state="pending", previews_state="queued", cine=None)
    assert row(deployment, contribution).original_key is None
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert found.cine is not None
    assert len(found.cine.times_s) == 6
    assert found.model_answer == answered


class Signed(StandIn):
    """Answers with a sign network's maps."""

    version = "signed"

    def evidence(self, frames: Any) -> Evidence:
        maps = np.full((len(frames), 14, 14, len(SIGN_MAPS)), 0.6, dtype=np.float32)
        cams = np.ones((len(frames), len(CLASSES), 14, 14), dtype=np.float32)
        signs = Signs(maps, np.full((len(frames), 8), 0.5, dtype=np.float32))
        return Evidence(self.scores(frames), signs, cams)


def test_maps_are_stored_of_each_sampled_frame(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor, "load", Signed)
    contribution = asked(deployment, clip(5))
    make_previews.run(str(contribution))
    found = row(deployment, contribution)
    assert found.model_answer is not None
    stored = [key for key in kept(deployment, contribution) if key.endswith("-signs.png")]
    count = len(found.model_answer.frames)
    assert sorted(stored) == [f"review//{n}-signs.png" for n in range(count)]
    maps = overlay.decode(kept(deployment, contribution)[stored[0]])
    assert (maps[: len(SIGN_MAPS)] == 153).all()
    assert (maps[len(SIGN_MAPS) :] == 255).all()


@pytest.mark.parametrize(("version", "stored"), [("signed", True), ("another", False)])
def test_maps_are_made_again_by_the_models_whose_answer_it_is(
    version: str, stored: bool, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor, "load", Signed)
    contribution = asked(deployment, still())
    make_previews.run(str(contribution))
    answered = row(deployment, contribution).model_answer
    deployment.storage.delete_folder(f"review/{contribution}")
    change(deployment, contribution, previews_state="queued", cine=None)
    monkeypatch.setattr(Signed, "version", version)
    make_previews.run(str(contribution))
    assert row(deployment, contribution).model_answer == answered
    assert ("review//0-signs.png" in kept(deployment, contribution)) is stored


def test_models_without_signs_have_no_maps(deployment: Deployment) -> None:
    contribution = asked(deployment, still())
    make_previews.run(str(contribution))
    assert not any(key.endswith("-signs.png") for key in kept(deployment, contribution))
