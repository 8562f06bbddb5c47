"""Rows whose bytes are missing from the storage."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.kinds import DEIDENTIFICATION, PREVIEWS
from backend.recordings import repository as recordings
from backend.reviews import repository as reviews
from backend.storage.base import MissingObjectError
from backend.storage.keys import (
    cine_key,
    contact_sheet_key,
    dataset_folder,
    dataset_frame_key,
    review_folder,
    upload_key,
)
from backend.submissions.uploads import repository as uploads
from backend.system.checks.finding import Context, Finding, Mend, in_transaction, note, pages
from backend.tables import Artifact, Contribution, Recording, Upload
from backend.tables.vocabulary import ContributionState, JobState, UploadState
from models.media import sampling

_AT_WORK = (JobState.QUEUED, JobState.RUNNING)
_SEND_AGAIN = "Its bytes are lost: ask its contributor to withdraw it and send it again."


def missing(context: Context) -> Iterator[Finding]:
    """Check every row that refers to bytes."""
    yield from _recordings(context)
    for row in pages(context, Contribution, Contribution.created_at < context.old):
        yield from _contribution(context, row)
    yield from _uploads(context)
    yield from _artifacts(context)


def _recordings(context: Context) -> Iterator[Finding]:
    """Check recordings uploaded for screening; a mend marks their pixels as deleted."""
    wanted = (Recording.pixels_deleted_at.is_(None), Recording.created_at < context.old)
    for row in pages(context, Recording, *wanted):
        if not context.storage.exists(row.storage_key):
            yield Finding(
                "recording_missing",
                "recording",
                str(row.id),
                "An uploaded recording is no longer stored; its results are.",
                mend=in_transaction(partial(_mark_deleted, recording_id=row.id)),
            )
        elif not context.storage.exists(row.preview_key):
            yield Finding(
                "preview_missing",
                "recording",
                str(row.id),
                "The preview of an uploaded recording is no longer stored.",
                mend=_preview(row.storage_key, row.preview_key),
            )


def _mark_deleted(session: Session, recording_id: UUID) -> bool:
    row = recordings.get(session, recording_id)
    if row is None or row.pixels_deleted_at is not None:
        return False
    return recordings.mark_pixels_deleted(session, recording_id, utc_now())


def _contribution(context: Context, row: Contribution) -> Iterator[Finding]:
    storage, row_id = context.storage, str(row.id)
    ended = row.state in (ContributionState.WITHDRAWN, ContributionState.REJECTED)
    if ended:  # maintenance deletes their bytes step by step
        return
    original = row.original_key is not None and storage.exists(row.original_key)
    has_copy = row.deidentified_key is not None and storage.exists(row.deidentified_key)
    source = row.original_key if original else row.deidentified_key if has_copy else None
    ingested = row.pixels_key is not None and row.deidentify_state not in _AT_WORK
    if row.original_key is not None and not original and row.pixels_key is None:
        yield Finding(
            "original_missing",
            "contribution",
            row_id,
            "A contributed recording is no longer stored.",
            _SEND_AGAIN,
        )
    if row.deidentified_key is not None and not has_copy:
        yield Finding(
            "copy_missing",
            "contribution",
            row_id,
            "The de-identified copy, for a new review, is no longer stored.",
            mend=in_transaction(lambda session: _without_copy(session, row.id)),
        )
    if row.preview_key is not None and not storage.exists(row.preview_key):
        yield Finding(
            "preview_missing",
            "contribution",
            row_id,
            "The preview of a contributed recording is no longer stored.",
            "" if source else _SEND_AGAIN,
            mend=_preview(source, row.preview_key) if source else None,
        )
    if ingested and row.pixels_key is not None:
        there = {stored.key for stored in storage.listing(dataset_folder(row.id))}
        named = {row.pixels_key} | {dataset_frame_key(row.id, n) for n in range(row.dataset_frames)}
        if not named <= there:
            yield Finding(
                "pixels_missing",
                "contribution",
                row_id,
                f"{len(named - there)} of {len(named)} files of the dataset are missing.",
                "" if source else _SEND_AGAIN,
                mend=in_transaction(
                    lambda session: deidentify_again(session, row.id, row.pixels_key)
                )
                if source
                else None,
            )
    if row.cine is not None and row.previews_state not in _AT_WORK:
        there = {stored.key for stored in storage.listing(review_folder(row.id))}
        named = {cine_key(row.id, n) for n in range(len(row.cine.times_s))}
        named.add(contact_sheet_key(row.id))
        if not named <= there:
            yield Finding(
                "review_frames_missing",
                "contribution",
                row_id,
                f"{len(named - there)} of {len(named)} images for the reviewers are missing.",
                "" if source else _SEND_AGAIN,
                mend=in_transaction(lambda session: prepare_again(session, row.id))
                if source
                else None,
            )


def _without_copy(session: Session, contribution_id: UUID) -> bool:
    """Make the copy again from the original, or record that there is none."""
    row = reviews.lock(session, contribution_id)
    if row is None or row.deidentified_key is None or row.deidentify_state in _AT_WORK:
        return False
    if row.original_key is not None and row.pixels_key is not None:
        return deidentify_again(session, contribution_id, row.pixels_key)
    row.deidentified_key = None
    return True


def deidentify_again(session: Session, contribution_id: UUID, pixels_key: str | None) -> bool:
    """Queue the de-identification again, if the row has not changed since it was found."""
    row = reviews.lock(session, contribution_id)
    if row is None or row.pixels_key != pixels_key or row.deidentify_state in _AT_WORK:
        return False
    if row.state != ContributionState.APPROVED:
        return False
    row.pixels_key = row.pixels_sha256 = None
    row.dataset_frames = 0
    leases.enqueue(session, DEIDENTIFICATION, row, utc_now())
    return True


def prepare_again(session: Session, contribution_id: UUID) -> bool:
    """Discard the reviewers' images, and queue them again if the recording is to be reviewed."""
    row = reviews.lock(session, contribution_id)
    if row is None or row.previews_state in _AT_WORK:
        return False
    row.cine = row.previews_state = None
    if row.state == ContributionState.PENDING:
        leases.enqueue(session, PREVIEWS, row, utc_now())
    return True


def _preview(source: str, key: str) -> Mend:
    """Make a preview again from the recording at `source`."""

    def mend(context: Context, finding: Finding) -> bool:
        try:
            with context.storage.local(source) as path:
                preview = sampling.Recording.open(path).preview()
        except (MissingObjectError, sampling.MediaError):
            return False
        context.storage.put_bytes(key, preview)
        with context.transaction() as session:
            note(session, context, finding)
        return True

    return mend


def _uploads(context: Context) -> Iterator[Finding]:
    waits = Upload.state.in_((UploadState.QUEUED, UploadState.RUNNING))
    for row in pages(context, Upload, waits, Upload.queued_at < context.old):
        with context.database.read() as session:
            keys = [piece.key for piece in uploads.pieces(session, row.id)]
        if not all(map(context.storage.exists, keys or [upload_key(row.id)])):
            yield Finding(
                "upload_missing",
                "arrival",
                str(row.id),
                "A file that waits to be imported is no longer stored.",
                "The next worker will refuse it and tell its sender. Start a worker.",
            )


def _artifacts(context: Context) -> Iterator[Finding]:
    with context.database.read() as session:
        folders = session.execute(
            select(Artifact.version, Artifact.storage_folder).where(
                Artifact.storage_folder.is_not(None)
            )
        ).all()
    for version, folder in folders:
        if folder and not any(True for _ in context.storage.listing(folder)):
            yield Finding(
                "artifact_missing",
                "artifact",
                version,
                f"The files of {version} are no longer stored.",
                "Activate another artifact, and train on its release again.",
            )
