"""What becomes of one file that was sent: a contribution, a manifest's rows, or a refusal.

Each is one transaction, which is committed only while this worker's lease holds and the submission
is still a draft.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import DatabaseUnreachableError
from backend.jobs import leases
from backend.jobs.leases import Failure, LeaseLostError
from backend.storage.keys import contribution_key, contribution_preview_key
from backend.storage.private_files import private_folder
from backend.submissions import apply_manifest, near_copies
from backend.submissions import repository as submissions
from backend.submissions.fields import MAX_NAME, set_from_file
from backend.submissions.manifest import ManifestError
from backend.submissions.uploads import repository as uploads
from backend.tables import Contribution, Submission, Upload
from backend.tables.contributions import UploadReportRow
from backend.tables.media import media_columns
from backend.tables.vocabulary import UploadState
from models.data import fingerprint
from models.media import sampling
from models.media.dicom.about import about
from models.media.dicom.header import no_quotation, read_header
from models.media.dicom.identity import identity
from models.media.masking import TextBox
from models.media.text.search import find_text
from worker import process
from worker.runner import Job
from worker.task import transaction
from worker.uploads.archives import Entry, RefusedFileError, Unpacked
from worker.uploads.proposals import proposals

log = structlog.get_logger(__name__)


@dataclass
class Import:
    """An upload at work, and how far its archive is through.

    `has_recordings`: it is an archive of more than tables, which speak of its files alone.
    """

    job: Job[Upload]
    done: int = 0
    total: int = 0
    has_recordings: bool = False

    @property
    def upload(self) -> Upload:
        """The upload, as it was when it was leased."""
        return self.job.row

    def progress(self, session: Session, done: int, total: int) -> None:
        """Note how far the archive is through.

        Raises:
            LeaseLostError: somebody dropped it, or took it.
        """
        leases.progress(session, self.job.lease, utc_now(), done=done, total=total)


@dataclass(frozen=True)
class Inspection:
    """What is known of a recording before its row is written."""

    probe: sampling.Probe
    preview: bytes
    fingerprints: list[str]
    text_boxes: list[TextBox]
    proposals: dict[str, Any] = field(default_factory=dict)


def inspect(path: Path) -> Inspection:
    """Probe a recording, make its preview and its fingerprints, and look for burned-in text.

    Raises:
        MediaError: it cannot be used; see `models.media.sources.open_source`.
    """
    recording = sampling.Recording.open(path)
    known: list[str] = []
    proposed: dict[str, Any] = {}
    if recording.format.name == "dicom":
        header = read_header(path)
        with no_quotation():
            known = identity(header.dataset)
            proposed = proposals(about(header.dataset), recording.source.acquisition.depth_mm)
    return Inspection(
        recording.probe(),
        recording.preview(),
        fingerprint.fingerprint_recording(recording),
        find_text(recording, known),
        proposed,
    )


def commit_recording(
    work: Import, entry: Entry | None, file: Unpacked, inspection: Inspection
) -> None:
    """Store a recording and write its row, filled from the manifest's row if there is one.

    Raises:
        LeaseLostError: the upload or its submission is gone, or another attempt has it.
        RefusedFileError: the submission was sent meanwhile.
    """
    storage = process.current().storage
    contribution_id = uuid4()
    contribution = Contribution(
        id=contribution_id,
        submission_id=work.upload.submission_id,
        created_at=utc_now(),
        file_name=_file_name(work, entry),
        sha256=file.sha256,
        original_key=contribution_key(file.sha256, contribution_id),
        preview_key=contribution_preview_key(contribution_id),
        bytes=file.bytes,
        fingerprints=inspection.fingerprints,
        text_boxes=inspection.text_boxes,
        **media_columns(inspection.probe),
    )
    set_from_file(contribution, inspection.proposals)
    incoming = process.current().settings.incoming_dir
    with _stored_or_nothing(contribution), private_folder(incoming) as folder:
        storage.put(contribution_key(file.sha256, contribution_id), _own_copy(file.path, folder))
        storage.put_bytes(contribution_preview_key(contribution_id), inspection.preview)
        with transaction() as session:
            submission = _draft(session, work)
            _note(session, work, entry, kind="recording", contribution=contribution)
            apply_manifest.rematch(session, submission)
            audit.record(session, None, "contributions.created", "contribution", contribution_id)
            near_copies.record(session, contribution)
    log.info("recording_imported", contribution=str(contribution_id), format=contribution.format)


def commit_manifest(work: Import, entry: Entry | None, content: bytes) -> None:
    """Fill the submission from a manifest, and keep what was found of each row.

    Raises:
        LeaseLostError, RefusedFileError: as `commit_recording`; it is no manifest.
    """
    with transaction() as session:
        submission = _draft(session, work)
        sent = apply_manifest.ManifestUpload(
            content, _table(work, entry), work.upload.id if work.has_recordings else None
        )
        try:
            report = apply_manifest.apply(session, process.current().settings, submission, sent)
        except ManifestError as error:
            raise RefusedFileError("bad_manifest", error.message) from error
        _note(session, work, entry, kind="manifest", report=report)
    log.info("manifest_imported", rows=len(report))


def commit_failure(work: Import, entry: Entry, why: Failure) -> None:
    """Note why an entry of an archive was not imported.

    Raises:
        LeaseLostError: as `commit_recording`.
    """
    with transaction() as session:
        _draft(session, work)
        _note(session, work, entry, error=why)
    log.info("entry_refused", code=why.code)


def _draft(session: Session, work: Import) -> Submission:
    """The submission, kept from others until the transaction ends."""
    submission = submissions.get_locked(session, work.upload.submission_id)
    if submission is None:
        raise LeaseLostError
    if submission.submitted_at is not None:
        raise RefusedFileError(
            "already_submitted", "The submission was sent before this file was imported."
        )
    submission.touched_at = utc_now()
    return submission


def _note(
    session: Session,
    work: Import,
    entry: Entry | None,
    *,
    kind: str | None = None,
    contribution: Contribution | None = None,
    report: list[UploadReportRow] | None = None,
    error: Failure | None = None,
) -> None:
    """Write the outcome: of the upload itself, or as a row of its own for an archive's entry."""
    moment = utc_now()
    if contribution is not None:
        submissions.add(session, contribution)
    if entry is None:
        leases.complete(
            session,
            work.job.lease,
            moment,
            kind=kind,
            contribution_id=None if contribution is None else contribution.id,
            report=report or [],
        )
        return
    work.progress(session, work.done, work.total)
    uploads.add(
        session,
        Upload(
            id=uuid4(),
            submission_id=work.upload.submission_id,
            parent_id=work.upload.id,
            entry=entry.place,
            file_name=_file_name(work, entry),
            bytes=entry.bytes,
            received=entry.bytes,
            state=UploadState.DONE if error is None else UploadState.FAILED,
            kind=kind,
            created_at=moment,
            expires_at=moment,
            finished_at=moment,
            error_code=error and error.code,
            error_message=error and error.message[:500],
            report=report or [],
            contribution_id=None if contribution is None else contribution.id,
        ),
    )


def _file_name(work: Import, entry: Entry | None) -> str:
    return (work.upload.file_name if entry is None else entry.name)[-MAX_NAME:]


def _table(work: Import, entry: Entry | None) -> str:
    return work.upload.file_name if entry is None else f"{work.upload.file_name}: {entry.name}"


def _own_copy(path: Path, folder: Path) -> Path:
    """The same bytes for the storage to consume, in `folder`; a link where the disk has them."""
    copy = folder / "copy"
    try:
        copy.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, copy)
    os.utime(copy)  # the sweep takes what was not written for long, and has no row, for left behind
    return copy


@contextmanager
def _stored_or_nothing(contribution: Contribution) -> Iterator[None]:
    """Remove what was stored, where the row is not written.

    A database that went away may have written it: then the sweep looks who answers for the bytes.
    """
    try:
        yield
    except DatabaseUnreachableError:
        raise
    except BaseException:
        storage = process.current().storage
        for key in (contribution.original_key, contribution.preview_key):
            if key is not None:
                storage.delete(key)
        raise
