"""Maintenance of contributions: requeue lost jobs, delete bytes that must not be kept."""

import itertools
import re
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.jobs.kinds import DEIDENTIFICATION, PREVIEWS
from backend.jobs.leases import JobKind
from backend.reviews import repository
from backend.reviews.decisions import reopen
from backend.storage.base import delete_after_commit
from backend.storage.keys import dataset_folder, deidentified_key, published_folder, review_folder
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState
from models.media import reencode
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

MOST_AT_ONCE = 200
"""Contributions whose bytes are deleted in one run, so that no run takes long."""

CHUNK = 500

_INTERRUPTED = {
    PREVIEWS.name: "reviews.preparation_interrupted",
    DEIDENTIFICATION.name: "contributions.deidentification_interrupted",
}
"""What the audit log calls a job that lost too many workers."""

_FOLDERS = ("review", "dataset", "wholes")
_OWNER = re.compile(r"[a-z]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[./].+")


@duty("requeue-contributions")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    for kind in (PREVIEWS, DEIDENTIFICATION):
        requeue("requeue-contributions", kind, given_up=partial(_given_up, kind))


def _given_up(kind: JobKind[Contribution], session: Session, contribution_id: UUID) -> None:
    audit.record(session, None, _INTERRUPTED[kind.name], "contribution", contribution_id)
    if kind is DEIDENTIFICATION:
        back_to_reviewers(session, contribution_id)


def back_to_reviewers(session: Session, contribution_id: UUID) -> None:
    """Open a new round for what was approved and could not be de-identified; reviewers see why."""
    row = repository.lock(session, contribution_id)
    if row is not None:
        reopen(session, None, row, utc_now())


@duty("delete-unwanted")
def delete_unwanted() -> None:
    """Delete every byte of what was withdrawn, or rejected and is past its time for an undo.

    Nobody takes these up again, so the bytes go first: whoever is killed in between leaves a row
    to find.
    """
    later = {UUID(subject) for subject in postponed("delete-unwanted")}
    with reading() as session:
        found = repository.expired(session, utc_now(), _kept_for(), later, MOST_AT_ONCE)
    for_each("delete-unwanted", found, _forget_all)


@duty("delete-originals")
def delete_originals() -> None:
    """Delete what approved contributions need no longer, now that they are de-identified.

    Their verdict may be taken back at this moment, so the rows forget first, and the bytes go with
    the commit. What is left by a kill, or a storage that is away, is found by the sweep.
    """
    for _ in range(MOST_AT_ONCE):
        with transaction() as session:
            row = repository.lock_next_deidentified(session, utc_now(), _kept_for())
            if row is None:
                return
            _forget_original(session, row)
            audit.record(session, None, "contributions.bytes_deleted", "contribution", row.id)


def _kept_for() -> timedelta:
    return timedelta(hours=process.current().settings.undo_hours)


def delete_made(contribution_id: UUID) -> None:
    """Delete every byte that a worker has made of a contribution."""
    storage = process.current().storage
    for suffix in reencode.SUFFIXES:
        storage.delete(deidentified_key(contribution_id, suffix))
    storage.delete_folder(review_folder(contribution_id))
    storage.delete_folder(dataset_folder(contribution_id))


def _forget_all(contribution_id: UUID) -> None:
    storage = process.current().storage
    with reading() as session:
        row = repository.lock_expired(session, contribution_id, utc_now(), _kept_for())
    if row is None:
        return
    for key in (row.original_key, row.preview_key):
        if key is not None:
            storage.delete(key)
    delete_made(row.id)
    storage.delete_folder(published_folder(row.id))
    with transaction() as session:
        row = repository.lock_expired(session, contribution_id, utc_now(), _kept_for())
        if row is None:
            return
        row.original_key = row.preview_key = row.deidentified_key = row.pixels_key = None
        row.pixels_sha256 = row.cine = row.previews_state = row.deidentify_state = None
        row.dataset_frames = 0
        row.previews_attempt += 1  # whoever is at work on it has lost it
        row.deidentify_attempt += 1
        if row.state == ContributionState.WITHDRAWN:
            row.pixels_deleted_at = utc_now()
        audit.record(session, None, "contributions.bytes_deleted", "contribution", row.id)


def _forget_original(session: Session, row: Contribution) -> None:
    delete_after_commit(session, row.original_key)
    row.original_key = None
    if row.decided_at is None or row.decided_at < utc_now() - _kept_for():
        delete_after_commit(session, folders=[review_folder(row.id)])
        row.cine = row.previews_state = None
        row.previews_attempt += (
            1  # who prepares it still has lost it; the sweep finds what they made
        )


@duty("sweep-contributions", hourly=True)
def sweep_contributions() -> int:
    """Delete objects that belong to no contribution (see `sweep`)."""
    return sweep(utc_now() - ORPHANED_AFTER)


def sweep(before: datetime) -> int:
    """Delete objects of no contribution, last written before `before`; returns how many owners."""
    orphans = 0
    for folder in _FOLDERS:
        unknown: dict[UUID, list[str]] = {}
        objects = iter(process.current().storage.listing(folder))
        while chunk := list(itertools.islice(objects, CHUNK)):
            old: dict[UUID, list[str]] = {}
            for stored in chunk:
                match = _OWNER.fullmatch(stored.key)
                if match and stored.modified_at < before:
                    old.setdefault(UUID(match[1]), []).append(stored.key)
            with reading() as session:
                known = repository.owners(session, folder, old.keys())
            for owner in old.keys() - known:
                unknown.setdefault(owner, []).extend(old[owner])
        for keys in unknown.values():
            delete_objects("sweep-contributions", sorted(keys))
        orphans += len(unknown)
    return orphans
