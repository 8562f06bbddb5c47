"""The release task: measure and publish each recording's files, write the tables, and finish.

It works a few seconds at a time and then steps aside, so that even a release of thousands of
recordings keeps nobody waiting. What is measured stays noted: whatever kills a worker, the next
one goes on there, and the release comes out the same.
"""

import hashlib
import itertools
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TextIO, TypeVar
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.kinds import RELEASING
from backend.jobs.leases import Failure, LeaseLostError
from backend.jobs.names import RELEASE
from backend.releases import parts, repository
from backend.storage.base import MissingObjectError
from backend.storage.keys import dataset_frame_key, published_folder, published_key, release_key
from backend.storage.private_files import private_folder
from backend.tables import Contribution, Release, ReleaseItem
from backend.tables.releases import (
    Difference,
    Facts,
    ItemFiles,
    StoredFile,
    Summary,
    TopFiles,
)
from models.media import sampling
from worker import process
from worker.maintenance.duties import ORPHANED_AFTER, delete_objects, duty, for_each, requeue
from worker.releases import files
from worker.releases.croissant import croissant
from worker.runner import Again, Done, Job, JobSpec, Outcome, run_job
from worker.task import reading, task, transaction

log = structlog.get_logger(__name__)

TURN_S = 5.0
"""After so many seconds whatever else waits has its turn."""

INTERNAL = Failure("Something went wrong on our side. It was noted; please try again.")
EMPTY = Failure("Every recording was withdrawn before the release was finished.")

_CHUNK = 1024 * 1024
_CHUNK_OF_IDS = 500
_ITEMS_AT_ONCE = 100

Found = TypeVar("Found")


class EmptyReleaseError(Exception):
    """Nothing is left to publish."""


@task(RELEASE)
def release(notified_for: str) -> None:
    """Go on with the release that waits."""
    run_job(SPEC, notified_for)


@duty("requeue-releases")
def requeue_expired() -> None:
    """Queue again what lost its worker or its message; give up what cannot be done."""
    requeue("requeue-releases", RELEASING, given_up=_free)


def _free(session: Session, number: int) -> None:
    """A release failed: its recordings are free for the next."""
    repository.delete_items(session, number)
    audit.record(session, None, "releases.failed", "release", number)


@duty("measure-archives")
def measure_archives() -> int:
    """Measure archives anew that recordings were withdrawn from; how many there were."""
    with reading() as session:
        numbers = repository.not_measured(session)
    return for_each("measure-archives", numbers, _measure_archive)


def _measure_archive(number: int) -> None:
    with reading() as session:
        row = session.get_one(Release, number)
        measured = parts.current(session, row)
    with transaction() as session:
        parts.store(session, row, row.files.files, measured)


@duty("sweep-releases", hourly=True)
def sweep_releases() -> int:
    """Delete what no release serves (see `sweep`)."""
    return sweep(utc_now() - ORPHANED_AFTER)


def sweep(before: datetime) -> int:
    """Delete published files that no release serves, and the tables of attempts that ended.

    Only what nobody wrote since `before`; how many objects went.
    """
    storage = process.current().storage
    with reading() as session:
        known = repository.file_keys(session)
        making = repository.under_way(session) is not None
    old = [] if making else [e.key for e in storage.listing("releases") if e.modified_at < before]
    orphans = [key for key in old if key not in known]
    owned: dict[UUID, list[str]] = {}
    for stored in storage.listing("published"):
        if stored.modified_at < before:
            owned.setdefault(UUID(stored.key.split("/")[1]), []).append(stored.key)
    ids = iter(owned)
    while chunk := set(itertools.islice(ids, _CHUNK_OF_IDS)):
        with reading() as session:
            unreleased = chunk - repository.released_ids(session, chunk)
        orphans += [key for owner in unreleased for key in owned[owner]]
    return delete_objects("sweep-releases", orphans)


def _make(job: Job[Release]) -> Outcome:
    """Go on where the last turn ended, and publish once every recording is measured."""
    try:
        return _finish(job) if _measure(job) else Again()
    except SoftTimeLimitExceeded:  # maintenance announces it when it has rested
        log.warning("release_waits", exc_info=True)
        return Again(announced=False)


def _failure_of(error: Exception) -> Failure | None:
    if isinstance(error, EmptyReleaseError):
        return EMPTY
    if isinstance(error, MissingObjectError):
        return Failure(f"The stored files of a recording are missing ({error}).")
    return None


# Recordings.


def _measure(job: Job[Release]) -> bool:
    """Publish the files of recordings and note what they are; whether all are done in this turn."""
    until = time.monotonic() + TURN_S
    number, after = job.row.number, None
    while True:
        with reading() as session:
            members = repository.unmeasured(session, number, after, _ITEMS_AT_ONCE)
            ids = [member.contribution_id for member in members]
            earlier = repository.earlier_items(session, ids)
        for member in members:
            if job.lost.is_set():
                raise LeaseLostError
            if time.monotonic() > until:
                return False
            _publish(job, member, earlier.get(member.contribution_id))
        if len(members) < _ITEMS_AT_ONCE:
            return True
        after = ids[-1]


def _publish(job: Job[Release], member: ReleaseItem, earlier: ReleaseItem | None) -> None:
    """Copy one recording's files to where releases serve them, and note what they are."""
    contribution = member.contribution
    if repository.is_removed(contribution):
        return  # left out at the end
    known = None if earlier is None else earlier.files
    if earlier and earlier.facts and known and _is_unchanged(known, contribution):
        facts, same = earlier.facts, known.recording
        path = _path(contribution, PurePosixPath(same.key).suffix)
        found = ItemFiles(recording=same.model_copy(update={"path": path}), frames=known.frames)
    else:
        try:
            facts, found = _copied(contribution)
        except MissingObjectError:
            if _is_gone(job.row.number, contribution.id):
                return
            raise
    try:
        with transaction() as session:
            leases.progress(session, job.lease, utc_now(), done=Release.done + 1)
            repository.note_item(session, job.row.number, contribution.id, facts, found)
    finally:
        if _is_gone(job.row.number, contribution.id):  # while we copied: nothing of it may stay
            process.current().storage.delete_folder(published_folder(contribution.id))


def _is_unchanged(earlier: ItemFiles, contribution: Contribution) -> bool:
    """Whether an earlier release serves exactly these pixels already."""
    same = earlier.recording.sha256 == contribution.pixels_sha256
    return same and len(earlier.frames) == contribution.dataset_frames


def _is_gone(number: int, contribution_id: UUID) -> bool:
    with reading() as session:
        item = repository.item(session, number, contribution_id)
    return item is None or repository.is_removed(item.contribution)


def _copied(contribution: Contribution) -> tuple[Facts, ItemFiles]:
    """What is known of a recording, and its files."""
    assert contribution.pixels_key is not None, contribution.id  # noqa: S101  # `ready` asks for it
    suffix = PurePosixPath(contribution.pixels_key).suffix
    recording, facts = _copy(
        contribution, contribution.pixels_key, _path(contribution, suffix), _facts
    )
    if recording.sha256 != contribution.pixels_sha256:
        log.error("stored_bytes_changed", key=contribution.pixels_key)
        raise MissingObjectError(contribution.pixels_key)
    frames = []
    for index in range(contribution.dataset_frames):
        key = dataset_frame_key(contribution.id, index)
        path = f"frames/{contribution.id}/{index:02}{PurePosixPath(key).suffix}"
        frames.append(_copy(contribution, key, path, lambda _: None)[0])
    return facts, ItemFiles(recording=recording, frames=frames)


def _copy(
    contribution: Contribution, key: str, path: str, look: Callable[[Path], Found]
) -> tuple[StoredFile, Found]:
    """Copy one file by way of the incoming folder, hashed as it goes, and look at the copy."""
    this_process = process.current()
    digest, crc32, size = hashlib.sha256(), 0, 0
    with private_folder(this_process.settings.incoming_dir) as folder:
        copy = folder / "copy"
        with closing(this_process.storage.open(key)) as source, copy.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                crc32 = zlib.crc32(chunk, crc32)
                size += target.write(chunk)
        found = look(copy)
        sha256 = digest.hexdigest()
        home = published_key(contribution.id, sha256, PurePosixPath(key).suffix)
        this_process.storage.put(home, copy)
    return StoredFile(path=path, key=home, bytes=size, sha256=sha256, crc32=crc32), found


def _path(contribution: Contribution, suffix: str) -> str:
    """Where a recording lies in the public dataset's layout, under a name of ours."""
    return f"pocus_{contribution.kind}s/{contribution.probe}/{contribution.id}{suffix}"


def _facts(path: Path) -> Facts:
    found = sampling.probe(path)
    rate = round(found.frames / found.duration_s, 2) if found.duration_s else ""
    return Facts(width=found.width, height=found.height, frames=found.frames, rate=rate)


# The whole.


def _finish(job: Job[Release]) -> Done:
    """Write the tables over what was not withdrawn meanwhile, and publish."""
    number = job.row.number
    with transaction() as session:
        leases.renew(session, job.lease, utc_now())
        repository.drop_gone(session, number)
    with reading() as session:
        row = session.get_one(Release, number)
        summary, diff = repository.figures(session, number)
    if not summary.recordings:
        raise EmptyReleaseError
    top = _write_top(job, row, summary, diff)
    row, measured = _measure_new(number, top)
    columns = {
        "summary": summary,
        "diff": diff,
        "files": TopFiles(files=top),
        "archive_bytes": parts.lay_out(row, top, measured, reading).size,
    }

    def also(session: Session) -> None:
        parts.store(session, row, top, measured)
        audit.record(
            session,
            None,
            "releases.published",
            "release",
            number,
            recordings=summary.recordings,
        )

    return Done(columns, also)


def _measure_new(number: int, top: Sequence[StoredFile]) -> tuple[Release, list[parts.Part]]:
    """The release as it is now, and the parts of its archive."""
    with reading() as session:
        row = session.get_one(Release, number)
        return row, parts.measured(session, row, top)


def _write_top(
    job: Job[Release], row: Release, summary: Summary, diff: Difference
) -> list[StoredFile]:
    """Store the files at the top; each as it is listed."""
    with private_folder(process.current().settings.incoming_dir) as folder:
        checksums = files.Checksums(folder)
        licences, suffixes = _write_tables(row.number, folder, checksums)
        with _text(folder / files.CHANGES) as file:
            files.write_changes(file, diff)
        names = (files.TABLE, files.FOLDS, files.CHANGES)
        tables = [_stored(job, folder / name) for name in names]
        document = croissant(row, summary, licences, suffixes, tables)
        for name, text in (
            (files.README, files.readme(row, summary, diff)),
            (files.CROISSANT, document),
        ):
            with _text(folder / name) as file:
                file.write(text)
        top = [_stored(job, folder / name) for name in (files.README, files.CROISSANT)] + tables
        with _text(folder / files.CHECKSUMS) as file:
            checksums.write(file, top)
        return [_stored(job, folder / files.CHECKSUMS), *top]


def _write_tables(
    number: int, folder: Path, checksums: files.Checksums
) -> tuple[set[str], set[str]]:
    """Write what has a line for each recording; their licences' addresses and their suffixes."""
    licences, suffixes = set(), set()
    with (
        reading() as session,
        _text(folder / files.TABLE) as table_file,
        _text(folder / files.FOLDS) as fold_file,
    ):
        table, folds = files.Table(table_file), files.FoldTable(fold_file)
        for item in repository.whole_items(session, number):
            table.add(item)
            folds.add(item)
            checksums.add(item)
            licences.add(item.row["LinkToLicense"])
            suffixes.add(PurePosixPath(files.measured(item)[1].recording.path).suffix)
    return licences, suffixes


def _text(path: Path) -> TextIO:
    """A new file for text, written as it is given."""
    return path.open("w", encoding="utf-8", newline="")


def _stored(job: Job[Release], path: Path) -> StoredFile:
    """Store a file at the top of the release, as it is listed."""
    digest, crc32, size = hashlib.sha256(), 0, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            size += len(chunk)
    key = release_key(job.row.number, job.lease.attempt, path.name)
    process.current().storage.put(key, path)
    return StoredFile(path=path.name, key=key, bytes=size, sha256=digest.hexdigest(), crc32=crc32)


SPEC = JobSpec(
    kind=RELEASING,
    work=_make,
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("release",),
    on_failed=lambda session, lease, _why: _free(session, lease.key),
)
