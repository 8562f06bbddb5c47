"""Maintenance of contributions: lost work is queued again, bytes that are not to stay go."""

import itertools
import re
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import now
from backend.jobs.kinds import DEIDENTIFICATION, PREVIEWS
from backend.jobs.leases import JobKind
from backend.reviews import repository
from backend.reviews.decisions import reopen
from backend.storage.base import delete_after_commit
from backend.storage.keys import dataset_folder, published_folder, review_folder, whole_key
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
"""Contributions whose bytes go in one turn, so that no turn lasts."""

CHUNK = 500

_FOLDERS = ("review", "dataset", "wholes")
_OWNER = re.compile(r"[a-z]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[./].+")


@duty("requeue-contributions")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    for kind in (PREVIEWS, DEIDENTIFICATION):
        requeue("requeue-contributions", kind, given_up=partial(_given_up, kind))


def _given_up(kind: JobKind[Contribution], session: Session, contribution_id: UUID) -> None:
    action = f"{kind.prefix.rstrip('_')}.given_up"
    audit.record(session, None, action, "contribution", contribution_id)
    if kind is DEIDENTIFICATION:
        back_to_reviewers(session, contribution_id)


def back_to_reviewers(session: Session, contribution_id: UUID) -> None:
    """Open a new round for what was approved and could not be ingested: they see why."""
    row = repository.lock(session, contribution_id)
    if row is not None:
        reopen(session, None, row, now())


@duty("delete-unwanted")
def delete_unwanted() -> None:
    """Delete every byte of what was withdrawn, or rejected and is past its time for an undo.

    Nobody takes these up again, so the bytes go first: whoever is killed in between leaves a row
    to find.
    """
    later = {UUID(each) for each in postponed("delete-unwanted")}
    with reading() as session:
        found = repository.expired(session, now(), _kept_for(), later, MOST_AT_ONCE)
    for_each("delete-unwanted", found, _forget_all)


@duty("delete-originals")
def delete_originals() -> None:
    """Delete what approved contributions need no longer, now that they are ingested.

    Their verdict may be taken back at this moment, so the rows forget first, and the bytes go with
    the commit. What is left by a kill, or a storage that is away, is found by the sweep.
    """
    for _ in range(MOST_AT_ONCE):
        with transaction() as session:
            row = repository.lock_next_deidentified(session, now(), _kept_for())
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
        storage.delete(whole_key(contribution_id, suffix))
    storage.delete_folder(review_folder(contribution_id))
    storage.delete_folder(dataset_folder(contribution_id))


def _forget_all(contribution_id: UUID) -> None:
    storage = process.current().storage
    with reading() as session:
        row = repository.lock_expired(session, contribution_id, now(), _kept_for())
    if row is None:
        return
    for key in (row.original_key, row.preview_key):
        if key is not None:
            storage.delete(key)
    delete_made(row.id)
    storage.delete_folder(published_folder(row.id))
    with transaction() as session:
        row = repository.lock_expired(session, contribution_id, now(), _kept_for())
        if row is None:
            return
        row.original_key = row.preview_key = row.whole_key = row.pixels_key = None
        row.pixels_sha256 = row.cine = row.prep_state = row.ingest_state = None
        row.dataset_frames = 0
        row.prep_attempt += 1  # whoever is at work on it has lost it
        row.ingest_attempt += 1
        if row.state == ContributionState.WITHDRAWN.value:
            row.pixels_deleted_at = now()
        audit.record(session, None, "contributions.bytes_deleted", "contribution", row.id)


def _forget_original(session: Session, row: Contribution) -> None:
    delete_after_commit(session, row.original_key)
    row.original_key = None
    if row.decided_at is None or row.decided_at < now() - _kept_for():
        delete_after_commit(session, folders=[review_folder(row.id)])
        row.cine = row.prep_state = None
        row.prep_attempt += 1  # who prepares it still has lost it; the sweep finds what they made


@duty("sweep-contributions", hourly=True)
def sweep_contributions() -> int:
    """Delete what no contribution answers for (see `sweep`)."""
    return sweep(now() - ORPHANED_AFTER)


def sweep(before: datetime) -> int:
    """Delete what no contribution answers for and nobody wrote since `before`; how many had it."""
    storage = process.current().storage
    strangers = 0
    for folder in _FOLDERS:
        old: dict[UUID, set[str]] = {}
        for each in storage.listing(folder):
            match = _OWNER.fullmatch(each.key)
            if match and each.modified_at < before:
                old.setdefault(UUID(match[1]), set()).add(each.key)
        ids = iter(old)
        while chunk := set(itertools.islice(ids, CHUNK)):
            with reading() as session:
                known = repository.owners(session, folder, chunk)
            for owner in chunk - known:
                delete_objects("sweep-contributions", sorted(old[owner]))
                strangers += 1
    return strangers
