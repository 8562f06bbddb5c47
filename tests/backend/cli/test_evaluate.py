"""`pocovid evaluate`: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.cli import terminal
from tests.models.evaluation.report import small_evaluation
from tests.models.evaluation.report.small_evaluation import SmallEvaluation


@pytest.fixture(autouse=True)
def _leave_the_streams_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's streams are no terminal's."""
    monkeypatch.setattr(terminal, "quiet", lambda: None)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallEvaluation:
    return small_evaluation.make(tmp_path_factory.mktemp("evaluation"))


def run(small: SmallEvaluation, report: Path, *more: str) -> tuple[int, str]:
    places = ("--data", str(small.data), "--report", str(report), "--work", str(small.work))
    answer = CliRunner().invoke(
        cli.app, ["evaluate", str(small.artifact), *places, "--resamples", "100", *more]
    )
    return answer.exit_code, answer.output


def test_prints_table_2_and_that_it_is_the_manifest_s(
    small: SmallEvaluation, tmp_path: Path
) -> None:
    code, said = run(small, tmp_path / "report")
    assert code == 0, said
    for line in ("Held out by patient", "Held out by source", "Equal to the manifest."):
        assert line in said
    names = {"report.html", "report.json", "table2.csv", "recordings.csv"}
    assert {path.name for path in (tmp_path / "report").iterdir()} == names


def test_a_manifest_that_claims_other_figures_is_told_and_ends_with_status_1(
    small: SmallEvaluation, tmp_path: Path
) -> None:
    path = small.artifact / "manifest.json"
    before = path.read_text()
    values = json.loads(before)
    values["metrics"]["source"]["frame_accuracy"] = 0.999
    path.write_text(json.dumps(values))
    try:
        code, said = run(small, tmp_path / "report")
    finally:
        path.write_text(before)
    assert code == 1
    assert "These DIFFER from the manifest: frame_accuracy." in said
    assert "differ from the manifest" in (tmp_path / "report/report.html").read_text()


def test_misuse_is_refused_in_a_sentence_and_nothing_is_written(
    small: SmallEvaluation, tmp_path: Path
) -> None:
    code, said = run(small, tmp_path / "report", "--fold", "1")
    assert code == 2
    assert "was trained on" in said
    assert "Traceback" not in said
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("missing", ["--data", "artifact"])
def test_what_is_not_there_is_named(missing: str, small: SmallEvaluation, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    places = ["--data", nowhere if missing == "--data" else str(small.data)]
    folder = nowhere if missing == "artifact" else str(small.artifact)
    answer = CliRunner().invoke(
        cli.app, ["evaluate", folder, *places, "--work", str(tmp_path / "work")]
    )
    assert answer.exit_code == 2
    assert "nowhere" in answer.output
