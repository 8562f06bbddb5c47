"""The task that takes in what was sent for a submission: recordings, manifests, archives.

An archive is taken in a file at a time, each in a transaction of its own together with the row
that says so: a worker killed in between goes on where it was. After a while it makes room for
others, and goes on when its turn comes again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from structlog.contextvars import bound_contextvars

from backend.core.db import now
from backend.core.errors import StorageFullError
from backend.jobs import TAKE_IN, send
from backend.jobs.kinds import UPLOAD
from backend.storage.base import MissingObjectError
from backend.storage.private_files import FULL, NO_ROOM
from backend.submissions.manifest import SPREADSHEET
from backend.submissions.uploads import limits
from backend.submissions.uploads import repository as arrivals
from models.data import file_names
from models.media.sampling import MediaError
from worker import process
from worker.dependencies import AWAY
from worker.leases import LeaseLostError, held
from worker.stored import sha256_of
from worker.task import reading, task, transaction
from worker.uploads import archives, upload_files
from worker.uploads.archives import Archive, Entry, RefusedFileError, Unpacked
from worker.uploads.importer import Hold, commit_failure, commit_manifest, commit_recording, look_at

log = structlog.get_logger(__name__)

SLICE_S = 60.0
"""An archive makes room for what else waits after so long."""

MOST_FULL = timedelta(minutes=30)
"""A file that found no room for so long is refused; its own bytes go, and make some."""

FULL_FOR_LONG = "There was no room for it for half an hour. Please send it again later."
TOO_SLOW = "It took too long to read. Please send a shorter or smaller one."
INTERNAL = "Something went wrong on our side. Please send it again."
MISSING = "Its bytes are not stored any more. Please send it again."


@task(TAKE_IN)
def take_in(notified_for: str) -> None:
    """Take in the file that came first, whatever row the message was sent for."""
    with transaction() as session:
        row = arrivals.claim_next(session, now())
    if row is None:
        log.info("nothing_waits")
        return
    hold = Hold(
        kind=UPLOAD,
        key=row.id,
        attempt=row.attempt,
        away_since=row.away_since,
        submission_id=row.submission_id,
        name=row.file_name,
        bytes=row.bytes,
    )
    with bound_contextvars(arrival=str(hold.id)):
        log.info("arrival_claimed", attempt=hold.attempt, notified_for=notified_for)
        with held(hold):
            _run(hold)


def _run(hold: Hold) -> None:
    """Turn whatever happens into an outcome of the row; then its bytes are no longer needed."""
    try:
        with _refusals_named(hold):
            if not _take_what_came(hold):
                _make_room(hold)
                return
    except LeaseLostError:
        log.info("arrival_not_ours")
        if _is_there(hold):
            return  # somebody else's turn, who needs the bytes
    except RefusedFileError as why:
        if not _fail(hold, why) and _is_there(hold):
            return  # as above
    upload_files.delete(hold.id)


def _take_what_came(hold: Hold) -> bool:
    """Whatever it is; False for an archive that has to go on later."""
    most = process.current().settings.max_upload_bytes
    with upload_files.opened(hold.id, hold.bytes) as file:
        if archives.is_archive(file):
            with archives.opened(file, most) as archive:
                return _unpack(hold, archive)
        if hold.bytes > most:  # named as an archive, which it is not
            raise RefusedFileError("file_too_large", f"The file is larger than {most / 1e6:g} MB.")
        with _room(hold.bytes), upload_files.local(file) as path:
            _take(hold, Unpacked(path, hold.bytes, sha256_of(path)))
    return True


def _take(hold: Hold, file: Unpacked, entry: Entry | None = None) -> None:
    """One file, sent by itself or as an entry of an archive."""
    name = hold.name if entry is None else entry.name
    if file_names.is_spreadsheet(name):
        raise RefusedFileError("spreadsheet", SPREADSHEET)
    if archives.is_manifest(name):
        if file.bytes > limits.MOST_MANIFEST_BYTES:
            raise RefusedFileError(
                "file_too_large",
                f"The manifest is larger than {limits.MOST_MANIFEST_BYTES / 1e6:g} MB. Split it.",
            )
        commit_manifest(hold, entry, file.path.read_bytes())
        return
    commit_recording(hold, entry, file, look_at(file.path))


def _unpack(hold: Hold, archive: Archive) -> bool:
    """Take in every file of an archive that is not through yet; False when time was up before."""
    began = time.monotonic()
    hold.total = len(archive.entries)
    hold.has_recordings = not all(archives.is_manifest(each.name) for each in archive.entries)
    with transaction() as session:
        through = arrivals.entries(session, hold.id)
        held = arrivals.counts(session, [hold.submission_id]).get(hold.submission_id, {})
        hold.told_of(session, len(through), hold.total)
    if not through:
        _check_room(archive, sum(held.values()))
    left = [entry for entry in archive.entries if entry.place not in through]
    hold.done = hold.total - len(left)
    for entry in left:
        hold.done += 1
        in_time = _take_entry(hold, archive, entry)
        if not in_time or (time.monotonic() - began > SLICE_S and entry is not left[-1]):
            return False
    with transaction() as session:
        report = _skipped(archive.skipped)
        if not arrivals.finish(
            session, hold.id, hold.attempt, now(), kind="archive", report=report
        ):
            raise LeaseLostError
    log.info("archive_taken_in", entries=hold.total, skipped=archive.skipped)
    return True


def _skipped(count: int) -> list[dict[str, Any]]:
    """What an archive's report says of the files in it that nobody means to send."""
    if count == 0:
        return []
    what = "file that computers keep" if count == 1 else "files that computers keep"
    note = f"{count} {what} for themselves, such as .DS_Store and Thumbs.db, skipped."
    return [{"line": 0, "file_name": "", "status": "used", "problem": None, "note": note}]


def _check_room(archive: Archive, held: int) -> None:
    """Refuse an archive that the submission, or the disk, has no room for.

    Raises:
        RefusedFileError
    """
    if held + len(archive.entries) > limits.MOST_FILES:
        raise RefusedFileError(
            "too_many_files", f"A submission holds at most {limits.MOST_FILES} files."
        )
    mine = process.current()
    free = mine.storage.free_bytes()
    sizes = [entry.bytes for entry in archive.entries]
    # a bucket takes all of it elsewhere: here lies one file at a time
    wanted = sum(sizes) if mine.settings.stores_on_disk else max(sizes)
    if free is not None and free < wanted + mine.settings.min_free_bytes:
        raise RefusedFileError(
            "storage_full", "There is no room for what is in the archive. Try again later."
        )


def _take_entry(hold: Hold, archive: Archive, entry: Entry) -> bool:
    """One entry, or the reason why not, as a row; False when the task's own time is nearly up."""
    try:
        with (
            _refusals_named(hold),
            _room(entry.bytes),
            archive.unpacked(entry, process.current().settings.incoming_dir) as file,
        ):
            with file.path.open("rb") as content:
                if archives.is_archive(content):
                    raise archives.nested()
            _take(hold, file, entry)
    except RefusedFileError as why:
        commit_failure(hold, entry, why)
        return why.code != "too_slow"
    return True


def _make_room(hold: Hold) -> None:
    if hold.release():
        send(process.current().celery, TAKE_IN, str(hold.id))
    log.info("archive_goes_on_later", done=hold.done, total=hold.total)


@contextmanager
def _room(wanted: int) -> Iterator[None]:
    """Begin only where a file of so many bytes leaves the room that the database lives on.

    Raises:
        StorageFullError
    """
    mine = process.current()
    free = mine.storage.free_bytes()
    if free is not None and free < wanted + mine.settings.min_free_bytes:
        raise StorageFullError(NO_ROOM)
    yield


@contextmanager
def _refusals_named(hold: Hold) -> Iterator[None]:
    """Everything that a file can be the reason of, as what people are told of it.

    So is a storage that has been full for long: what waits for room takes room itself.
    """
    try:
        yield
    except StorageFullError as error:
        if _may_wait_for_room(hold):
            raise
        raise RefusedFileError("storage_full", FULL_FOR_LONG) from error
    except (RefusedFileError, LeaseLostError, *AWAY):
        raise
    except MediaError as error:
        log.info("recording_not_read", code=error.code, cause=error.cause)
        raise RefusedFileError(error.code, error.message) from error
    except SoftTimeLimitExceeded as error:
        raise RefusedFileError("too_slow", TOO_SLOW) from error
    except MissingObjectError as error:
        raise RefusedFileError("recording_missing", MISSING) from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            if _may_wait_for_room(hold):
                raise StorageFullError(NO_ROOM) from error
            raise RefusedFileError("storage_full", FULL_FOR_LONG) from error
        log.exception("arrival_broke")
        raise RefusedFileError("internal_error", INTERNAL) from error


def _may_wait_for_room(hold: Hold) -> bool:
    return hold.away_since is None or now() - hold.away_since < MOST_FULL


def _is_there(hold: Hold) -> bool:
    with reading() as session:
        return arrivals.get(session, hold.id) is not None


def _fail(hold: Hold, why: RefusedFileError) -> bool:
    """Note the reason. False: the lease is lost, and nothing was written."""
    with transaction() as session:
        recorded = arrivals.fail(
            session, hold.id, hold.attempt, now(), kind=None, code=why.code, message=why.message
        )
    log.info("arrival_refused", code=why.code, recorded=recorded)
    return recorded
