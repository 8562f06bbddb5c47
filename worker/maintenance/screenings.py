"""Maintenance of screenings and sessions: lost work is queued again, what is past its time goes."""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog

from backend.accounts import repository as accounts
from backend.core.db import utc_now
from backend.jobs import duties, workers
from backend.jobs.kinds import SCREENING
from backend.recordings import repository as recordings
from backend.screenings import repository as screenings
from backend.storage.base import StoredObject
from backend.storage.keys import frames_folder
from backend.tables import Recording
from worker import process
from worker.maintenance.duties import (
    ORPHANED_AFTER,
    delete_objects,
    duty,
    for_each,
    postponed,
    requeue,
)
from worker.task import reading, transaction

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(minutes=10)
"""A worker that was silent for so long is not coming back under that name."""

CHUNK = 500

_FRAME = re.compile(
    r"frames/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/\d+(?:\.jpg|-signs\.png)"
)


@duty("forget-workers")
def forget_workers() -> None:
    """Forget workers that were killed, and what no duty goes around any more."""
    with transaction() as session:
        workers.forget_silent_workers(session, utc_now(), FORGOTTEN_AFTER)
        duties.forget_postponed(session, utc_now() - timedelta(days=1))


@duty("forget-sign-ins")
def forget_sign_ins() -> None:
    """Forget sessions and links that have ended."""
    with transaction() as session:
        idle = timedelta(hours=process.current().settings.session_idle_hours)
        accounts.delete_expired(session, utc_now(), idle)


@duty("requeue-screenings")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    requeue("requeue-screenings", SCREENING)


@duty("delete-expired")
def delete_expired() -> None:
    """Delete the pixels of recordings past their time: original, preview, frames and their maps.

    The bytes go first and the note in the row last, so that a worker killed in between, or a
    storage that is away, leaves the work to the next turn.
    """
    later = {UUID(subject) for subject in postponed("delete-expired")}
    with reading() as session:
        expired = {
            recording.id: recording for recording in recordings.expired(session, utc_now(), later)
        }
    for_each("delete-expired", expired, lambda recording_id: _delete_pixels(expired[recording_id]))


def _delete_pixels(recording: Recording) -> None:
    storage = process.current().storage
    storage.delete(recording.storage_key)
    storage.delete(recording.preview_key)
    for screening in recording.screenings:
        storage.delete_folder(frames_folder(screening.id))
    with transaction() as session:
        recordings.mark_pixels_deleted(session, recording.id, utc_now())
    log.info("pixels_deleted", recording=str(recording.id))


@duty("sweep-recordings", hourly=True)
def sweep_recordings() -> int:
    """Delete bytes that no row answers for: what a killed upload, worker or deletion left."""
    orphans = [*_orphans("recordings"), *_orphans("previews")]
    return delete_objects("sweep-recordings", orphans)


@duty("sweep-frames", hourly=True)
def sweep_frames() -> int:
    """Delete frames, and maps over them, that no screening answers for."""
    storage = process.current().storage
    folders = [frames_folder(frame) for frame in _owners_of_orphaned_frames()]
    return for_each("sweep-frames", folders, storage.delete_folder)


def _old(folder: str) -> Iterator[StoredObject]:
    before = utc_now() - ORPHANED_AFTER
    return (
        stored
        for stored in process.current().storage.listing(folder)
        if stored.modified_at < before
    )


def _orphans(folder: str) -> Iterator[str]:
    """Keys of old recordings or previews without a row that has its pixels."""
    keys = (stored.key for stored in _old(folder))
    while chunk := list(itertools.islice(keys, CHUNK)):
        with reading() as session:
            yield from set(chunk) - recordings.known_keys(session, chunk)


def _owners_of_orphaned_frames() -> set[UUID]:
    """Ids of screenings that are gone, or whose pixels are, while old frames of theirs lie here."""
    unknown: set[UUID] = set()
    objects = _old("frames")
    while chunk := list(itertools.islice(objects, CHUNK)):
        owners = {UUID(match[1]) for stored in chunk if (match := _FRAME.fullmatch(stored.key))}
        with reading() as session:
            unknown |= owners - screenings.known_ids(session, owners)
    return unknown
