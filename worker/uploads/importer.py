"""What becomes of one file that was sent: a contribution, a manifest's rows, or a refusal.

Each is one transaction that holds only while the arrival is still ours, and while its submission
is still a draft.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import now
from backend.core.errors import DatabaseUnreachableError
from backend.storage.keys import contribution_key, contribution_preview_key
from backend.storage.private_files import private_folder
from backend.submissions import apply_manifest
from backend.submissions import repository as submissions
from backend.submissions.fields import MOST_NAME
from backend.submissions.manifest import ManifestError
from backend.submissions.uploads import repository as arrivals
from backend.tables import Arrival, Contribution, Submission
from backend.tables.vocabulary import ArrivalState
from models.data import fingerprint
from models.media import sampling
from worker import process
from worker.leases import Lease, LeaseLostError
from worker.task import transaction
from worker.uploads.archives import Entry, RefusedFileError, Unpacked

log = structlog.get_logger(__name__)

PREVIEW_SIDE = 1024
"""Longer side of a preview in pixels, at most."""


@dataclass(kw_only=True)
class Hold(Lease):
    """Our hold on one arrival, and how far its archive is through.

    `has_recordings`: it is an archive of more than tables, which speak of its files alone.
    """

    submission_id: UUID
    name: str
    bytes: int
    done: int = 0
    total: int = 0
    has_recordings: bool = False

    @property
    def id(self) -> UUID:
        """The arrival's id."""
        found: UUID = self.key
        return found

    def as_released(self) -> dict[str, Any]:
        """It waits behind the others."""
        return {"queued_at": now()}

    def told_of(self, session: Session, done: int, total: int) -> None:
        """Note how far the archive is through.

        Raises:
            LeaseLostError: somebody dropped it, or took it.
        """
        moment = now()
        if not arrivals.progress(session, self.id, self.attempt, done, total, moment):
            raise LeaseLostError


@dataclass(frozen=True)
class Look:
    """What is known of a recording before its row is written."""

    probe: sampling.Probe
    preview: bytes
    fingerprints: list[str]


def look_at(path: Path) -> Look:
    """Probe a recording, and make its preview and its fingerprints.

    Raises:
        MediaError: it cannot be used; see `models.media.sources.open_source`.
    """
    recording = sampling.Recording.open(path)
    preview = sampling.encode_jpeg(recording.still(), PREVIEW_SIDE)
    return Look(recording.probe(), preview, fingerprint.fingerprint_recording(recording))


def commit_recording(hold: Hold, entry: Entry | None, file: Unpacked, look: Look) -> None:
    """Store a recording and write its row, filled from the manifest's row if there is one.

    Raises:
        LeaseLostError: the arrival or its submission is gone, or another attempt has it.
        RefusedFileError: the submission was sent meanwhile.
    """
    storage = process.current().storage
    probe, contribution_id = look.probe, uuid4()
    contribution = Contribution(
        id=contribution_id,
        submission_id=hold.submission_id,
        created_at=now(),
        file_name=_file_name(hold, entry),
        sha256=file.sha256,
        original_key=contribution_key(file.sha256, contribution_id),
        preview_key=contribution_preview_key(contribution_id),
        bytes=file.bytes,
        kind=probe.kind,
        format=probe.format,
        media_type=probe.media_type,
        width=probe.width,
        height=probe.height,
        duration_s=probe.duration_s,
        frames=probe.frames,
        sampled_frames=probe.sampled,
        square_x=probe.square.x,
        square_y=probe.square.y,
        square_size=probe.square.size,
        fingerprints=look.fingerprints,
    )
    incoming = process.current().settings.incoming_dir
    with _stored_or_nothing(contribution), private_folder(incoming) as folder:
        storage.put(contribution_key(file.sha256, contribution_id), _own_copy(file.path, folder))
        storage.put_bytes(contribution_preview_key(contribution_id), look.preview)
        with transaction() as session:
            submission = _draft(session, hold)
            _note(session, hold, entry, kind="recording", contribution=contribution)
            apply_manifest.rematch(session, submission)
            audit.record(session, None, "contributions.added", "contribution", contribution_id)
    log.info("recording_taken_in", contribution=str(contribution_id), format=probe.format)


def commit_manifest(hold: Hold, entry: Entry | None, content: bytes) -> None:
    """Fill the submission from a manifest, and keep what was found of each row.

    Raises:
        LeaseLostError, RefusedFileError: as `commit_recording`; it is no manifest.
    """
    with transaction() as session:
        submission = _draft(session, hold)
        sent = apply_manifest.ManifestUpload(
            content, _table(hold, entry), hold.id if hold.has_recordings else None
        )
        try:
            report = apply_manifest.apply(session, process.current().settings, submission, sent)
        except ManifestError as error:
            raise RefusedFileError("bad_manifest", error.message) from error
        _note(session, hold, entry, kind="manifest", report=report)
    log.info("manifest_taken_in", rows=len(report))


def commit_failure(hold: Hold, entry: Entry, why: RefusedFileError) -> None:
    """Note why an entry of an archive was not taken in.

    Raises:
        LeaseLostError: as `commit_recording`.
    """
    with transaction() as session:
        _draft(session, hold)
        _note(session, hold, entry, error=why)
    log.info("entry_refused", code=why.code)


def _draft(session: Session, hold: Hold) -> Submission:
    """The submission, kept from others until the transaction ends."""
    submission = submissions.get_locked(session, hold.submission_id)
    if submission is None:
        raise LeaseLostError
    if submission.submitted_at is not None:
        raise RefusedFileError(
            "already_submitted", "The submission was sent before this file was taken in."
        )
    submission.touched_at = now()
    return submission


def _note(
    session: Session,
    hold: Hold,
    entry: Entry | None,
    *,
    kind: str | None = None,
    contribution: Contribution | None = None,
    report: list[dict[str, Any]] | None = None,
    error: RefusedFileError | None = None,
) -> None:
    """Write the outcome: of the arrival itself, or as a row of its own for an archive's entry."""
    moment = now()
    if contribution is not None:
        submissions.add(session, contribution)
    if entry is None:
        ours = arrivals.finish(
            session,
            hold.id,
            hold.attempt,
            moment,
            kind=kind or "",
            contribution_id=None if contribution is None else contribution.id,
            report=report,
        )
        if not ours:
            raise LeaseLostError
        return
    hold.told_of(session, hold.done, hold.total)
    arrivals.add(
        session,
        Arrival(
            id=uuid4(),
            submission_id=hold.submission_id,
            parent_id=hold.id,
            entry=entry.place,
            file_name=_file_name(hold, entry),
            bytes=entry.bytes,
            received=entry.bytes,
            state=(ArrivalState.DONE if error is None else ArrivalState.FAILED).value,
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


def _file_name(hold: Hold, entry: Entry | None) -> str:
    return (hold.name if entry is None else entry.name)[-MOST_NAME:]


def _table(hold: Hold, entry: Entry | None) -> str:
    return hold.name if entry is None else f"{hold.name}: {entry.name}"


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
