"""A dataset comes in whole: from a folder, from a repository, again, and with faults in it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from models.data.extraction import FrameCache
from models.data.importing import RECORDINGS, import_dataset
from models.data.index import METADATA, DatasetError, read_index
from tests.models import mini_dataset
from tests.models.mini_dataset import TWO_OF_EACH, Row


def nobody(_said: str, _done: int, _total: int) -> None:
    """Listens to no progress."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return mini_dataset.make(tmp_path / "source")


@pytest.fixture
def cache(tmp_path: Path) -> FrameCache:
    return FrameCache(tmp_path / "frames")


def keys(folder: Path) -> dict[str, str]:
    return {entry.key: entry.sha256 for entry in read_index(folder).entries}


def test_every_recording_its_row_and_its_frames_come_in(
    source: Path, cache: FrameCache, tmp_path: Path
) -> None:
    found = import_dataset(str(source), tmp_path / "into", cache, nobody)
    assert (found.copied, dict(found.unreadable)) == (6, {})
    assert keys(tmp_path / "into") == keys(source)
    told = json.loads((tmp_path / "into" / RECORDINGS).read_text())
    assert {each["key"] for each in told} == set(keys(source))
    clip = next(each for each in told if each["key"].endswith("pneumonia_1.mp4"))
    assert (clip["label"], clip["probe"], clip["patient"]) == ("pneumonia", "convex", "pneumonia 1")
    assert clip["measured"]["frame_rate_hz"] == pytest.approx(2)
    assert len(clip["fingerprints"]) == 2
    for entry in read_index(tmp_path / "into").entries:
        assert len(cache.frames(entry.sha256)) == (2 if entry.kind == "video" else 1)


def test_done_again_it_copies_what_is_new_and_mends_what_is_broken(
    source: Path, cache: FrameCache, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    import_dataset(str(source), into, cache, nobody)
    (into / "pocus_images/convex/covid19_0.png").write_bytes(b"half")
    rows = [*TWO_OF_EACH, Row("more.png", "healthy")]
    mini_dataset.make(source, rows)
    assert import_dataset(str(source), into, cache, nobody).copied == 2
    assert keys(into) == keys(source)


def test_an_unreadable_recording_is_named_and_stays_outside(
    source: Path, cache: FrameCache, tmp_path: Path
) -> None:
    (source / "pocus_videos/convex/healthy_1.mp4").write_bytes(b"not a video")
    found = import_dataset(str(source), tmp_path / "into", cache, nobody)
    assert list(found.unreadable) == ["pocus_videos/convex/healthy_1.mp4"]
    assert read_index(tmp_path / "into").rows_without_file == ("healthy_1",)


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_repository_with_the_dataset_as_data_comes_in_by_its_address(
    cache: FrameCache, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    mini_dataset.make(repository / "data")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", *command], cwd=repository, check=True)
    import_dataset(f"file://{repository}", tmp_path / "into", cache, nobody)
    assert keys(tmp_path / "into") == keys(repository / "data")


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/nothing.git", "file:///nowhere/at/all"], ids=["network", "file"]
)
def test_a_repository_that_cannot_be_reached_is_named_with_what_to_do(
    address: str, cache: FrameCache, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="could not be fetched") as caught:
        import_dataset(address, tmp_path / "into", cache, nobody)
    assert address in str(caught.value)
    assert "give its folder" in str(caught.value)
    assert not (tmp_path / "into").exists()


def test_a_folder_without_a_dataset_and_the_source_itself_are_refused(
    source: Path, cache: FrameCache, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=METADATA):
        import_dataset(str(tmp_path), tmp_path / "into", cache, nobody)
    with pytest.raises(DatasetError, match="source itself"):
        import_dataset(str(source), source, cache, nobody)
