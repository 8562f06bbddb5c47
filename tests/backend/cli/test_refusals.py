"""`pocovid artifact refusals`: what it prints, writes and refuses."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.cli import terminal
from models.media.sampling import read_inputs


@pytest.fixture(autouse=True)
def _leave_the_streams_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's streams are no terminal's."""
    monkeypatch.setattr(terminal, "quiet", lambda: None)


def run(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(cli.app, ["artifact", "refusals", *map(str, arguments)])
    return answer.exit_code, answer.output


def test_the_shipped_artifact_refuses_drawn_hearts_and_answers_drawn_lungs(tmp_path: Path) -> None:
    sheet = tmp_path / "worst.png"
    code, said = run("--drawings", 6, "--sheet", sheet)
    assert code == 0, said
    lines = said.splitlines()
    assert "heart (drawn): 6 of 6 refused, 100.0%" in lines
    assert "lungs (drawn): 0 of 6 refused, 0.0%" in lines
    assert "all, lungs: 0 of 6 refused" in lines
    if sheet.exists():
        assert read_inputs(sheet).shape == (1, 224, 224, 3)


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    code, said = run("--others", tmp_path, "--drawings", 0)
    assert code != 0
    assert "manifest.csv" in said
