"""The periodic tasks: put lost screenings back, delete pixels past their time, sweep up."""

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog

from backend.accounts import repository as accounts
from backend.db import now
from backend.errors import PocovidError
from backend.health import repository as health
from backend.jobs import SCREEN, UPKEEP, send
from backend.recordings import repository as recordings
from backend.screenings import repository as screenings
from backend.storage import Stored, frames_folder
from backend.tables import Recording
from worker import arrivals_upkeep, contributions_upkeep, process, release, training
from worker.checks import task as checks
from worker.task import reading, task, transaction

log = structlog.get_logger(__name__)

SWEEP = "worker.upkeep.sweep"

ORPHANED_AFTER = timedelta(hours=1)
"""Bytes without a row are left alone for so long: their upload may still be under way."""

FORGOTTEN_AFTER = timedelta(minutes=10)
"""A worker that was silent for so long is not coming back under that name."""

CHUNK = 500

_FRAME = re.compile(r"frames/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/\d+\.jpg")


@task(UPKEEP, is_job=False)
def upkeep() -> None:
    """Put lost work back, delete pixels past their time, forget what has ended."""
    put_back()
    release.put_back()
    training.put_back()
    checks.requeue_expired()
    delete_expired()
    arrivals_upkeep.put_back()
    arrivals_upkeep.delete_unfinished()
    arrivals_upkeep.delete_forgotten()
    contributions_upkeep.put_back()
    contributions_upkeep.delete_unwanted()
    contributions_upkeep.delete_originals()
    with transaction() as session:
        health.forget_silent_workers(session, now(), FORGOTTEN_AFTER)
        idle = timedelta(hours=process.current().settings.session_idle_hours)
        accounts.forget_ended(session, now(), idle)


def put_back() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    mine = process.current()
    with transaction() as session:
        found = screenings.put_back(
            session,
            now(),
            timedelta(seconds=mine.settings.stale_after_s),
            mine.settings.max_attempts,
        )
    for screening_id in found.nudge:
        send(mine.celery, SCREEN, str(screening_id))
    if found.nudge or found.given_up:
        log.info("screenings_put_back", nudged=len(found.nudge), given_up=len(found.given_up))


def delete_expired() -> None:
    """Delete the pixels of recordings past their time: original, preview and frames.

    The bytes go first and the note in the row last, so that a worker killed in between, or a
    storage that is away, leaves the work to the next turn.
    """
    with reading() as session:
        expired = recordings.expired(session, now())
    for recording in expired:
        try:
            _delete_pixels(recording)
        except PocovidError:
            log.exception("pixels_not_deleted", recording=str(recording.id))


def _delete_pixels(recording: Recording) -> None:
    storage = process.current().storage
    storage.delete(recording.storage_key)
    storage.delete(recording.preview_key)
    for screening in recording.screenings:
        storage.delete_folder(frames_folder(screening.id))
    with transaction() as session:
        recordings.mark_pixels_deleted(session, recording.id, now())
    log.info("pixels_deleted", recording=str(recording.id))


@task(SWEEP, is_job=False)
def sweep() -> None:
    """Delete bytes that no row answers for: what a killed upload, worker or deletion left."""
    storage = process.current().storage
    orphans = [*_orphans("recordings"), *_orphans("previews")]
    for key in orphans:
        storage.delete(key)
    strangers = _owners_of_orphaned_frames()
    for screening_id in strangers:
        storage.delete_folder(frames_folder(screening_id))
    contributions = contributions_upkeep.sweep(now() - ORPHANED_AFTER)
    arrivals = arrivals_upkeep.sweep(now() - ORPHANED_AFTER)
    releases = release.sweep(now() - ORPHANED_AFTER)
    trainings = training.sweep(now() - ORPHANED_AFTER)
    log.info(
        "swept",
        uploads=len(orphans),
        screenings=len(strangers),
        contributions=contributions,
        arrivals=arrivals,
        releases=releases,
        trainings=trainings,
    )


def _old(folder: str) -> Iterator[Stored]:
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
