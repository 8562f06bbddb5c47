"""Counts and measures are those of the recordings, and every fault is listed."""

import csv
import json
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.extraction import FrameCache
from models.data.index import read_index
from models.data.statistics.files import write
from models.data.statistics.survey import Spread, Survey, survey
from tests.models import mini_dataset
from tests.models.mini_dataset import TWO_OF_EACH, Row


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """Six good recordings, a viral one, a linear one, a copy, a broken file, and two orphans."""
    folder = tmp_path_factory.mktemp("survey")
    rows = [
        *TWO_OF_EACH,
        Row("vir.png", "viral", "v"),
        Row("lin.mp4", "covid19", "l", probe="linear"),
        Row("copy.png", "healthy", "somebody else"),
        Row("broken.mp4", "healthy"),
    ]
    home = mini_dataset.make(folder, [*rows, Row("orphan.png", "covid19")])
    mini_dataset.write_table(folder, [*rows, Row("elsewhere.mp4", "covid19")])
    stills = home / "pocus_images/convex"
    (stills / "copy.png").write_bytes((stills / "healthy_0.png").read_bytes())
    (home / "pocus_videos/convex/broken.mp4").write_bytes(b"")
    index = read_index(home)
    cache = FrameCache(folder / "frames")
    failed = cache.fill(index.entries, lambda _done, _total: None, workers=1)
    known = {entry.sha256 for entry in index.entries} - set(failed)
    return survey(index, {sha256: cache.facts(sha256) for sha256 in known}, failed)


def test_counts_by_class_and_probe_in_the_order_of_the_classes(found: Survey) -> None:
    lines = {(line.names["probe"], line.names["class"]): line for line in found.by_class}
    assert list(lines) == [
        ("convex", "covid19"),
        ("convex", "pneumonia"),
        ("convex", "healthy"),
        ("convex", "viral"),
        ("linear", "covid19"),
    ]
    healthy = lines["convex", "healthy"]
    assert (healthy.recordings, healthy.videos, healthy.stills) == (3, 1, 2)
    assert (healthy.patients, healthy.frames) == (3, 4)
    assert healthy.frames_per_video == Spread(1, 2.0, None, 2.0, 2.0)
    assert healthy.frame_rate_hz.mean == pytest.approx(2)
    assert healthy.length_s.mean == pytest.approx(1)


def test_the_same_recordings_are_counted_by_source(found: Survey) -> None:
    for lines in (found.by_source, found.by_class, found.overall):
        assert sum(line.recordings for line in lines) == len(found.recordings) == 9
    assert {line.names["source"] for line in found.by_source} == {"7"}


def test_copies_broken_files_and_orphans_are_listed(found: Survey) -> None:
    exact = [pair for pair in found.duplicates if pair.exact]
    assert [(pair.one.path.name, pair.other.path.name) for pair in exact] == [
        ("copy.png", "healthy_0.png")
    ]
    assert exact[0].across_patients
    assert list(found.unreadable) == ["pocus_videos/convex/broken.mp4"]
    assert found.rows_without_file == ("elsewhere",)
    assert found.files_without_row == ("orphan.png",)


def test_is_written_as_json_tables_and_a_figure(found: Survey, tmp_path: Path) -> None:
    paths = write(found, tmp_path / "out")
    assert all(path.stat().st_size for path in paths)
    summary = json.loads((tmp_path / "out/stats.json").read_text())
    assert len(summary["recordings"]) == 9
    assert summary["unreadable"]
    with (tmp_path / "out/by_class.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows][:3] == ["covid19", "pneumonia", "healthy"]
    assert rows[0]["frames_per_video_mean"] == "2.0"
    assert rows[0]["frames_per_video_sd"] == ""
    assert (tmp_path / "out/stats.png").read_bytes().startswith(b"\x89PNG")


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=30))
def test_spread_is_what_the_standard_library_says(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert spread.sd == pytest.approx(statistics.stdev(values), abs=1e-6)
    assert (spread.least, spread.most) == (min(values), max(values))


def test_spread_of_nothing_is_nothing() -> None:
    assert Spread.of([]) == Spread(0, None, None, None, None)
