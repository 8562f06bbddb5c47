"""`pocovid dataset`: what import and stats print, write and refuse."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.cli import terminal
from tests.models import mini_dataset
from tests.models.mini_dataset import TWO_OF_EACH, Row


@pytest.fixture(autouse=True)
def _leave_the_streams_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's streams are no terminal's."""
    monkeypatch.setattr(terminal, "quiet", lambda: None)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [*TWO_OF_EACH, Row("broken.mp4", "healthy")]
    folder = mini_dataset.make(tmp_path / "source", rows)
    (folder / "pocus_videos/convex/broken.mp4").write_bytes(b"")
    return folder


def run(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(cli.app, ["dataset", *map(str, arguments)])
    return answer.exit_code, answer.output


def test_import_brings_in_and_names_what_it_leaves(source: Path, tmp_path: Path) -> None:
    code, said = run("import", source, "--into", tmp_path / "into", "--work", tmp_path / "work")
    assert code == 0, said
    assert "6 of 7 recordings, 6 of them new; 6 can be trained on" in said.replace("\n", " ")
    assert "unreadable: pocus_videos/convex/broken.mp4: The file is empty" in said
    assert (tmp_path / "into/recordings.json").is_file()


def test_stats_prints_tables_and_faults_and_writes_files(source: Path, tmp_path: Path) -> None:
    code, said = run("stats", source, "--out", tmp_path / "out", "--work", tmp_path / "work")
    assert code == 0, said
    for line in ("By probe and class", "By source and class", "unreadable: pocus_videos"):
        assert line in said
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"stats.json", "stats.png"}


def test_stats_as_json_is_for_programs(source: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(
        cli.app, ["dataset", "stats", str(source), "--json", "--work", str(tmp_path / "work")]
    )
    found = json.loads(answer.stdout)
    assert len(found["recordings"]) == 6


@pytest.mark.parametrize("command", ["import", "stats"])
def test_a_folder_that_is_no_dataset_is_refused(command: str, tmp_path: Path) -> None:
    code, said = run(command, tmp_path, "--work", tmp_path / "work")
    assert code == 2
    assert "dataset_metadata.csv" in said
    assert not (tmp_path / "work").exists()
