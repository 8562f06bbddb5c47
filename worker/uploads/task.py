"""The task that imports what was sent for a submission: recordings, manifests, archives.

An archive is imported a file at a time, each in a transaction of its own together with the row
that says so: a worker killed in between goes on where it was. After a while it makes room for
others, and goes on when its turn comes again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from backend.core.db import utc_now
from backend.core.errors import StorageFullError
from backend.jobs import leases
from backend.jobs.kinds import UPLOAD
from backend.jobs.leases import Failure, LeaseLostError
from backend.jobs.names import IMPORT_UPLOAD
from backend.storage.base import MissingObjectError
from backend.storage.private_files import DISK_FULL, STORAGE_FULL
from backend.submissions.manifest import SPREADSHEET
from backend.submissions.uploads import limits
from backend.submissions.uploads import repository as uploads
from backend.tables import Upload
from backend.tables.contributions import UploadReportRow
from models.data import file_names
from models.media.sampling import MediaError
from worker import process
from worker.dependencies import AWAY
from worker.runner import RECORDED, Again, Ended, Job, JobSpec, Outcome, run_job
from worker.stored import sha256_of
from worker.task import reading, task, transaction
from worker.uploads import archives, upload_files
from worker.uploads.archives import Archive, Entry, RefusedFileError, Unpacked
from worker.uploads.outcomes import (
    Import,
    commit_failure,
    commit_manifest,
    commit_recording,
    inspect,
)

log = structlog.get_logger(__name__)

SLICE_S = 60.0
"""An archive makes room for what else waits after so long."""

MOST_FULL = timedelta(minutes=30)
"""A file that found no room for so long is refused; its own bytes go, and make some."""

FULL_FOR_LONG = "There was no room for it for half an hour. Please upload it again later."
INTERNAL = Failure("Something went wrong on our side. Please upload it again.", "internal_error")
_FAILURES: dict[type[Exception], Failure] = {
    SoftTimeLimitExceeded: Failure(
        "It took too long to read. Please upload a shorter or smaller one.", "too_slow"
    ),
    MissingObjectError: Failure(
        "The uploaded file is no longer stored. Please upload it again.", "recording_missing"
    ),
}


@task(IMPORT_UPLOAD)
def import_upload(notified_for: str) -> None:
    """Import the file that came first, whatever row the message was sent for."""
    run_job(SPEC, notified_for)


def _import(job: Job[Upload]) -> Outcome:
    work = Import(job)
    with _waits_for_room(work):
        return RECORDED if _import_file(work) else Again()


def _import_file(work: Import) -> bool:
    """Whatever it is; False for an archive that has to go on later."""
    most = process.current().settings.max_upload_bytes
    with upload_files.opened(work.upload.id, work.upload.bytes) as file:
        if archives.is_archive(file):
            with archives.opened(file, most) as archive:
                return _unpack(work, archive)
        if work.upload.bytes > most:  # named as an archive, which it is not
            raise RefusedFileError("file_too_large", f"The file is larger than {most / 1e6:g} MB.")
        with _room(work.upload.bytes), upload_files.local(file) as path:
            _take(work, Unpacked(path, work.upload.bytes, sha256_of(path)))
    return True


def _take(work: Import, file: Unpacked, entry: Entry | None = None) -> None:
    """One file, sent by itself or as an entry of an archive."""
    name = work.upload.file_name if entry is None else entry.name
    if file_names.is_spreadsheet(name):
        raise RefusedFileError("spreadsheet", SPREADSHEET)
    if archives.is_manifest(name):
        if file.bytes > limits.MAX_MANIFEST_BYTES:
            raise RefusedFileError(
                "file_too_large",
                f"The manifest is larger than {limits.MAX_MANIFEST_BYTES / 1e6:g} MB. Split it.",
            )
        commit_manifest(work, entry, file.path.read_bytes())
        return
    commit_recording(work, entry, file, inspect(file.path))


def _unpack(work: Import, archive: Archive) -> bool:
    """Take in every file of an archive that is not through yet; False when time was up before."""
    began = time.monotonic()
    work.total = len(archive.entries)
    work.has_recordings = not all(archives.is_manifest(entry.name) for entry in archive.entries)
    with transaction() as session:
        through = uploads.entries(session, work.upload.id)
        by_state = uploads.counts(session, [work.upload.submission_id]).get(
            work.upload.submission_id, {}
        )
        work.progress(session, len(through), work.total)
    if not through:
        _check_room(archive, sum(by_state.values()))
    left = [entry for entry in archive.entries if entry.place not in through]
    work.done = work.total - len(left)
    for entry in left:
        work.done += 1
        in_time = _take_entry(work, archive, entry)
        if not in_time or (time.monotonic() - began > SLICE_S and entry is not left[-1]):
            return False
    with transaction() as session:
        report = _skipped(archive.skipped)
        leases.complete(session, work.job.lease, utc_now(), kind="archive", report=report)
    log.info("archive_imported", entries=work.total, skipped=archive.skipped)
    return True


def _skipped(count: int) -> list[UploadReportRow]:
    """What an archive's report says of the files in it that nobody means to send."""
    if count == 0:
        return []
    what = "file that computers keep" if count == 1 else "files that computers keep"
    note = f"{count} {what} for themselves, such as .DS_Store and Thumbs.db, skipped."
    return [{"line": 0, "file_name": "", "status": "used", "problem": None, "note": note}]


def _check_room(archive: Archive, files: int) -> None:
    """Refuse an archive that the submission, or the disk, has no room for.

    Raises:
        RefusedFileError
    """
    if files + len(archive.entries) > limits.MAX_FILES:
        raise RefusedFileError(
            "too_many_files", f"A submission holds at most {limits.MAX_FILES} files."
        )
    this_process = process.current()
    free = this_process.storage.free_bytes()
    sizes = [entry.bytes for entry in archive.entries]
    # a bucket takes all of it elsewhere: here lies one file at a time
    wanted = sum(sizes) if this_process.settings.stores_on_disk else max(sizes)
    if free is not None and free < wanted + this_process.settings.min_free_bytes:
        raise RefusedFileError(
            "storage_full", "There is no room for what is in the archive. Try again later."
        )


def _take_entry(work: Import, archive: Archive, entry: Entry) -> bool:
    """One entry, or the reason why not, as a row; False when the task's own time is nearly up."""
    try:
        with (
            _waits_for_room(work),
            _room(entry.bytes),
            archive.unpacked(entry, process.current().settings.incoming_dir) as file,
        ):
            with file.path.open("rb") as content:
                if archives.is_archive(content):
                    raise archives.nested()
            _take(work, file, entry)
    except (LeaseLostError, *AWAY):
        raise
    except Exception as error:
        why = _failure_of(error)
        if why is None:
            log.exception("entry_failed")
            work.job.unexpected.append(error)
        commit_failure(work, entry, why or INTERNAL)
        return not isinstance(error, SoftTimeLimitExceeded)
    return True


@contextmanager
def _room(wanted: int) -> Iterator[None]:
    """Begin only where a file of so many bytes leaves the room that the database lives on.

    Raises:
        StorageFullError
    """
    this_process = process.current()
    free = this_process.storage.free_bytes()
    if free is not None and free < wanted + this_process.settings.min_free_bytes:
        raise StorageFullError(STORAGE_FULL)
    yield


@contextmanager
def _waits_for_room(work: Import) -> Iterator[None]:
    """Wait for a full storage as for one that is away, but not for long: waiting takes room itself.

    Raises:
        StorageFullError, RefusedFileError
    """
    try:
        yield
    except StorageFullError as error:
        if _may_wait_for_room(work):
            raise
        raise RefusedFileError("storage_full", FULL_FOR_LONG) from error
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        if _may_wait_for_room(work):
            raise StorageFullError(STORAGE_FULL) from error
        raise RefusedFileError("storage_full", FULL_FOR_LONG) from error


def _may_wait_for_room(work: Import) -> bool:
    since = work.job.lease.away_since
    return since is None or utc_now() - since < MOST_FULL


def _failure_of(error: Exception) -> Failure | None:
    """What the file itself is the reason of, as people are told of it."""
    if isinstance(error, RefusedFileError):
        return Failure(error.message, error.code)
    if isinstance(error, MediaError):
        log.info("recording_not_read", code=error.code, cause=error.cause)
        return Failure(error.message, error.code)
    return _FAILURES.get(type(error))


def _delete_bytes(job: Job[Upload], ended: Ended) -> None:
    """Once it is imported or refused, or its row is gone, its bytes are no longer needed."""
    over = ended in (Ended.DONE, Ended.FAILED)
    if over or (ended is Ended.LEASE_LOST and _is_gone(job.row.id)):
        upload_files.delete(job.row.id)


def _is_gone(upload_id: UUID) -> bool:
    with reading() as session:
        return uploads.get(session, upload_id) is None


SPEC = JobSpec(
    kind=UPLOAD,
    work=_import,
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("upload",),
    afterwards=_delete_bytes,
)
