"""Rows without bytes: what the database says is stored, and is not there."""

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

PREVIEW_SIDE = 1024
"""Longer side of a preview in pixels, as worker/uploads/importer.py makes it."""

_AT_WORK = (JobState.QUEUED, JobState.RUNNING)
_SEND_AGAIN = "Its bytes are nowhere: ask its contributor to withdraw it and to send it again."


def missing(context: Context) -> Iterator[Finding]:
    """Go through every row that names bytes."""
    yield from _recordings(context)
    for row in pages(context, Contribution, Contribution.created_at < context.old):
        yield from _contribution(context, row)
    yield from _uploads(context)
    yield from _artifacts(context)


def _recordings(context: Context) -> Iterator[Finding]:
    """What was uploaded to be screened. The numbers stay, so that the row can say what is so."""
    wanted = (Recording.pixels_deleted_at.is_(None), Recording.created_at < context.old)
    for row in pages(context, Recording, *wanted):
        if not context.storage.exists(row.storage_key):
            yield Finding(
                "recording_missing",
                "recording",
                str(row.id),
                "An uploaded recording is not stored any more; its answers are.",
                mend=in_transaction(partial(_is_gone, recording_id=row.id)),
            )
        elif not context.storage.exists(row.preview_key):
            yield Finding(
                "preview_missing",
                "recording",
                str(row.id),
                "The preview of an uploaded recording is not stored any more.",
                mend=_preview(row.storage_key, row.preview_key),
            )


def _is_gone(session: Session, recording_id: UUID) -> bool:
    row = recordings.get(session, recording_id)
    if row is None or row.pixels_deleted_at is not None:
        return False
    return recordings.mark_pixels_deleted(session, recording_id, utc_now())


def _contribution(context: Context, row: Contribution) -> Iterator[Finding]:
    storage, row_id = context.storage, str(row.id)
    ended = row.state in (ContributionState.WITHDRAWN, ContributionState.REJECTED)
    if ended:  # whose bytes maintenance deletes, some before others
        return
    original = row.original_key is not None and storage.exists(row.original_key)
    whole = row.whole_key is not None and storage.exists(row.whole_key)
    source = row.original_key if original else row.whole_key if whole else None
    ingested = row.pixels_key is not None and row.ingest_state not in _AT_WORK
    if row.original_key is not None and not original and row.pixels_key is None:
        yield Finding(
            "original_missing",
            "contribution",
            row_id,
            "A contributed recording is not stored any more.",
            _SEND_AGAIN,
        )
    if row.whole_key is not None and not whole:
        yield Finding(
            "copy_missing",
            "contribution",
            row_id,
            "The de-identified copy, for a new review, is not stored any more.",
            mend=in_transaction(lambda session: _without_copy(session, row.id)),
        )
    if row.preview_key is not None and not storage.exists(row.preview_key):
        yield Finding(
            "preview_missing",
            "contribution",
            row_id,
            "The preview of a contributed recording is not stored any more.",
            "" if source else _SEND_AGAIN,
            mend=_preview(source, row.preview_key) if source else None,
        )
    if ingested and row.pixels_key is not None:
        there = {each.key for each in storage.listing(dataset_folder(row.id))}
        named = {row.pixels_key} | {dataset_frame_key(row.id, n) for n in range(row.dataset_frames)}
        if not named <= there:
            yield Finding(
                "pixels_missing",
                "contribution",
                row_id,
                f"{len(named - there)} of {len(named)} files of the dataset are not stored.",
                "" if source else _SEND_AGAIN,
                mend=in_transaction(lambda session: ingest_again(session, row.id, row.pixels_key))
                if source
                else None,
            )
    if row.cine is not None and row.prep_state not in _AT_WORK:
        there = {each.key for each in storage.listing(review_folder(row.id))}
        named = {cine_key(row.id, n) for n in range(len(row.cine.times_s))}
        named.add(contact_sheet_key(row.id))
        if not named <= there:
            yield Finding(
                "review_frames_missing",
                "contribution",
                row_id,
                f"{len(named - there)} of {len(named)} pictures for the reviewers are not stored.",
                "" if source else _SEND_AGAIN,
                mend=in_transaction(lambda session: prepare_again(session, row.id))
                if source
                else None,
            )


def _without_copy(session: Session, contribution_id: UUID) -> bool:
    """From the original there is another copy; without one, the row says that there is none."""
    row = reviews.hold(session, contribution_id)
    if row is None or row.whole_key is None or row.ingest_state in _AT_WORK:
        return False
    if row.original_key is not None and row.pixels_key is not None:
        return ingest_again(session, contribution_id, row.pixels_key)
    row.whole_key = None
    return True


def ingest_again(session: Session, contribution_id: UUID, pixels_key: str | None) -> bool:
    """Have what releases hold made anew, where it is still what was found."""
    row = reviews.hold(session, contribution_id)
    if row is None or row.pixels_key != pixels_key or row.ingest_state in _AT_WORK:
        return False
    if row.state != ContributionState.APPROVED:
        return False
    row.pixels_key = row.pixels_sha256 = None
    row.dataset_frames = 0
    leases.enqueue(session, DEIDENTIFICATION, row, utc_now())
    return True


def prepare_again(session: Session, contribution_id: UUID) -> bool:
    """Have the reviewers' pictures made anew, at once where somebody is to review them."""
    row = reviews.hold(session, contribution_id)
    if row is None or row.prep_state in _AT_WORK:
        return False
    row.cine = row.prep_state = None
    if row.state == ContributionState.PENDING:
        leases.enqueue(session, PREVIEWS, row, utc_now())
    return True


def _preview(source: str, key: str) -> Mend:
    """Make a preview anew from the recording at `source`."""

    def mend(context: Context, finding: Finding) -> bool:
        try:
            with context.storage.local(source) as path:
                picture = sampling.Recording.open(path).still()
        except (MissingObjectError, sampling.MediaError):
            return False
        context.storage.put_bytes(key, sampling.encode_jpeg(picture, PREVIEW_SIDE))
        with context.transaction() as session:
            note(session, context, finding)
        return True

    return mend


def _uploads(context: Context) -> Iterator[Finding]:
    waits = Upload.state.in_((UploadState.QUEUED, UploadState.RUNNING))
    for row in pages(context, Upload, waits, Upload.queued_at < context.old):
        with context.database.read() as session:
            keys = [each.key for each in uploads.pieces(session, row.id)]
        if not all(map(context.storage.exists, keys or [upload_key(row.id)])):
            yield Finding(
                "upload_missing",
                "arrival",
                str(row.id),
                "A file that waits to be taken in is not stored any more.",
                "The next worker that takes it refuses it, and its sender is told. Start a worker.",
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
                f"The files of {version} are not stored any more.",
                "Activate another artifact, and train on its release again.",
            )
