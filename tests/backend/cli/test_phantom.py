"""`pocovid phantom`: what it writes and prints."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.cli import terminal
from models.media.sampling import Recording


@pytest.fixture(autouse=True)
def _leave_the_streams_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's streams are no terminal's."""
    monkeypatch.setattr(terminal, "quiet", lambda: None)


def run(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(cli.app, ["phantom", *map(str, arguments)])
    return answer.exit_code, answer.output


def test_pictures_come_with_a_sheet_and_their_truth(tmp_path: Path) -> None:
    code, said = run("--count", 3, "--out", tmp_path / "new" / "out", "--seed", 2)
    assert code == 0, said
    names = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert names == {"lung_0000.png", "lung_0001.png", "lung_0002.png", "sheet.png", "truth.json"}
    assert "sheet.png" in said


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("--count", 1, "--out", tmp_path / folder, "--seed", seed)[0] == 0
    one, two, other = ((tmp_path / n / "lung_0000.png").read_bytes() for n in "abc")
    assert one == two != other


def test_clips_have_a_truth_for_every_frame(tmp_path: Path) -> None:
    code, said = run("--count", 1, "--clips", "--frames", 4, "--out", tmp_path)
    assert code == 0, said
    assert (tmp_path / "lung_0000.gif").is_file()
    (clip,) = json.loads((tmp_path / "truth.json").read_text())["drawings"]
    assert [set(frame) >= {"time_s", "signs", "maps"} for frame in clip["frames"]] == [True] * 4


def test_others_and_the_rate_are_optional(tmp_path: Path) -> None:
    code, said = run("--count", 6, "--out", tmp_path, "--others", "--measure")
    assert code == 0, said
    assert (tmp_path / "other_0005_test_object.png").is_file()
    assert "in a second of one core" in said


@pytest.mark.parametrize("wrong", [("--count", 0), ("--size", 4)])
def test_numbers_out_of_bounds_are_refused(wrong: tuple[str, int], tmp_path: Path) -> None:
    code, said = run("--out", tmp_path / "out", *wrong)
    assert code == 2
    assert wrong[0] in said
    assert not (tmp_path / "out").exists()


def test_clips_can_be_mp4_with_the_same_frames_at_the_same_times(tmp_path: Path) -> None:
    for folder, more in (("gif", ()), ("mp4", ("--mp4",))):
        arguments = ("--count", 1, "--clips", "--frames", 4, "--out", tmp_path / folder)
        assert run(*arguments, *more)[0] == 0
    names = {path.name for path in (tmp_path / "mp4").iterdir()}
    assert names == {"lung_0000.mp4", "sheet.png", "truth.json"}
    told = json.loads((tmp_path / "mp4" / "truth.json").read_text())
    assert told["drawings"][0]["file"] == "lung_0000.mp4"
    lossless, encoded = (
        Recording.open(tmp_path / name / f"lung_0000.{name}") for name in ("gif", "mp4")
    )
    assert encoded.source.times_s == pytest.approx(lossless.source.times_s, abs=0.02)
    pairs = zip(lossless.source.read([0, 1, 2, 3]), encoded.source.read([0, 1, 2, 3]), strict=True)
    for one, other in pairs:
        assert np.abs(one.astype(int) - other.astype(int)).mean() < 4
