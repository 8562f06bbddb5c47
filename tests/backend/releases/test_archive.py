"""The archive that is never built: a true ZIP, any part of it the same, of any size."""

import io
import itertools
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.releases import archive as archives
from backend.releases.archive import CHUNK, Archive, Member, Run, measure, same_entries

MOMENT = datetime(2021, 2, 3, 4, 5, 7, tzinfo=UTC)
STORED = {"a": b"first" * 10, "b": b"", "c": bytes(range(256)) * 3}


def opener(stored: dict[str, bytes]) -> Any:
    return lambda key, start: io.BytesIO(stored[key][start:])


def members(stored: dict[str, bytes]) -> list[Member]:
    return [
        Member(f"folder/{key}.bin", len(each), zlib.crc32(each), key)
        for key, each in stored.items()
    ]


def in_runs(files: Sequence[Member], size: int = 10**9) -> Archive:
    """An archive of these files, in runs of so many."""
    slices = [files[start : start + size] for start in range(0, len(files), size)]
    runs: list[Run] = []
    for some in slices:
        runs.append(measure(some, sum(run.bytes for run in runs), MOMENT))
    return Archive(runs, MOMENT, slices.__getitem__)


def whole(archive: Archive, stored: dict[str, bytes] = STORED) -> bytes:
    return b"".join(archive.read(0, archive.size, opener(stored)))


def test_it_holds_its_files_and_has_the_size_it_says() -> None:
    note = Member("note.txt", 2, zlib.crc32(b"hi"), content=b"hi")
    archive = in_runs([*members(STORED), note])
    content = whole(archive)
    assert len(content) == archive.size
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            "folder/a.bin": STORED["a"],
            "folder/b.bin": b"",
            "folder/c.bin": STORED["c"],
            "note.txt": b"hi",
        }
        assert found.infolist()[0].date_time == (2021, 2, 3, 4, 5, 6)


@given(st.data())
def test_any_part_is_that_part_of_the_whole(data: st.DataObject) -> None:
    archive = in_runs(members(STORED))
    content = whole(archive)
    start = data.draw(st.integers(0, archive.size))
    stop = data.draw(st.integers(start, archive.size))
    assert b"".join(archive.read(start, stop, opener(STORED))) == content[start:stop]


def test_only_what_is_asked_for_is_opened() -> None:
    opened: list[tuple[str, int]] = []

    def open_(key: str, start: int) -> BinaryIO:
        opened.append((key, start))
        return io.BytesIO(STORED[key][start:])

    archive = in_runs(members(STORED))
    place = whole(archive).index(STORED["c"])
    b"".join(archive.read(place + 7, place + 20, open_))
    assert opened == [("c", 7)]


def test_the_tag_tells_files_apart() -> None:
    same = in_runs(members(STORED))
    other = in_runs(members(STORED | {"a": b"other"}))
    fewer = in_runs(members(STORED)[:-1])
    assert same.etag == in_runs(members(STORED)).etag
    assert len({same.etag, other.etag, fewer.etag}) == 3


def test_a_file_that_has_become_shorter_ends_it_before_its_end() -> None:
    archive = in_runs(members(STORED))
    with pytest.raises(EOFError, match="a are missing"):
        whole(archive, STORED | {"a": b"fir"})


class Sparse(io.RawIOBase):
    """A file of which only some places are written down; all else reads as zeros."""

    def __init__(self, size: int, parts: Sequence[tuple[int, bytes]]) -> None:
        self.size, self.parts, self.at = size, parts, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = {0: 0, 1: self.at, 2: self.size}[whence] + offset
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self.size - self.at)
        content = bytearray(count)
        for place, part in self.parts:
            for n, byte in enumerate(part, place - self.at):
                if 0 <= n < count:
                    content[n] = byte
        buffer[:count] = content
        self.at += count
        return count


def test_files_and_archives_beyond_four_gigabytes_are_read_back() -> None:
    """Headers and directory are real, and between them are zeros that nobody has to write."""
    large = 5 * 1024**3
    tail = b"the last one lies behind 5 GB"
    archive = in_runs(
        [
            Member("large.bin", large, 0, "zeros"),
            Member("tail.txt", len(tail), zlib.crc32(tail), "t"),
        ]
    )
    data_at = archive.size - large
    head = b"".join(archive.read(0, 200, lambda _key, _start: io.BytesIO(bytes(200))))
    rest_at = archive.size - 600
    rest = b"".join(
        archive.read(
            rest_at,
            archive.size,
            lambda key, start: io.BytesIO(tail[start:] if key == "t" else bytes(600)),
        )
    )
    file = io.BufferedReader(Sparse(archive.size, [(0, head), (rest_at, rest)]))
    with zipfile.ZipFile(file) as found:
        first, behind = found.infolist()
        assert (first.filename, first.file_size) == ("large.bin", large)
        assert behind.header_offset > large
        assert found.read("tail.txt") == tail
    assert data_at < 1000


def test_more_files_than_sixteen_bits_count_are_read_back() -> None:
    archive = in_runs([Member(f"{n}", 0, 0, content=b"") for n in range(70_000)], 9999)
    with zipfile.ZipFile(io.BytesIO(whole(archive))) as found:
        assert len(found.namelist()) == 70_000


def test_content_comes_in_pieces() -> None:
    stored = {"big": bytes(3 * CHUNK + 5)}
    pieces = list(in_runs(members(stored)).read(0, 10**9, opener(stored)))
    assert max(map(len, pieces)) == CHUNK
    assert sum(map(len, pieces)) == in_runs(members(stored)).size


def many(count: int = 30) -> tuple[list[Member], dict[str, bytes]]:
    """Files of several sizes, empty ones among them, and their contents."""
    stored = {f"{n:02}": bytes([n]) * (n * 37 % 400) for n in range(count)}
    return members(stored), stored


@pytest.mark.parametrize("most", [2**32 - 1, 1000, 300])
@pytest.mark.parametrize("size", [1, 4, 7, 29])
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_runs_make_the_same_archive_as_all_files_at_once(
    monkeypatch: pytest.MonkeyPatch, most: int, size: int, data: st.DataObject
) -> None:
    """With limits of ZIP64 that some of the files and offsets exceed, too."""
    monkeypatch.setattr(archives, "_MAX_32", most)
    files, stored = many()
    at_once, split = in_runs(files), in_runs(files, size)
    content = whole(at_once, stored)
    assert split.size == at_once.size == len(content)
    start = data.draw(st.integers(0, split.size))
    stop = data.draw(st.integers(start, split.size))
    assert b"".join(split.read(start, stop, opener(stored))) == content[start:stop]
    assert whole(split, stored) == content


def test_a_range_loads_only_the_runs_it_meets() -> None:
    files, stored = many()
    slices = [files[start : start + 5] for start in range(0, 30, 5)]
    loaded: list[int] = []

    def load(index: int) -> Sequence[Member]:
        loaded.append(index)
        return slices[index]

    runs = [measure(some, 0, MOMENT) for some in slices]
    archive = Archive(runs, MOMENT, load)
    at = runs[0].bytes + runs[1].bytes + 3
    b"".join(archive.read(at, at + 10, opener(stored)))
    assert loaded == [2]
    b"".join(archive.read(archive.size - 30, archive.size, opener(stored)))
    assert loaded == [2, 5]
    assert (archive.size > 0, archive.etag != "", loaded) == (True, True, [2, 5])


def test_entries_grow_at_the_offset_that_needs_more_than_32_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "_MAX_32", 5000)
    files, _ = many(4)
    sizes = {at: measure(files, at, MOMENT) for at in (0, 1000, 4900, 5000, 9000)}
    assert sizes[0] == sizes[1000]
    assert sizes[5000] == sizes[9000]
    assert sizes[1000].directory_bytes < sizes[4900].directory_bytes < sizes[5000].directory_bytes
    assert same_entries(sizes[0], 0, 1000)
    assert same_entries(sizes[0], 5000, 9000)
    assert not same_entries(sizes[0], 1000, 4900)
    assert not same_entries(sizes[0], 4900, 5000)


def test_it_can_be_written_out_and_unpacked(tmp_path: Path) -> None:
    archive = in_runs(members(STORED))
    path = tmp_path / "it.zip"
    with path.open("wb") as file:
        for piece in itertools.chain(
            archive.read(0, 30, opener(STORED)), archive.read(30, archive.size, opener(STORED))
        ):
            file.write(piece)
    with zipfile.ZipFile(path) as found:
        found.extractall(tmp_path)
    assert (tmp_path / "folder" / "c.bin").read_bytes() == STORED["c"]
