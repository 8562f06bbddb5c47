"""The parts of an archive: the same bytes as all files at once give, whatever was removed when."""

import csv
import io
import random
import zlib
from typing import Any, BinaryIO
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.core.db import Database
from backend.releases import archive as archives
from backend.releases import parts, repository
from backend.releases.archive import Archive, Member, measure
from backend.releases.parts import ArchiveChangedError, MeasuredArchive
from backend.tables import ArchivePart, Contribution, Release
from backend.tables.releases import ItemFiles, StoredFile, TopFiles
from tests.factories_contributions import create_contribution, create_submission
from tests.factories_releases import create_item, create_release

RECORDINGS = 12


def content(key: str) -> bytes:
    """The bytes under a key, from 0 to some hundred."""
    return key.encode() * (zlib.crc32(key.encode()) % 12)


def open_stored(key: str, start: int) -> BinaryIO:
    return io.BytesIO(content(key)[start:])


def stored(path: str) -> StoredFile:
    made = content(path)
    return StoredFile(path=path, key=path, bytes=len(made), sha256="0" * 64, crc32=zlib.crc32(made))


@pytest.fixture
def ids(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The recordings of release 1, whose archive has three of them to a part, in their order."""
    monkeypatch.setattr(parts, "ITEMS", 3)
    top = TopFiles(files=[stored("README.md"), stored("SHA256SUMS")])
    with database.write() as session:
        release = create_release(session, files=top)
        submission = create_submission(session)
        found = []
        for _ in range(RECORDINGS):
            contribution = create_contribution(session, submission, state="approved")
            frames = [stored(f"frames/{contribution.id}/{n:02}.png") for n in range(3)]
            recording = stored(f"pocus_videos/convex/{contribution.id}.mp4")
            files = ItemFiles(recording=recording, frames=frames)
            create_item(session, release, contribution, files=files)
            found.append(contribution.id)
        session.commit()
    return sorted(found)


def store(database: Database) -> None:
    """What the worker's maintenance does."""
    with database.read() as session:
        release = session.get_one(Release, 1)
        measured = parts.current(session, release)
    with database.write() as session:
        parts.store(session, release, release.files.files, measured)
        session.commit()


def change(database: Database, state: str, *ids: UUID) -> None:
    with database.write() as session:
        for each in ids:
            session.get_one(Contribution, each).state = state  # type: ignore[assignment]
        session.commit()


def opened(database: Database) -> Archive | MeasuredArchive:
    with database.read() as session:
        return parts.open_archive(session, session.get_one(Release, 1), database.read)


def whole(archive: Archive | MeasuredArchive) -> bytes:
    return b"".join(archive.read(0, archive.size, open_stored))


def at_once(database: Database) -> Archive:
    """The same archive, made of all its files in one run."""
    with database.read() as session:
        release = session.get_one(Release, 1)
        files, lines = [*release.files.files], [("Filename", "File")]
        for item in repository.items(session, 1):
            assert item.files is not None
            if repository.is_removed(item.contribution):
                lines.append((str(item.contribution_id), item.files.recording.path))
            else:
                files += item.files.all()
    members = [Member(f"pocovid-release-1/{f.path}", f.bytes, f.crc32, f.key) for f in files]
    if len(lines) > 1:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        made = text.getvalue().encode()
        name = "pocovid-release-1/WITHDRAWN.csv"
        members.append(Member(name, len(made), zlib.crc32(made), content=made))
    run = measure(members, 0, release.created_at)
    return Archive([run], release.created_at, lambda _: members)


def assert_same(database: Database) -> None:
    archive, expected = opened(database), whole(at_once(database))
    assert archive.size == len(expected)
    assert whole(archive) == expected
    some = random.Random(archive.size)
    for _ in range(20):
        start = some.randrange(archive.size)
        stop = some.randrange(start, archive.size + 1)
        assert b"".join(archive.read(start, stop, open_stored)) == expected[start:stop]


@pytest.mark.parametrize("most", [2**32 - 1, 4000])
def test_whatever_is_removed_and_returns_the_bytes_are_those_of_all_files_at_once(
    database: Database, ids: list[UUID], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Before the parts are stored, after it, and with parts as before the last removals."""
    monkeypatch.setattr(archives, "_MAX_32", most)
    assert_same(database)
    change(database, "withdrawn", ids[1])
    assert_same(database)
    store(database)
    assert_same(database)
    change(database, "rejected", ids[0], *ids[3:6])
    assert_same(database)
    change(database, "withdrawn", ids[-1])
    store(database)
    assert_same(database)
    change(database, "pending", ids[0], ids[4])
    assert_same(database)
    store(database)
    assert_same(database)


def test_the_tag_changes_with_what_is_removed_and_with_nothing_else(
    database: Database, ids: list[UUID]
) -> None:
    first = opened(database).etag
    store(database)
    assert opened(database).etag == first
    change(database, "withdrawn", ids[7])
    second = opened(database).etag
    store(database)
    assert opened(database).etag == second != first
    change(database, "withdrawn", ids[6])
    change(database, "approved", ids[7])
    assert opened(database).etag not in {first, second}
    change(database, "approved", ids[6])
    assert opened(database).etag == first


def test_only_parts_that_recordings_left_are_measured_again(
    database: Database, ids: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database)
    change(database, "withdrawn", ids[4])
    read: list[UUID] = []
    real = repository.part_items

    def part_items(session: Any, number: int, first: UUID, end: UUID | None) -> Any:
        read.append(first)
        return real(session, number, first, end)

    monkeypatch.setattr(repository, "part_items", part_items)
    opened(database)
    assert read == [ids[3]]
    store(database)
    read.clear()
    opened(database)
    assert read == []


def test_a_download_sends_what_its_head_says_while_recordings_are_removed(
    database: Database, ids: list[UUID]
) -> None:
    store(database)
    expected = whole(at_once(database))
    archive = opened(database)
    sent = archive.read(0, archive.size, open_stored)
    first = next(sent)
    change(database, "withdrawn", ids[0], ids[8])
    store(database)
    assert first + b"".join(sent) == expected


def test_a_measurement_from_before_a_later_one_is_dropped(
    database: Database, ids: list[UUID]
) -> None:
    with database.read() as session:
        release = session.get_one(Release, 1)
        before = parts.current(session, release)
    change(database, "withdrawn", ids[0])
    store(database)
    with database.write() as session:
        parts.store(session, release, release.files.files, before)
        session.commit()
    assert_same(database)
    with database.read() as session:
        lines = session.scalars(select(ArchivePart.withdrawn).order_by(ArchivePart.first_id)).all()
        assert repository.not_measured(session) == []
    assert [bool(line) for line in lines] == [True, False, False, False]


def test_a_download_whose_archive_changes_before_its_first_byte_is_broken_off(
    database: Database, ids: list[UUID]
) -> None:
    store(database)
    archive = opened(database)
    change(database, "withdrawn", ids[5])
    with pytest.raises(ArchiveChangedError):
        whole(archive)
    store(database)
    with pytest.raises(ArchiveChangedError):
        whole(archive)
    assert_same(database)


def test_the_head_of_an_archive_reads_none_of_its_parts(
    database: Database, ids: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = opened(database)
    store(database)
    monkeypatch.setattr(repository, "archive_parts", lambda *_: pytest.fail("parts are read"))
    assert (opened(database).size, opened(database).etag) == (expected.size, expected.etag)
