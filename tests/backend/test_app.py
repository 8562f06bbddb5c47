"""What holds for the whole application: health, limits, headers, ids, pages, problems."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from backend.app import create_app
from backend.core.db import utc_now
from backend.core.settings import Settings
from backend.http.middleware import MAX_BODY_BYTES
from backend.jobs.celery import make_celery
from backend.jobs.workers import worker_seen
from tests import media_files
from tests.conftest import ANSWER_S, TLS, Api
from tests.factories import create_screening


class TestHealth:
    def test_counts_workers_and_what_waits(self, api: Api) -> None:
        with api.database.write() as session:
            worker_seen(session, "one:1", utc_now())
            create_screening(session)
            create_screening(session, status="running", attempt=1)
            session.commit()
        health = api.client.get("/health").json()
        assert health["status"] == "ok"
        assert health["queue"] == {"queued": 1, "running": 1}
        assert health["workers"] == 1

    def test_is_degraded_without_a_worker(self, api: Api) -> None:
        response = api.client.get("/health")
        assert (response.status_code, response.json()["status"]) == (200, "degraded")

    def test_without_storage_is_unavailable(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.settings.incoming_dir.rmdir()
        response = api.client.get("/health")
        assert (response.status_code, response.json()["code"]) == (503, "unhealthy")
        assert response.json()["storage"] == "down"
        assert response.json()["database"] == "ok"

    def test_without_database_is_unavailable_and_so_is_the_rest(
        self, start_api: Callable[..., Api], tmp_path: Path
    ) -> None:
        api = start_api(database_url="postgresql://nobody@127.0.0.1:1/none")
        response = api.client.get("/health")
        assert (response.status_code, response.json()["database"]) == (503, "down")
        upload = api.client.post("/recordings", files={"file": media_files.image()})
        assert (upload.status_code, upload.json()["code"]) == (503, "unavailable")
        assert int(upload.headers["retry-after"]) >= 1
        assert api.stored() == []


class TestLimits:
    @pytest.mark.parametrize("path", ["/sign-in", "/accounts", "/submissions"])
    def test_a_body_without_end_is_refused_while_it_comes(self, shared_api: Api, path: str) -> None:
        def endless() -> Iterator[bytes]:
            for _ in range(20):
                yield b" " * 1_000_000

        answer = shared_api.client.post(
            path, content=endless(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert answer.json()["limit"] == MAX_BODY_BYTES

    def test_are_those_of_the_settings_and_the_models(self, start_api: Callable[..., Api]) -> None:
        api = start_api(max_upload_bytes=123_456, uploads_per_minute=7, retention_hours=3)
        limits = api.client.get("/limits").json()
        assert limits["max_bytes"] == 123_456
        assert limits["uploads_per_minute"] == 7
        assert limits["retention_hours"] == 3
        assert {"image/png", "video/mp4", "video/webm"} <= set(limits["types"])


class TestHeaders:
    @pytest.mark.parametrize("path", ["/api/v1/limits", "/api/v1/nothing", "/nothing"])
    def test_keep_the_page_to_itself_on_every_answer(self, shared_api: Api, path: str) -> None:
        headers = httpx.get(shared_api.url + path, timeout=ANSWER_S, verify=TLS).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]

    def test_give_a_callers_request_id_back(self, shared_api: Api) -> None:
        response = shared_api.client.get("/limits", headers={"X-Request-ID": "ward-7.42"})
        assert response.headers["x-request-id"] == "ward-7.42"

    @pytest.mark.parametrize("request_id", ["", "a b", "a" * 65, '"><script>'])
    def test_replace_a_request_id_that_is_none(self, shared_api: Api, request_id: str) -> None:
        response = shared_api.client.get("/limits", headers={"X-Request-ID": request_id})
        assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-request-id"])


class TestProblems:
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
    @pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/v1/screenings/a/b/c/d"])
    def test_an_unknown_path_is_not_found(self, shared_api: Api, method: str, path: str) -> None:
        response = httpx.request(method, shared_api.url + path, timeout=ANSWER_S, verify=TLS)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == "not_found"

    def test_a_method_that_does_not_exist_is_refused(self, shared_api: Api) -> None:
        response = httpx.put(f"{shared_api.url}/api/v1/limits", timeout=ANSWER_S, verify=TLS)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert response.headers["allow"] == "GET"

    def test_what_nobody_expected_is_an_answer_without_details(
        self, shared_api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr("backend.system.health.service.limits", fail)
        response = shared_api.client.get("/limits")
        assert (response.status_code, response.json()["code"]) == (500, "internal_error")
        assert "secret" not in response.text
        assert response.headers["x-request-id"]
        assert response.headers["x-content-type-options"] == "nosniff"


class TestOpenApi:
    def test_is_valid_and_has_an_example_for_every_schema_that_is_an_answer(
        self, shared_api: Api
    ) -> None:
        document = shared_api.client.get("/openapi.json").json()
        validate(document)
        for name in ("RecordingOut", "ScreeningOut", "ScreeningIn", "Problem", "Health", "Limits"):
            assert document["components"]["schemas"][name]["examples"], name

    def test_examples_are_what_the_schemas_allow(self, shared_api: Api) -> None:
        document = shared_api.client.get("/openapi.json").json()
        for schema in document["components"]["schemas"].values():
            for example in schema.get("examples", ()):
                Draft202012Validator(schema | {"components": document["components"]}).validate(
                    example
                )

    def test_page_for_people_loads_nothing_from_elsewhere(self, shared_api: Api) -> None:
        page = httpx.get(f"{shared_api.url}/api/docs", timeout=ANSWER_S, verify=TLS)
        assert page.status_code == 200
        assert "POST /api/v1/screenings" in page.text
        assert not re.search(r"""(src|href)=['"]?(https?:)?//""", page.text)
        assert "<script" not in page.text

    def test_no_setting_changes_it(self, start_api: Callable[..., Api]) -> None:
        # The client of every test is held to the document of one application.
        here = start_api(upload_idle_s=3, uploads_per_minute=1, max_upload_bytes=10_000)
        there = start_api()
        assert here.app.openapi() == there.app.openapi()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestFrontend:
    @pytest.fixture
    def site(self, start_api: Callable[..., Api], tmp_path: Path) -> str:
        folder = tmp_path / "dist"
        (folder / "assets").mkdir(parents=True)
        (folder / "index.html").write_text("<!doctype html><title>POCOVIDScreen</title>")
        (folder / "assets" / "index-abc123.js").write_text("let a = 1")
        return start_api(frontend_dir=folder).url

    def test_is_served_and_asked_for_again_each_time(self, site: str) -> None:
        page = httpx.get(f"{site}/", timeout=ANSWER_S, verify=TLS)
        assert page.status_code == 200
        assert "POCOVIDScreen" in page.text
        assert page.headers["cache-control"] == "no-cache"

    def test_assets_with_a_hash_are_kept_for_ever(self, site: str) -> None:
        asset = httpx.get(f"{site}/assets/index-abc123.js", timeout=ANSWER_S, verify=TLS)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]

    def test_answers_for_its_own_addresses_and_not_for_missing_files(self, site: str) -> None:
        accept = {"accept": "text/html"}
        assert (
            "POCOVIDScreen"
            in httpx.get(f"{site}/about", headers=accept, timeout=ANSWER_S, verify=TLS).text
        )
        assert httpx.get(f"{site}/assets/gone.js", timeout=ANSWER_S, verify=TLS).status_code == 404

    def test_does_not_answer_for_the_api(self, site: str) -> None:
        response = httpx.get(
            f"{site}/api/v1/nothing", headers={"accept": "text/html"}, timeout=ANSWER_S, verify=TLS
        )
        assert (response.status_code, response.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("path", ["/../settings.py", "/%2e%2e/pocovid.sqlite3", "/..%2f..%2fx"])
    def test_never_leaves_its_folder(self, site: str, path: str) -> None:
        assert httpx.get(site + path, timeout=ANSWER_S, verify=TLS).status_code == 404


class TestLogs:
    def test_carry_the_request_id_and_never_a_file_name(
        self, start_api: Callable[..., Api], capfd: pytest.CaptureFixture[str]
    ) -> None:
        response = start_api().client.post(
            "/screenings",
            files={"file": ("MUELLER-1953.png", media_files.image())},
            headers={"X-Request-ID": "ward-7.42"},
        )
        assert response.status_code == 202
        written = capfd.readouterr().err
        assert "ward-7.42" in written
        assert response.json()["recording_id"] in written
        assert "MUELLER" not in written

    def test_can_be_json(
        self, start_api: Callable[..., Api], capfd: pytest.CaptureFixture[str]
    ) -> None:
        api = start_api(log_format="json")
        api.client.delete("/recordings/1")
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "{" in line]
        (line,) = (line for line in lines if line["event"] == "request")
        assert (line["method"], line["status"], line["level"]) == ("DELETE", 422, "info")


class TestSettings:
    def test_host_and_port_have_a_short_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST", "0.0.0.0")
        monkeypatch.setenv("PORT", "8123")
        assert (Settings().host, Settings().port) == ("0.0.0.0", 8123)
        monkeypatch.setenv("POCOVID_PORT", "8124")
        assert Settings().port == 8124

    def test_everything_embedded_lies_in_the_data_folder(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)
        create_app(settings)
        make_celery(settings)
        assert settings.database_url == f"sqlite:///{tmp_path}/pocovid.sqlite3"
        assert settings.incoming_dir.is_relative_to(tmp_path)
        assert settings.broker_dir.is_relative_to(tmp_path)

    def test_secrets_are_not_shown(self) -> None:
        settings = Settings.model_validate(
            {
                "database_url": "postgres://user:hidden@db/x",
                "broker_url": "redis://:hidden@r/0",
                "s3_secret_key": "hidden",
            }
        )
        assert settings.database_url.startswith("postgresql+psycopg://")
        assert "hidden" not in repr(settings)

    def test_the_soft_limit_must_be_below_the_hard_one(self) -> None:
        with pytest.raises(ValueError, match="must be below"):
            Settings(soft_time_limit_s=10, hard_time_limit_s=10)
