"""What was planted is found in any log of the run, but in the mail that has no server."""

from pathlib import Path

import pytest

from scripts.no_secrets import main


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "1.planted").write_text("Zw8Secret\nRossi.mp4\n")
    (tmp_path / "1.log").write_text("started\nrequest path=/x\n")
    return tmp_path


def test_clean_logs_pass(logs: Path) -> None:
    assert main(logs) == 0


@pytest.mark.parametrize(
    "line", ["cookie=Zw8Secret", "\x1b[1mno Rossi.mp4\x1b[0m", "b\xff'Zw8Secret'"]
)
def test_a_secret_is_named_with_its_place(
    logs: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (logs / "2.log").write_text(f"one\n{line}\n", encoding="latin-1")
    assert main(logs) == 1
    assert "2.log:2: " in capsys.readouterr().err


def test_a_mail_not_configured_is_the_exception(logs: Path) -> None:
    (logs / "2.log").write_text("mail_not_configured text='…/#/reset/Zw8Secret'\n")
    assert main(logs) == 0


@pytest.mark.parametrize("missing", ["1.log", "1.planted"])
def test_nothing_to_look_at_is_no_success(logs: Path, missing: str) -> None:
    (logs / missing).unlink()
    assert main(logs) == 2
