"""Ingest: the approved part of a recording as pixels alone, the same however often it is begun."""

import hashlib
import io
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from backend.core.db import utc_now
from models.contract import Square
from models.media.sampling import Recording
from tests import media_files
from tests.worker.contributing import (
    actions,
    change,
    contribute,
    decide,
    incoming,
    kept,
    row,
)
from tests.worker.deployment import Deployment, maintain, still
from worker.contributions.deidentify import deidentify
from worker.maintenance.contributions import requeue_expired
from worker.maintenance.uploads import sweep

KILLED_WORKER = Path(__file__).parents[1] / "killed_worker.py"
HALF: dict[str, object] = {
    "square": {"x": 20, "y": 4, "size": 48},
    "trim_start_s": 0.4,
    "trim_end_s": 1.4,
}


def approved(deployment: Deployment, content: bytes, **verdict: object) -> UUID:
    """A contribution that was approved and waits for its ingest."""
    contribution = contribute(deployment, content)
    decide(deployment, contribution, **verdict)
    return contribution


def opened(folder: Path, content: bytes) -> Recording:
    return Recording.open(media_files.write(folder, hashlib.sha256(content).hexdigest(), content))


def test_a_clip_becomes_its_part_on_its_square(deployment: Deployment, tmp_path: Path) -> None:
    content = media_files.gif(frames=10, frame_ms=200)
    contribution = approved(deployment, content, **HALF)
    deidentify.run(str(contribution))

    found = row(deployment, contribution)
    assert (found.deidentify_state, found.deidentify_error) == ("done", None)
    bytes_of = kept(deployment, contribution)
    pixels = bytes_of["dataset//pixels.mp4"]
    assert found.pixels_key == f"dataset/{contribution}/pixels.mp4"
    assert found.pixels_sha256 == hashlib.sha256(pixels).hexdigest()
    recording = opened(tmp_path, pixels)
    assert recording.source.times_s == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0], abs=1e-3)
    assert recording.still().shape == (48, 48, 3)

    part = opened(tmp_path, content).trimmed(0.4, 1.4)
    expected = [frame.pixels for frame in part.frames(Square(20, 4, 48))]
    frames = [bytes_of[f"dataset//{n}.png"] for n in range(found.dataset_frames)]
    assert len(expected) == len(frames) == 4
    for png, wanted in zip(frames, expected, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")), wanted)
    assert opened(tmp_path, bytes_of["wholes/.mp4"]).still().shape == (64, 96, 3)
    assert actions(deployment, contribution)[-2:] == [
        "contributions.deidentified",
        "contributions.bytes_deleted",
    ]


def test_a_picture_becomes_a_png(deployment: Deployment, tmp_path: Path) -> None:
    content = media_files.image("JPEG")
    contribution = approved(deployment, content, square={"x": 1, "y": 2, "size": 45})
    deidentify.run(str(contribution))
    found = row(deployment, contribution)
    assert (found.pixels_key, found.dataset_frames) == (f"dataset/{contribution}/pixels.png", 1)
    shown = opened(tmp_path, kept(deployment, contribution)["dataset//pixels.png"]).still()
    assert np.array_equal(shown, opened(tmp_path, content).still()[2:47, 1:46])


def test_the_original_goes_and_the_previews_stay(deployment: Deployment) -> None:
    contribution = approved(deployment, still())
    deidentify.run(str(contribution))
    assert row(deployment, contribution).original_key is None
    kinds = {key.split("/")[0] for key in kept(deployment, contribution)}
    assert kinds == {"contribution-previews", "wholes", "dataset"}
    assert incoming(deployment) == []


def test_what_fails_keeps_the_original_and_says_why(deployment: Deployment) -> None:
    contribution = approved(deployment, media_files.gif(), trim_start_s=50.0)
    deidentify.run(str(contribution))
    found = row(deployment, contribution)
    assert found.deidentify_state == "failed"
    assert found.deidentify_error is not None
    assert "No frame is shown" in found.deidentify_error
    assert found.original_key is not None
    assert found.pixels_key is None
    assert actions(deployment, contribution)[-2:] == [
        "contributions.deidentification_failed",
        "reviews.reopened",
    ]
    assert (found.state, found.review_round) == ("pending", 2)
    assert incoming(deployment) == []


def test_what_failed_is_ingested_once_it_is_approved_otherwise(deployment: Deployment) -> None:
    contribution = approved(deployment, media_files.gif(), trim_start_s=50.0)
    deidentify.run(str(contribution))
    decide(deployment, contribution)
    deidentify.run(str(contribution))
    found = row(deployment, contribution)
    assert (found.state, found.deidentify_state, found.deidentify_error) == (
        "approved",
        "done",
        None,
    )


def test_one_taken_back_meanwhile_writes_nothing_into_the_row(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = approved(deployment, still())
    monkeypatch.setattr(
        "models.media.reencode.write_square",
        lambda *_: change(deployment, contribution, state="pending", deidentify_state=None),
    )
    deidentify.run(str(contribution))
    found = row(deployment, contribution)
    assert (found.deidentify_state, found.pixels_key) == (None, None)
    assert found.original_key is not None


def test_one_withdrawn_meanwhile_leaves_no_byte(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    contribution = approved(deployment, still())
    from models.media import reencode

    real = reencode.write_square

    def withdraw(recording: Recording, square: Square, path: Path) -> None:
        change(deployment, contribution, state="withdrawn")
        maintain()
        real(recording, square, path)

    monkeypatch.setattr(reencode, "write_square", withdraw)
    deidentify.run(str(contribution))
    assert kept(deployment, contribution) == {}
    assert row(deployment, contribution).pixels_deleted_at is not None


def test_another_square_replaces_every_frame(deployment: Deployment) -> None:
    contribution = approved(deployment, media_files.gif(frames=10, frame_ms=200))
    deidentify.run(str(contribution))
    before = row(deployment, contribution).dataset_frames
    change(deployment, contribution, state="pending", review_round=2, final_label=None)
    decide(deployment, contribution, **HALF)
    deidentify.run(str(contribution))
    found = row(deployment, contribution)
    frames = [key for key in kept(deployment, contribution) if key.endswith(".png")]
    assert found.dataset_frames == len(frames) < before
    assert found.deidentify_state == "done"


def _die(deployment: Deployment, point: int) -> int:
    """Run the ingest in a process of its own that dies; its exit status."""
    return subprocess.run(
        [sys.executable, str(KILLED_WORKER), str(point)],
        env={**os.environ, **deployment.environment},
        start_new_session=True,
        timeout=120,
        check=False,
    ).returncode


@pytest.mark.timeout(900)
def test_killed_anywhere_it_ends_the_same(deployment: Deployment) -> None:
    content = media_files.gif(frames=10, frame_ms=200)
    reference = approved(deployment, content, **HALF)
    deidentify.run(str(reference))
    expected = kept(deployment, reference)
    wanted = row(deployment, reference)
    # the copy; the folder emptied; pixels; four frames; the original's end
    for point in range(1, 9):
        contribution = approved(deployment, content, **HALF)
        original = row(deployment, contribution).original_key
        assert original is not None
        (deployment.settings.data_dir / "died").unlink(missing_ok=True)
        assert _die(deployment, point) == -signal.SIGKILL, point
        is_ingested = row(deployment, contribution).deidentify_state == "done"
        assert row(deployment, contribution).original_key == (None if is_ingested else original)
        assert deployment.storage.exists(original)

        change(deployment, contribution, deidentify_heartbeat_at=utc_now() - timedelta(minutes=5))
        requeue_expired()
        deidentify.run(str(contribution))

        found = row(deployment, contribution)
        for column in ("deidentify_state", "pixels_sha256", "dataset_frames", "final_label"):
            assert getattr(found, column) == getattr(wanted, column), (point, column)
        maintain()
        sweep(utc_now() + timedelta(seconds=1))
        assert kept(deployment, contribution) == expected, point
        assert row(deployment, contribution).original_key is None
        assert actions(deployment, contribution).count("contributions.deidentified") == 1
