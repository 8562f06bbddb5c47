"""Maintenance of screenings and sessions: lost work is queued again, what is past its time goes."""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog

from backend.accounts import repository as accounts
from backend.core.db import now
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

_FRAME = re.compile(r"frames/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/\d+\.jpg")


@duty("forget-workers")
def forget_workers() -> None:
    """Forget workers that were killed, and what no duty goes around any more."""
    with transaction() as session:
        workers.forget_silent_workers(session, now(), FORGOTTEN_AFTER)
        duties.forget_postponed(session, now() - timedelta(days=1))


@duty("forget-sign-ins")
def forget_sign_ins() -> None:
    """Forget sessions and links that have ended."""
    with transaction() as session:
        idle = timedelta(hours=process.current().settings.session_idle_hours)
        accounts.delete_expired(session, now(), idle)


@duty("requeue-screenings")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    requeue("requeue-screenings", SCREENING)


@duty("delete-expired")
def delete_expired() -> None:
    """Delete the pixels of recordings past their time: original, preview and frames.

    The bytes go first and the note in the row last, so that a worker killed in between, or a
    storage that is away, leaves the work to the next turn.
    """
    later = {UUID(each) for each in postponed("delete-expired")}
    with reading() as session:
        expired = {each.id: each for each in recordings.expired(session, now(), later)}
    for_each("delete-expired", expired, lambda recording_id: _delete_pixels(expired[recording_id]))


def _delete_pixels(recording: Recording) -> None:
    storage = process.current().storage
    storage.delete(recording.storage_key)
    storage.delete(recording.preview_key)
    for screening in recording.screenings:
        storage.delete_folder(frames_folder(screening.id))
    with transaction() as session:
        recordings.mark_pixels_deleted(session, recording.id, now())
    log.info("pixels_deleted", recording=str(recording.id))


@duty("sweep-recordings", hourly=True)
def sweep_recordings() -> int:
    """Delete bytes that no row answers for: what a killed upload, worker or deletion left."""
    orphans = [*_orphans("recordings"), *_orphans("previews")]
    return delete_objects("sweep-recordings", orphans)


@duty("sweep-frames", hourly=True)
def sweep_frames() -> int:
    """Delete frames that no screening answers for."""
    storage = process.current().storage
    folders = [frames_folder(each) for each in _owners_of_orphaned_frames()]
    return for_each("sweep-frames", folders, storage.delete_folder)


def _old(folder: str) -> Iterator[StoredObject]:
    before = now() - ORPHANED_AFTER
    return (each for each in process.current().storage.listing(folder) if each.modified_at < before)


def _orphans(folder: str) -> Iterator[str]:
    """Keys of old recordings or previews without a row that has its pixels."""
    keys = (each.key for each in _old(folder))
    while chunk := list(itertools.islice(keys, CHUNK)):
        with reading() as session:
            yield from set(chunk) - recordings.known_keys(session, chunk)


def _owners_of_orphaned_frames() -> set[UUID]:
    """Ids of screenings that are gone, or whose pixels are, while old frames of theirs lie here."""
    owners = {UUID(match[1]) for each in _old("frames") if (match := _FRAME.fullmatch(each.key))}
    known: set[UUID] = set()
    ids = iter(owners)
    while chunk := set(itertools.islice(ids, CHUNK)):
        with reading() as session:
            known |= screenings.known_ids(session, chunk)
    return owners - known
