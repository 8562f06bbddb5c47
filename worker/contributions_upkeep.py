"""Upkeep of contributions: lost work is put back, bytes that are not to stay go."""

import itertools
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend import audit
from backend.db import now
from backend.errors import PocovidError
from backend.jobs import send
from backend.reviews import lanes, repository
from backend.reviews.settlement import reopen
from backend.storage import dataset_folder, published_folder, review_folder, whole_key
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState
from models import reencode
from worker import process
from worker.task import reading, transaction

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 200
"""Contributions whose bytes go in one turn, so that no turn lasts."""

CHUNK = 500

_FOLDERS = ("review", "dataset", "wholes")
_OWNER = re.compile(r"[a-z]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[./].+")

Find = Callable[[Session, datetime, timedelta], Contribution | None]


def put_back() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    mine = process.current()
    stale_after = timedelta(seconds=mine.settings.stale_after_s)
    for lane in (lanes.PREPARATION, lanes.INGESTION):
        with transaction() as session:
            found = lanes.put_back(session, lane, now(), stale_after, mine.settings.max_attempts)
            for lost in found.given_up:
                audit.record(session, None, f"{lane.prefix}.given_up", "contribution", lost)
                if lane is lanes.INGESTION:
                    back_to_reviewers(session, lost)
        for contribution_id in found.nudge:
            send(mine.celery, lane.task, str(contribution_id))
        if found.nudge or found.given_up:
            log.info(
                "contributions_put_back",
                task=lane.task,
                nudged=len(found.nudge),
                given_up=len(found.given_up),
            )


def back_to_reviewers(session: Session, contribution_id: UUID) -> None:
    """Open a new round for what was approved and could not be ingested: they see why."""
    row = repository.hold(session, contribution_id)
    if row is not None:
        reopen(session, None, row, now())


def delete_unwanted() -> None:
    """Delete every byte of what was withdrawn, or rejected and is past its time for an undo."""
    _delete_each(repository.next_unwanted, _forget_all)


def delete_originals() -> None:
    """Delete what approved contributions need no longer, now that they are ingested."""
    _delete_each(repository.next_ingested, _forget_original)


def _delete_each(find: Find, forget: Callable[[Contribution], None]) -> None:
    """Delete bytes first and note it last: whoever is killed in between leaves a row to find."""
    kept_for = timedelta(hours=process.current().settings.undo_hours)
    for _ in range(MOST_AT_ONCE):
        try:
            with transaction() as session:
                row = find(session, now(), kept_for)
                if row is None:
                    return
                forget(row)
                audit.record(session, None, "dataset.bytes_deleted", "contribution", row.id)
        except PocovidError:
            log.exception("bytes_not_deleted")
            return


def delete_made(contribution_id: UUID) -> None:
    """Delete every byte that a worker has made of a contribution."""
    storage = process.current().storage
    for suffix in reencode.SUFFIXES:
        storage.delete(whole_key(contribution_id, suffix))
    storage.delete_folder(review_folder(contribution_id))
    storage.delete_folder(dataset_folder(contribution_id))


def _forget_all(row: Contribution) -> None:
    for key in (row.original_key, row.preview_key):
        if key is not None:
            process.current().storage.delete(key)
    delete_made(row.id)
    process.current().storage.delete_folder(published_folder(row.id))
    row.original_key = row.preview_key = row.whole_key = row.pixels_key = None
    row.pixels_sha256 = row.cine = row.prep_state = row.ingest_state = None
    row.dataset_frames = 0
    row.prep_attempt += 1  # whoever is at work on it has lost it
    row.ingest_attempt += 1
    if row.state == ContributionState.WITHDRAWN.value:
        row.pixels_deleted_at = now()


def _forget_original(row: Contribution) -> None:
    storage = process.current().storage
    if row.original_key is not None:
        storage.delete(row.original_key)
        row.original_key = None
    kept_for = timedelta(hours=process.current().settings.undo_hours)
    if row.decided_at is None or row.decided_at < now() - kept_for:
        storage.delete_folder(review_folder(row.id))
        row.cine = row.prep_state = None
        row.prep_attempt += 1  # who prepares it still has lost it; the sweep finds what they made


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
                for key in old[owner]:
                    storage.delete(key)
                strangers += 1
    return strangers
