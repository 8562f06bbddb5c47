"""The release task: measure and publish each recording's files, write the tables, and finish.

It works a few seconds at a time and then steps aside, so that even a release of thousands of
recordings keeps nobody waiting. What is measured stays noted: whatever kills a worker, the next
one goes on there, and the release comes out the same.
"""

import hashlib
import itertools
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import now
from backend.jobs import leases
from backend.jobs.kinds import RELEASING
from backend.jobs.leases import Failure, LeaseLostError
from backend.jobs.names import RELEASE
from backend.releases import repository
from backend.releases.archive import of_release
from backend.storage.base import MissingObjectError
from backend.storage.keys import dataset_frame_key, published_folder, published_key, release_key
from backend.storage.private_files import private_folder
from backend.tables import Contribution, Release, ReleaseItem
from backend.tables.releases import (
    Difference,
    Facts,
    ItemFiles,
    ReleaseSummary,
    StoredFile,
    Summary,
    TopFiles,
)
from models.media import sampling
from worker import process
from worker.maintenance.duties import ORPHANED_AFTER, delete_objects, duty, requeue
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


@duty("sweep-releases", hourly=True)
def sweep_releases() -> int:
    """Delete what no release serves (see `sweep`)."""
    return sweep(now() - ORPHANED_AFTER)


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
    for each in storage.listing("published"):
        if each.modified_at < before:
            owned.setdefault(UUID(each.key.split("/")[1]), []).append(each.key)
    ids = iter(owned)
    while chunk := set(itertools.islice(ids, _CHUNK_OF_IDS)):
        with reading() as session:
            strangers = chunk - repository.released_ids(session, chunk)
        orphans += [key for stranger in strangers for key in owned[stranger]]
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
    with reading() as session:
        members = [each for each in repository.items(session, job.row.number) if each.files is None]
        earlier = repository.earlier_items(session, [each.contribution_id for each in members])
    for member in members:
        if job.lost.is_set():
            raise LeaseLostError
        if time.monotonic() > until:
            return False
        _publish(job, member, earlier.get(member.contribution_id))
    return True


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
            leases.progress(session, job.lease, now(), done=Release.done + 1)
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
    mine = process.current()
    digest, crc32, size = hashlib.sha256(), 0, 0
    with private_folder(mine.settings.incoming_dir) as folder:
        copy = folder / "copy"
        with closing(mine.storage.open(key)) as source, copy.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                crc32 = zlib.crc32(chunk, crc32)
                size += target.write(chunk)
        found = look(copy)
        sha256 = digest.hexdigest()
        home = published_key(contribution.id, sha256, PurePosixPath(key).suffix)
        mine.storage.put(home, copy)
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
        leases.renew(session, job.lease, now())
        repository.drop_gone(session, number)
    with reading() as session:
        row = repository.get(session, number)
        assert row is not None  # noqa: S101  # releases are never deleted
        members = repository.items(session, number)
        summary, diff = repository.figures(session, number)
    if not members:
        raise EmptyReleaseError
    top = _write_top(job, row, members, summary, diff)
    everything = [*top, *_files_of(members)]
    columns = {
        "summary": ReleaseSummary(**summary.model_dump(), diff=diff),
        "files": TopFiles(files=top),
        "archive_bytes": of_release(row.number, row.created_at, everything).size,
    }
    recordings = len(members)
    return Done(
        columns,
        lambda session: audit.record(
            session, None, "releases.published", "release", number, recordings=recordings
        ),
    )


def _write_top(
    job: Job[Release],
    row: Release,
    members: Sequence[ReleaseItem],
    summary: Summary,
    diff: Difference,
) -> list[StoredFile]:
    """Store the files at the top; each as it is listed."""

    def stored(name: str, text: str) -> StoredFile:
        content = text.encode()
        key = release_key(job.row.number, job.lease.attempt, name)
        process.current().storage.put_bytes(key, content)
        return StoredFile(
            path=name,
            key=key,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            crc32=zlib.crc32(content),
        )

    tables = [
        stored(files.TABLE, files.table(members)),
        stored(files.FOLDS, files.fold_table(members)),
        stored(files.CHANGES, files.changes(diff)),
    ]
    top = [
        stored(files.README, files.readme(row, summary, diff)),
        stored(files.CROISSANT, croissant(row, summary, members, tables)),
        *tables,
    ]
    sums = files.checksums([*top, *_files_of(members)])
    return [stored(files.CHECKSUMS, sums), *top]


def _files_of(members: Sequence[ReleaseItem]) -> Iterator[StoredFile]:
    """The files of every recording."""
    for member in members:
        if member.files is not None:
            yield from member.files.all()


SPEC = JobSpec(
    kind=RELEASING,
    work=_make,
    internal=INTERNAL,
    failure_of=_failure_of,
    subject=("release",),
    on_failed=lambda session, lease, _why: _free(session, lease.key),
)
