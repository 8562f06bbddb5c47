"""The container deployment, as far as it can be known without an engine to run it."""

import importlib.util
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

from backend.core.settings import Settings

HOUSE = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    path = HOUSE / "scripts" / "compose" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"compose_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
    return found


class TestSecrets:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        self.secrets = script("secrets")
        monkeypatch.setattr(self.secrets, "FOLDER", tmp_path)
        return tmp_path

    def test_only_our_own_user_reads_what_clients_log_in_with(self, folder: Path) -> None:
        self.secrets.main()
        for name in ("pgpass", "aws"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600

    def test_clients_and_servers_are_told_the_same(self, folder: Path) -> None:
        self.secrets.main()
        told = {path.name: path.read_text() for path in folder.iterdir()}
        assert told["pgpass"] == f"postgres:5432:pocovid:pocovid:{told['database_password']}\n"
        assert told["store_user"] in told["aws"]
        assert told["store_password"] in told["aws"]

    def test_a_second_start_changes_nothing(self, folder: Path) -> None:
        self.secrets.main()
        before = {path.name: path.read_text() for path in folder.iterdir()}
        self.secrets.main()
        assert {path.name: path.read_text() for path in folder.iterdir()} == before

    def test_two_deployments_have_nothing_in_common(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.secrets.main()
        (folder / "other").mkdir()
        monkeypatch.setattr(self.secrets, "FOLDER", folder / "other")
        self.secrets.main()
        for name in ("database_password", "store_user", "store_password"):
            assert (folder / name).read_text() != (folder / "other" / name).read_text()


class TestBucket:
    @pytest.fixture
    def store(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "for-tests")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        server = ThreadedMotoServer("127.0.0.1", 0)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()

    def test_it_is_made_once(self, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POCOVID_STORAGE_URL", "s3://pocovid/uploads")
        monkeypatch.setenv("POCOVID_S3_ENDPOINT_URL", store)
        bucket = script("bucket")
        assert bucket.main() == 0
        assert bucket.main() == 0
        client = boto3.client("s3", endpoint_url=store)
        names = [each["Name"] for each in client.list_buckets()["Buckets"]]
        assert names.count("pocovid") == 1
        client.close()

    def test_a_store_that_never_answers_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "for-tests")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for-tests")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("POCOVID_STORAGE_URL", "s3://pocovid/uploads")
        monkeypatch.setenv("POCOVID_S3_ENDPOINT_URL", "http://127.0.0.1:9")
        bucket = script("bucket")
        monkeypatch.setattr(bucket, "PATIENCE_S", 0)
        assert bucket.main() == 1
        assert "http://127.0.0.1:9" in capsys.readouterr().err


class TestComposeFile:
    def test_it_has_every_part(self, compose: dict[str, Any]) -> None:
        ours = {"api", "worker", "trainer", "scheduler", "dicom-node", "migrate", "bucket",
                "secrets"}  # fmt: skip
        assert set(compose["services"]) == ours | {"postgres", "redis", "store"}

    def test_nothing_listens_beyond_the_api_and_the_node_on_loopback(
        self, compose: dict[str, Any]
    ) -> None:
        published = {
            name: service["ports"]
            for name, service in compose["services"].items()
            if "ports" in service
        }
        assert published == {
            "api": ["${POCOVID_PUBLISH:-127.0.0.1:8000}:8000"],
            "dicom-node": ["${POCOVID_DICOM_PUBLISH:-127.0.0.1:11112}:11112"],
        }

    def test_the_node_answers_where_it_is_asked(self, compose: dict[str, Any]) -> None:
        node = compose["services"]["dicom-node"]
        port = Settings.model_fields["dicom_port"].default
        assert node["ports"][0].endswith(f":{port}")
        assert node["environment"]["POCOVID_DICOM_HOST"] == "0.0.0.0"
        assert node["environment"].items() >= compose["x-service"]["environment"].items()
        assert "POCOVID_DICOM_PORT" not in node["environment"]

    def test_no_environment_holds_a_password(self, compose: dict[str, Any]) -> None:
        for name, service in compose["services"].items():
            for key, value in service.get("environment", {}).items():
                secret = any(word in key for word in ("PASSWORD", "SECRET", "ACCESS_KEY"))
                assert not secret or str(value).startswith("/secrets/"), f"{name}: {key}"
                assert ":" not in str(value).partition("://")[2].partition("@")[0] or (
                    "@" not in str(value)
                ), f"{name}: {key} has a password in its URL"

    def test_every_image_but_ours_is_pinned_to_a_version(self, compose: dict[str, Any]) -> None:
        for service in compose["services"].values():
            image = service["image"]
            assert image == "pocovidscreen:latest" or image.rpartition(":")[2] != "latest"

    @pytest.mark.skipif(not shutil.which("docker-compose"), reason="no docker-compose command")
    def test_docker_compose_accepts_it(self) -> None:
        subprocess.run(
            ["docker-compose", "--file", str(HOUSE / "docker-compose.yml"), "config", "--quiet"],
            check=True,
            timeout=60,
        )


class TestDockerfile:
    def lines(self) -> list[str]:
        return (HOUSE / "Dockerfile").read_text().splitlines()

    def test_the_last_stage_runs_as_nobody_special_and_tells_its_health(self) -> None:
        text = "\n".join(self.lines())
        last = text[text.rindex("\nFROM ") :]
        assert "\nUSER pocovid" in last
        assert "\nHEALTHCHECK " in last

    def test_what_it_copies_exists_and_is_not_ignored(self) -> None:
        allowed = {
            line.removeprefix("!")
            for line in (HOUSE / ".dockerignore").read_text().splitlines()
            if line.startswith("!")
        }
        for line in self.lines():
            if not line.startswith("COPY ") or "--from" in line:
                continue
            for source in line.split()[1:-1]:
                assert (HOUSE / source).exists(), line
                assert any(source.rstrip("/").startswith(each) for each in allowed), line
