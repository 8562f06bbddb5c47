"""Frames are decoded once, by content, in parallel or not, and never believed half written."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.data import extraction
from models.data.extraction import FrameCache, read_all
from models.data.index import DatasetError, Entry, read_index
from models.media import sampling
from tests.models import mini_dataset
from tests.models.mini_dataset import TWO_OF_EACH, Row


def nobody(_done: int, _total: int) -> None:
    """Listens to no progress."""


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Entry, ...]:
    return read_index(mini_dataset.make(tmp_path / "data")).trained


@pytest.fixture
def cache(tmp_path: Path) -> FrameCache:
    return FrameCache(tmp_path / "cache")


def test_keeps_what_a_screening_would_see(cache: FrameCache, entries: tuple[Entry, ...]) -> None:
    assert cache.fill(entries, nobody, workers=1) == {}
    for entry in entries:
        assert np.array_equal(cache.frames(entry.sha256), sampling.read_inputs(entry.path))
        facts = cache.facts(entry.sha256)
        assert facts.probe == sampling.probe(entry.path)
        assert len(facts.fingerprints) == facts.probe.sampled
        rate = 2.0 if entry.kind == "video" else None
        assert facts.frame_rate_hz == pytest.approx(rate)


def test_processes_find_the_same(entries: tuple[Entry, ...], tmp_path: Path) -> None:
    alone, many = FrameCache(tmp_path / "alone"), FrameCache(tmp_path / "many")
    alone.fill(entries, nobody, workers=1)
    told: list[tuple[int, int]] = []
    many.fill(entries, lambda *said: told.append(said), workers=2)
    assert told == [(n, 6) for n in range(7)]
    for entry in entries:
        assert np.array_equal(alone.frames(entry.sha256), many.frames(entry.sha256))
        assert alone.facts(entry.sha256) == many.facts(entry.sha256)


def test_goes_on_where_it_was_and_makes_a_damaged_file_again(
    cache: FrameCache, entries: tuple[Entry, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.fill(entries[:3], nobody, workers=1)
    damaged = cache.folder / f"{entries[0].sha256}.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:100])
    read: list[Path] = []

    def watched(path: Path, target: Path) -> tuple[str, str] | None:
        read.append(path)
        return real(path, target)

    real = extraction.extract
    monkeypatch.setattr(extraction, "extract", watched)
    told: list[tuple[int, int]] = []
    cache.fill(entries, lambda *said: told.append(said), workers=1)
    assert told[0] == (2, 6)
    assert told[-1] == (6, 6)
    assert set(read) == {entry.path for entry in (entries[0], *entries[3:])}


def test_a_renamed_copy_is_known_already(
    cache: FrameCache, entries: tuple[Entry, ...], tmp_path: Path
) -> None:
    cache.fill(entries, nobody, workers=1)
    for path in [entry.path for entry in entries]:
        path.unlink()
    assert cache.fill(entries, nobody, workers=1) == {}


def test_what_other_code_made_is_not_believed(
    cache: FrameCache, entries: tuple[Entry, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.fill(entries[:1], nobody, workers=1)
    monkeypatch.setattr(extraction, "version", lambda name: f"another {name}")
    other = FrameCache(cache.folder.parent)
    assert other.folder != cache.folder


@pytest.mark.parametrize("workers", [1, 2])
def test_an_unreadable_recording_is_named_and_the_others_are_there(
    workers: int, tmp_path: Path
) -> None:
    rows = [*TWO_OF_EACH, Row("bad.mp4", "healthy"), Row("worse.png", "covid19")]
    folder = mini_dataset.make(tmp_path / "data", rows)
    (folder / "pocus_videos/convex/bad.mp4").write_bytes(b"not a video")
    (folder / "pocus_images/convex/worse.png").write_bytes(b"")
    index = read_index(folder)
    cache = FrameCache(tmp_path / "cache")
    failed = cache.fill(index.entries, nobody, workers)
    codes = {
        entry.key: failed[entry.sha256].code for entry in index.entries if entry.sha256 in failed
    }
    assert codes == {
        "pocus_videos/convex/bad.mp4": "unsupported_type",
        "pocus_images/convex/worse.png": "empty_file",
    }
    assert len(list(cache.folder.iterdir())) == 6
    with pytest.raises(DatasetError, match=r"(bad\.mp4|worse\.png): "):
        read_all(index.entries, cache, nobody)


def test_reads_all_in_order(cache: FrameCache, entries: tuple[Entry, ...]) -> None:
    found = read_all(entries, cache, nobody)
    assert [len(each) for each in found] == [2 if e.kind == "video" else 1 for e in entries]
    shutil.rmtree(cache.folder)
    again = read_all(entries, cache, nobody)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
