"""The command line: what each sub-command does, refuses and says."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.core import logs
from backend.core.db import Database
from backend.core.settings import Settings
from backend.installation import key


@pytest.fixture(autouse=True)
def _leave_logging_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up logging for its process; here that would be the test run's."""
    monkeypatch.setattr(logs, "configure", lambda _settings: None)


COMMANDS = (
    "up",
    "serve",
    "worker",
    "scheduler",
    "trainer",
    "migrate",
    "screen",
    "train",
    "compare",
    "check",
    "dataset",
    "artifact",
    "submit",
    "user",
)


def test_help_names_every_sub_command_and_loads_no_tensorflow() -> None:
    program = (
        "import sys\n"
        "from backend.cli import main as cli\n"
        "sys.argv = ['pocovid', '--help']\n"
        "try:\n    cli.main()\n"
        "except SystemExit:\n"
        "    print('heavy:', {'tensorflow', 'celery', 'sqlalchemy'} & set(sys.modules))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert [name for name in COMMANDS if name not in found.stdout] == []
    assert "heavy: set()" in found.stdout


def test_migrate_makes_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path / "new"))
    answer = CliRunner().invoke(cli.app, ["migrate"])
    assert answer.exit_code == 0, answer.output
    database = Database.connect(Settings())
    assert {"recordings", "screenings", "workers"} <= set(
        inspect(database.engine).get_table_names()
    )
    database.close()


def test_a_port_that_is_taken_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = CliRunner().invoke(cli.app, ["up", "--port", str(port)])
    assert answer.exit_code == 1
    assert f"127.0.0.1:{port}" in answer.output
    assert "PORT" in answer.output
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder can be here")
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path / "file" / "data"))
    answer = CliRunner().invoke(cli.app, ["migrate"])
    assert answer.exit_code == 1
    assert "POCOVID_DATA_DIR" in answer.output


def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCOVID_RETENTION_HOURS", "-3")
    answer = CliRunner().invoke(cli.app, ["migrate"])
    assert answer.exit_code == 1
    assert answer.output == (
        "POCOVID_RETENTION_HOURS is '-3': expected a number, above 0 and at most 876,000.\n"
    )


def test_a_database_that_is_away_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("POCOVID_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{port}/none")
    answer = CliRunner().invoke(cli.app, ["migrate"])
    assert answer.exit_code == 1
    assert "database cannot be used" in answer.output


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "127.0.0.1"),
        ("::1", "[::1]"),
        ("ward.example", "ward.example"),
    ],
)
def test_the_printed_address_can_be_opened(host: str, shown: str) -> None:
    assert cli._browsable_host(host) == shown


@pytest.mark.parametrize("command", ["up", "serve", "worker", "trainer", "scheduler"])
def test_nothing_starts_with_another_key_than_the_installations(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "pocovid.sqlite3")
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path))
    settings = Settings(port=0)
    database = Database.connect(settings)
    key.establish(database, settings)
    database.close()
    monkeypatch.setenv("POCOVID_PORT", "0")
    monkeypatch.setenv("POCOVID_CLIENT_KEY", "a secret of the operator")
    answer = CliRunner().invoke(cli.app, [command])
    assert answer.exit_code == 1
    assert "POCOVID_CLIENT_KEY holds a different key" in answer.output
    assert "a secret of the operator" not in answer.output
