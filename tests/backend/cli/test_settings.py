"""Every setting at once in a real service, and a wrong one at every command."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
import redis
from sqlalchemy import create_engine, inspect
from typer.testing import CliRunner

from backend.cli import main as cli
from backend.core import logs
from backend.core.settings import Settings
from tests import buckets, planted
from tests.backend.core.test_settings import ROWS
from tests.conftest import (
    DATABASE_SERVER,
    REDIS_SERVER,
    log_file,
    postgresql_database,
    redis_database,
)
from tests.dicom_instances import make_certificate
from tests.worker.deployment import kill_tree

ARTIFACTS = Path(__file__).parents[3] / "models" / "artifacts"
REDIS_DATABASE = 13
"""One that no other test uses."""


@pytest.fixture
def servers(tmp_path: Path, s3_url: str) -> Iterator[dict[str, str]]:
    """Values of those settings that name something which must be there."""
    (tmp_path / "page").mkdir()
    certificate, secret = make_certificate(tmp_path / "page")
    (tmp_path / "page" / "index.html").write_text("<!doctype html><title>Another page</title>")
    bucket = {f"POCOVID_{name.upper()}": value for name, value in buckets.make(s3_url).items()}
    here = {
        **bucket,
        "HOST": "127.0.0.2",
        "PORT": "0",
        "POCOVID_DATA_DIR": str(tmp_path / "data"),
        "POCOVID_FRONTEND_DIR": str(tmp_path / "page"),
        "POCOVID_DICOM_HOST": "127.0.0.2",
        "POCOVID_DICOM_PORT": "0",
        "POCOVID_DICOM_TLS_CERTIFICATE": str(certificate),
        "POCOVID_DICOM_TLS_KEY": str(secret),
        "POCOVID_DICOM_TLS_CLIENT_CA": str(certificate),
        "POCOVID_DICOM_PEER_CA": str(certificate),
        "POCOVID_TRAINING_TRUNK": str(ARTIFACTS / "start.safetensors"),
        "POCOVID_CLIENT_KEY": "Zw8Password" + "ab" * 27,
        "POCOVID_SMTP_URL": "smtps://user:Zw8Password@127.0.0.1:1",
        "POCOVID_DATABASE_URL": f"sqlite:///{tmp_path / 'other.sqlite3'}",
        "POCOVID_BROKER_URL": "",  # the embedded one, where no Redis is
    }
    if REDIS_SERVER is not None:
        here["POCOVID_BROKER_URL"] = redis_database(REDIS_DATABASE)
        redis.Redis.from_url(here["POCOVID_BROKER_URL"]).flushdb()
    if DATABASE_SERVER is None:
        yield here
        return
    with postgresql_database() as url:
        yield here | {"POCOVID_DATABASE_URL": url}


@pytest.mark.services
@pytest.mark.skipif(not (ARTIFACTS / "ACTIVE").exists(), reason="no trained artifact")
def test_a_service_starts_with_every_setting_changed(
    servers: dict[str, str], tmp_path: Path
) -> None:
    environment = {name: example for name, (_, example) in ROWS.items()} | servers
    planted.note(*(servers[name] for name in ("POCOVID_CLIENT_KEY", "POCOVID_S3_SECRET_KEY")))
    log = log_file("settings").open("w")
    service = subprocess.Popen(
        [sys.executable, "-m", "backend.cli.main", "up"],
        env=os.environ | environment,
        cwd=tmp_path,  # where a default that is still used would make its folder
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert service.stdout is not None
    try:
        ready = service.stdout.readline()
        assert ready.startswith("POCOVIDScreen is ready at http://127.0.0.2:"), Path(
            log.name
        ).read_text()
        _assert_effects(ready.split()[4], environment, psutil.Process(service.pid))
        service.send_signal(signal.SIGINT)
        assert service.wait(60) == 0
    finally:
        kill_tree(service)  # type: ignore[arg-type]  # of text, which does not matter here
        service.wait()
        service.stdout.close()
        log.close()
    written = [line for line in Path(log.name).read_text().splitlines() if line.startswith("{")]
    assert {json.loads(line)["level"] for line in written} <= {"warning", "error", "critical"}
    assert not (tmp_path / "data" / "pocovid.sqlite3").exists()
    assert not (tmp_path / "data" / "storage").exists()
    assert {path.name for path in tmp_path.iterdir()} <= {
        "data", "page", "other.sqlite3", "other.sqlite3-shm", "other.sqlite3-wal",
    }  # fmt: skip


def _assert_effects(address: str, environment: dict[str, str], service: psutil.Process) -> None:
    """What is cheap to see of the settings from outside."""
    with httpx.Client(base_url=address, timeout=60) as client:
        assert "Another page" in client.get("/").text
        limits = client.get("/api/v1/limits").json()
        health = client.get("/api/v1/health").json()
        refused = client.post("/api/v1/recordings", files={"file": b"x"})
    for name in ("retention_hours", "uploads_per_minute"):
        assert limits[name] == float(environment[f"POCOVID_{name.upper()}"])
    assert limits["max_bytes"] == int(environment["POCOVID_MAX_UPLOAD_BYTES"])
    assert (limits["open_screening"], limits["open_sign_up"]) == (False, False)
    assert (health["draining"], health["database"], health["storage"]) == (True, "ok", "ok")
    assert health["workers"] == 1
    assert refused.status_code in (401, 503)
    nice = {child.nice() for child in service.children(recursive=True)}
    assert int(environment["POCOVID_WORKER_NICE"]) + service.nice() in nice
    engine = create_engine(Settings(database_url=environment["POCOVID_DATABASE_URL"]).database_url)
    assert "contributions" in inspect(engine).get_table_names()
    engine.dispose()


COMMANDS = {
    "up": ["up"],
    "serve": ["serve"],
    "worker": ["worker"],
    "trainer": ["trainer"],
    "scheduler": ["scheduler"],
    "dicom-node": ["dicom-node"],
    "migrate": ["migrate"],
    "user": ["user", "list"],
    "artifact": ["artifact", "list"],
    "dataset": ["dataset", "release"],
}
"""Every command that reads the settings."""


@pytest.fixture
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up logging for its process; here that would be the test run's."""
    monkeypatch.setattr(logs, "configure", lambda _settings: None)


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_wrong_setting_is_one_sentence_at_every_command(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCOVID_REVIEWS_NEEDED", "three")
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path / "data"))
    answer = CliRunner().invoke(cli.app, command)
    assert answer.exit_code == 1
    assert answer.output == (
        "POCOVID_REVIEWS_NEEDED is 'three': expected a whole number, at least 1 and at most 2.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("command", ["up", "serve", "worker", "scheduler", "migrate"])
def test_a_folder_that_cannot_be_made_is_one_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder can be here")
    monkeypatch.setenv("POCOVID_DATA_DIR", str(tmp_path / "file" / "data"))
    monkeypatch.setenv("PORT", "0")
    answer = CliRunner().invoke(cli.app, [command])
    assert answer.exit_code == 1
    assert answer.output.startswith(f"The folder {tmp_path / 'file' / 'data'} is not writable: ")
    assert answer.output.endswith("Choose another with POCOVID_DATA_DIR.\n")
    assert answer.output.count("\n") == 1
