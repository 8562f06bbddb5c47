"""Maintenance of submissions: lost uploads are queued again; what was begun and forgotten goes."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.jobs.kinds import UPLOAD
from backend.storage.keys import pieces_folder, upload_key
from backend.submissions import repository as submissions
from backend.submissions.deletion import delete_draft
from backend.submissions.uploads import repository as uploads
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

CHUNK = 500

_FOLDERS = ("contributions", "contribution-previews")


@duty("requeue-uploads")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; fail what lost too many workers."""
    requeue("requeue-uploads", UPLOAD)


@duty("delete-unfinished-uploads")
def delete_unfinished() -> None:
    """Delete files whose last byte did not come in time: first the bytes, then the row."""
    later = {UUID(subject) for subject in postponed("delete-unfinished-uploads")}
    with reading() as session:
        expired = uploads.expired(session, utc_now(), later)
    for_each("delete-unfinished-uploads", expired, _delete_unfinished)


def _delete_unfinished(upload_id: UUID) -> None:
    process.current().storage.delete_folder(pieces_folder(upload_id))
    with transaction() as session:
        uploads.remove(session, upload_id)
    log.info("unfinished_upload_deleted", upload=str(upload_id))


@duty("delete-forgotten-drafts")
def delete_forgotten() -> None:
    """Delete drafts that nobody touched for long, with everything that was sent for them."""
    before = utc_now() - timedelta(days=process.current().settings.draft_days)
    later = {UUID(subject) for subject in postponed("delete-forgotten-drafts")}
    with reading() as session:
        forgotten = submissions.abandoned_drafts(session, before, later)
    for_each(
        "delete-forgotten-drafts", forgotten, lambda draft_id: _delete_forgotten(draft_id, before)
    )


def _delete_forgotten(submission_id: UUID, before: datetime) -> None:
    with transaction() as session:
        draft = submissions.get_locked(session, submission_id)
        if draft is None or draft.submitted_at is not None or draft.touched_at >= before:
            return
        delete_draft(session, submission_id)
        audit.record(session, None, "submissions.expired", "submission", submission_id)
    log.info("forgotten_draft_deleted", submission=str(submission_id))


@duty("sweep-uploads", hourly=True)
def sweep_uploads() -> int:
    """Delete what no submission answers for (see `sweep`)."""
    return sweep(utc_now() - ORPHANED_AFTER)


def sweep(before: datetime) -> int:
    """Delete bytes that no row answers for and nobody wrote since `before`; how many there were."""
    orphans = [
        key for folder in _FOLDERS for key in _unknown(_old(folder, before), submissions.known_keys)
    ]
    orphans += _unknown(_old("pieces", before), uploads.known_pieces)
    orphans += _unknown(_old("arrivals", before), _known_uploads)
    with transaction() as session:
        uploads.delete_pieces_of_finished(session)
    return delete_objects("sweep-uploads", orphans)


def _old(folder: str, before: datetime) -> Iterator[str]:
    listed = process.current().storage.listing(folder)
    return (stored.key for stored in listed if stored.modified_at < before)


def _unknown(keys: Iterator[str], known: Callable[[Session, list[str]], set[str]]) -> Iterator[str]:
    while chunk := list(itertools.islice(keys, CHUNK)):
        with reading() as session:
            yield from set(chunk) - known(session, chunk)


def _known_uploads(session: Session, keys: list[str]) -> set[str]:
    ids = {upload_id for key in keys if (upload_id := _id_of(key.rpartition("/")[2]))}
    return {upload_key(upload_id) for upload_id in uploads.with_bytes(session, ids)}


def _id_of(name: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(name)
    return None
