"""Screenings, their recordings, and answers that were delivered to a DICOM peer."""

import hashlib
from datetime import timedelta
from typing import Any

from backend.storage import keys
from backend.tables import Status
from backend.tables.vocabulary import JobState
from scripts.bench.growth.seeding.context import DAYS, SAMPLE, Context

AT_ONCE = 10_000
"""Whose rows are made and inserted together."""

WAITING = 150
WITH_PIXELS = 300
UNDELIVERED = 10
"""One in so many of the answers whose recording has pixels waits for its delivery."""


def seed(context: Context) -> None:
    """Insert screenings that are done, that run and that wait, with recordings and deliveries."""
    clients = [f"{context.random.getrandbits(128):032x}" for _ in range(max(8, context.size // 20))]
    waiting = min(WAITING, context.size // 3)
    for start in range(0, context.size, AT_ONCE):
        recordings: list[dict[str, Any]] = []
        screenings: list[dict[str, Any]] = []
        deliveries: list[dict[str, Any]] = []
        for place in range(start, min(start + AT_ONCE, context.size)):
            left = context.size - place
            recording, screening = _screening(context, clients, left, waiting)
            recordings.append(recording)
            screenings.append(screening)
            if screening["state"] == Status.DONE:
                deliveries.append(_delivery(context, screening, left))
        context.insert("recordings", recordings)
        context.insert("screenings", screenings)
        context.insert("dicom_deliveries", deliveries)


def _screening(
    context: Context, clients: list[str], left: int, waiting: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    id_, recording = context.id(), context.id()
    sha256 = hashlib.sha256(recording.bytes).hexdigest()
    waits, runs = left <= waiting, waiting < left <= waiting + 2
    fresh = left <= WITH_PIXELS
    # One every few minutes until now; what has its pixels is of the last minutes.
    at = context.ago(seconds=left) if fresh else context.ago(days=2 + DAYS * left / context.size)
    done = not waits and not runs
    started = None if waits else at + timedelta(seconds=1)
    row: dict[str, Any] = {
        "id": recording,
        "sha256": sha256,
        "storage_key": keys.recording_key(sha256, recording),
        "preview_key": keys.preview_key(recording),
        "bytes": 400_000,
        "kind": "video",
        "format": "mp4",
        "media_type": "video/mp4",
        "width": 800,
        "height": 600,
        "duration_s": 2.0,
        "frames": 50,
        "sampled_frames": 5,
        "square_x": 100,
        "square_y": 0,
        "square_size": 600,
        "created_at": at,
        "expires_at": at + timedelta(days=1),
        "pixels_deleted_at": None if fresh else at + timedelta(days=1),
    }
    screening = {
        "id": id_,
        "recording_id": recording,
        "client": context.random.choice(clients[-50:] if waits else clients),
        "crop_x": 100,
        "crop_y": 0,
        "crop_size": 600,
        "state": Status.DONE if done else Status.RUNNING if runs else Status.QUEUED,
        "attempt": int(not waits),
        "done": 5 if done else 0,
        "total": 5,
        "created_at": at,
        "queued_at": at,
        "notified_at": context.later,
        "heartbeat_at": None if waits else context.later,
        "claimed_at": started,
        "started_at": started,
        "finished_at": at + timedelta(seconds=2) if done else None,
        "result": context.clip if done else None,
        "model_version": "pocovidnet-test" if done else None,
    }
    if waits:
        context.made.waiting_screening = id_
    elif done:
        context.made.done_screening, context.made.recording = id_, recording
    if fresh and len(context.made.stored) < 6 * SAMPLE:
        context.made.stored += [row["storage_key"], row["preview_key"], keys.frame_key(id_, 0)]
    return row, screening


def _delivery(context: Context, screening: dict[str, Any], left: int) -> dict[str, Any]:
    waits = left <= WITH_PIXELS and left % UNDELIVERED == 0
    return {
        "id": context.id(),
        "screening_id": screening["id"],
        "peer": "pacs",
        "created_at": screening["finished_at"],
        "queued_at": screening["finished_at"],
        "finished_at": None if waits else screening["finished_at"] + timedelta(seconds=1),
        "tries": int(not waits),
        "state": JobState.QUEUED if waits else JobState.DONE,
        "attempt": int(not waits),
        "notified_at": context.later,
    }
