"""The archive of a release, in parts of some recordings: measured, stored, and opened to be read.

The parts are stored when the release is made. Where recordings were removed since, or returned,
only the parts with these are measured again: at once by whoever opens the archive, and for good by
the worker's maintenance.
"""

import csv
import io
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from backend.releases import repository
from backend.releases.archive import Archive, Member, Open, Run, measure, same_entries
from backend.releases.repository import PartItem
from backend.tables import ArchivePart, Release
from backend.tables.releases import StoredFile

ITEMS = 200
"""Recordings of a part: what is loaded to answer a range request, however small."""

Sessions = Callable[[], AbstractContextManager[Session]]


class Part(NamedTuple):
    """Some recordings of a release, from `first_id` on: their size in its archive.

    `withdrawn` are the lines of `WITHDRAWN.csv` for those that were removed.
    """

    first_id: UUID
    run: Run
    withdrawn: str

    def removed(self) -> set[UUID]:
        """The recordings that were removed."""
        return {UUID(line[0]) for line in csv.reader(io.StringIO(self.withdrawn))}


class ArchiveChangedError(Exception):
    """Recordings were removed between the archive's head and its first byte."""


@dataclass(frozen=True, slots=True)
class MeasuredArchive:
    """An archive of which size and ETag are stored: its parts are read when its bytes are."""

    size: int
    etag: str
    opened: Callable[[], Archive]

    def read(self, start: int, stop: int, opener: Open) -> Iterator[bytes]:
        """The bytes from `start` up to but not including `stop`, in chunks.

        Raises:
            ArchiveChangedError: it has another ETag by now.
        """
        archive = self.opened()
        if archive.etag != self.etag:
            raise ArchiveChangedError(self.etag)
        yield from archive.read(start, stop, opener)


def open_archive(
    session: Session, release: Release, sessions: Sessions
) -> Archive | MeasuredArchive:
    """The archive of a finished release, without the recordings removed since.

    Args:
        session: reads its size.
        release: number, date and the files at its top.
        sessions: makes sessions that read its files while it is sent.
    """
    size, etag = release.measured_bytes, release.measured_etag
    if size is None or etag is None or release.measured_removals != release.removals:
        return lay_out(release, release.files.files, current(session, release), sessions)
    number = release.number

    def opened() -> Archive:
        with sessions() as reading:
            found = reading.get_one(Release, number)
            return lay_out(found, found.files.files, current(reading, found), sessions)

    return MeasuredArchive(size, etag, opened)


def lay_out(
    release: Release, top: Sequence[StoredFile], parts: Sequence[Part], sessions: Sessions
) -> Archive:
    """The archive of these parts behind the files at the top; `WITHDRAWN.csv` is at its end."""
    first = [_member(release.number, file) for file in top]
    last = _list_of_withdrawn(release.number, parts)
    runs = [measure(first, 0, release.created_at), *(part.run for part in parts)]
    runs.append(measure(last, sum(run.bytes for run in runs), release.created_at))

    def load(index: int) -> Sequence[Member]:
        if index == 0:
            return first
        if index > len(parts):
            return last
        with sessions() as session:
            items = _items(session, release.number, parts, index - 1)
        return _members(release.number, items, parts[index - 1].removed())

    return Archive(runs, release.created_at, load)


def current(session: Session, release: Release) -> list[Part]:
    """The parts of a release's archive as they are now: those stored, or else measured."""
    if release.measured_removals is None:
        return measured(session, release, release.files.files)
    parts = [
        Part(first_id, Run(members, size, directory_bytes, digest), withdrawn)
        for first_id, members, size, directory_bytes, digest, withdrawn in (
            repository.archive_parts(session, release.number)
        )
    ]
    if release.measured_removals == release.removals:
        return parts
    return _measured_again(session, release, parts)


def measured(session: Session, release: Release, top: Iterable[StoredFile]) -> list[Part]:
    """All parts of the archive of a release whose files at the top are `top`."""
    offset = _top_bytes(release, top)
    parts = []
    for items in repository.item_batches(session, release.number, ITEMS):
        parts.append(_measure(release, items, offset))
        offset += parts[-1].run.bytes
    return parts


def store(
    session: Session, release: Release, top: Sequence[StoredFile], parts: Sequence[Part]
) -> None:
    """Replace the stored parts of a release by these, which were measured at its `removals`.

    Args:
        session: writes them.
        release: as it was when they were measured.
        top: the files at its top.
        parts: all parts of its archive.
    """
    rows = [
        ArchivePart(
            release_number=release.number,
            first_id=part.first_id,
            members=part.run.members,
            bytes=part.run.bytes,
            directory_bytes=part.run.directory_bytes,
            digest=part.run.digest,
            withdrawn=part.withdrawn,
        )
        for part in parts
    ]
    archive = lay_out(release, top, parts, lambda: nullcontext(session))
    repository.replace_archive_parts(
        session, release.number, rows, release.removals, archive.size, archive.etag
    )


def _measured_again(session: Session, release: Release, parts: Sequence[Part]) -> list[Part]:
    """The parts, of which those are measured again that recordings left or returned to."""
    removed = repository.removed_ids(session, release.number)
    firsts = [part.first_id for part in parts]
    now: list[set[UUID]] = [set() for _ in parts]
    for one in removed:
        now[bisect_right(firsts, one) - 1].add(one)
    before = after = _top_bytes(release, release.files.files)
    found = []
    for index, part in enumerate(parts):
        again = now[index] != part.removed() or not same_entries(part.run, before, after)
        before += part.run.bytes
        if again:
            part = _measure(release, _items(session, release.number, parts, index), after)
        found.append(part)
        after += part.run.bytes
    return found


def _measure(release: Release, items: Sequence[PartItem], offset: int) -> Part:
    removed = [item for item in items if item.removed]
    members = _members(release.number, items, {item.contribution_id for item in removed})
    run = measure(members, offset, release.created_at)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for item in removed:
        path = "" if item.files is None else item.files.recording.path
        writer.writerow((item.contribution_id, path))
    return Part(items[0].contribution_id, run, lines.getvalue())


def _items(session: Session, number: int, parts: Sequence[Part], index: int) -> Sequence[PartItem]:
    """The recordings of a part."""
    end = parts[index + 1].first_id if index + 1 < len(parts) else None
    return repository.part_items(session, number, parts[index].first_id, end)


def _members(number: int, items: Iterable[PartItem], removed: set[UUID]) -> list[Member]:
    """The files of these recordings but for those that were removed."""
    return [
        _member(number, file)
        for item in items
        if item.files is not None and item.contribution_id not in removed
        for file in item.files.all()
    ]


def _list_of_withdrawn(number: int, parts: Iterable[Part]) -> list[Member]:
    """`WITHDRAWN.csv`, if recordings were removed."""
    lines = "".join(part.withdrawn for part in parts)
    if not lines:
        return []
    content = f"Filename,File\n{lines}".encode()
    name = f"{_root(number)}/WITHDRAWN.csv"
    return [Member(name, len(content), zlib.crc32(content), content=content)]


def _member(number: int, file: StoredFile) -> Member:
    return Member(f"{_root(number)}/{file.path}", file.bytes, file.crc32, file.key)


def _root(number: int) -> str:
    return f"pocovid-release-{number}"


def _top_bytes(release: Release, top: Iterable[StoredFile]) -> int:
    members = [_member(release.number, file) for file in top]
    return measure(members, 0, release.created_at).bytes
