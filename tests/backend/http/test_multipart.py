"""Uploads that must not get in: each has a clear answer, and nothing stays behind."""

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import event

from backend.storage.private_files import private_folder
from tests import media_files
from tests.conftest import ANSWER_S, Api
from tests.waiting import wait_until

ENDPOINTS = ("/recordings", "/screenings")


def assert_problem(response: httpx.Response, status: int, codes: set[str]) -> None:
    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status), problem
    assert problem["code"] in codes, problem
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:pocovid:problem:{problem['code'].replace('_', '-')}"
    assert problem["title"]
    assert problem["detail"].endswith(".")


class TestBadRecordings:
    @pytest.mark.parametrize("name", media_files.BAD)
    def test_are_refused_with_a_reason_and_leave_nothing(self, shared_api: Api, name: str) -> None:
        make, status, codes = media_files.BAD[name]
        content = make()
        for endpoint in ENDPOINTS:
            response = shared_api.client.post(endpoint, files={"file": (name, content)})
            assert_problem(response, status, codes)
        shared_api.assert_nothing_stays()


class TestBadForms:
    """What is wrong with the request around the file."""

    def post(
        self, api: Api, body: bytes, kind: str = "multipart/form-data; boundary=X"
    ) -> httpx.Response:
        return api.client.post("/recordings", content=body, headers={"content-type": kind})

    def part(self, name: str, content: bytes) -> bytes:
        head = f'--X\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'
        return head.encode() + content + b"\r\n"

    def test_another_field_is_no_recording(self, shared_api: Api) -> None:
        response = self.post(shared_api, self.part("image", media_files.image()) + b"--X--\r\n")
        assert_problem(response, 422, {"missing_file"})
        assert "'image'" in response.json()["detail"]
        shared_api.assert_nothing_stays()

    def test_a_further_field_is_refused(self, shared_api: Api) -> None:
        body = self.part("file", media_files.image()) + self.part("note", b"hi") + b"--X--\r\n"
        assert_problem(self.post(shared_api, body), 422, {"invalid_input"})
        shared_api.assert_nothing_stays()

    def test_several_files_are_refused(self, shared_api: Api) -> None:
        body = self.part("file", media_files.image()) * 2 + b"--X--\r\n"
        assert_problem(self.post(shared_api, body), 422, {"invalid_input"})
        shared_api.assert_nothing_stays()

    def test_no_file_is_refused(self, shared_api: Api) -> None:
        assert_problem(self.post(shared_api, b""), 422, {"missing_file"})
        assert_problem(
            self.post(shared_api, self.part("crop", b"{}") + b"--X--"), 422, {"missing_file"}
        )
        shared_api.assert_nothing_stays()

    def test_a_body_without_its_end_is_refused(self, shared_api: Api) -> None:
        response = self.post(shared_api, self.part("file", media_files.image()))
        assert_problem(response, 400, {"bad_request"})
        shared_api.assert_nothing_stays()

    @pytest.mark.parametrize("body", [b"garbage " * 100, b"--X--\r\n", b"--Y\r\n\r\n"])
    def test_a_body_that_is_no_form_is_refused(self, shared_api: Api, body: bytes) -> None:
        assert_problem(self.post(shared_api, body), 400, {"bad_request"})
        shared_api.assert_nothing_stays()

    @pytest.mark.parametrize("kind", ["multipart/form-data", "image/png", "text/plain"])
    def test_another_content_type_is_refused(self, shared_api: Api, kind: str) -> None:
        assert_problem(self.post(shared_api, media_files.image(), kind), 400, {"bad_request"})
        shared_api.assert_nothing_stays()

    def test_a_header_without_end_is_refused(self, shared_api: Api) -> None:
        body = b'--X\r\nContent-Disposition: form-data; name="file"; filename="' + b"a" * 2_000_000
        assert_problem(self.post(shared_api, body), 400, {"bad_request"})
        shared_api.assert_nothing_stays()


class TestSize:
    def test_at_the_limit_is_taken_and_one_byte_more_is_not(
        self, start_api: Callable[..., Api]
    ) -> None:
        content = media_files.image()
        api = start_api(max_upload_bytes=len(content))
        assert api.client.post("/recordings", files={"file": content}).status_code == 201
        api = start_api(max_upload_bytes=len(content) - 1)
        response = api.client.post("/recordings", files={"file": content})
        assert_problem(response, 413, {"file_too_large"})
        assert response.json()["limit"] == len(content) - 1
        assert response.json()["received"] == len(content)

    def test_over_the_limit_is_refused_in_the_middle_with_flat_memory(
        self, server: "Server"
    ) -> None:
        before, files = server.peak_memory(), server.files()
        sent = 0

        def body() -> Iterator[bytes]:
            nonlocal sent
            yield b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(1000):
                sent += 1_000_000
                yield bytes(1_000_000)

        headers = {"content-type": "multipart/form-data; boundary=X"}
        url = f"{server.url}/recordings"
        try:
            response = httpx.post(url, content=body(), headers=headers, timeout=ANSWER_S)
        except httpx.TransportError:
            pass  # a client that goes on sending regardless may find the connection closed
        else:
            assert_problem(response, 413, {"file_too_large"})
        assert 100_000_000 < sent < 200_000_000
        assert server.peak_memory() - before < 40_000_000
        assert server.files() == files

    def test_an_announced_size_over_the_limit_is_refused_at_once(self, api: Api) -> None:
        with connect(api.url) as client:
            client.sendall(head(10**9).replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
            answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b'"received":1000000000' in answer
        api.assert_nothing_stays()

    def test_a_whole_upload_goes_to_the_disk_with_flat_memory(self, server: "Server") -> None:
        warm = httpx.post(
            f"{server.url}/recordings", files={"file": media_files.image()}, timeout=ANSWER_S
        )
        assert warm.status_code == 201
        before = server.peak_memory()

        def body() -> Iterator[bytes]:
            yield b'--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(90):
                yield bytes(1_000_000)
            yield b"\r\n--X--\r\n"

        headers = {"content-type": "multipart/form-data; boundary=X"}
        response = httpx.post(
            f"{server.url}/recordings", content=body(), headers=headers, timeout=ANSWER_S
        )
        assert_problem(response, 415, {"unsupported_type"})
        assert server.peak_memory() - before < 20_000_000


class TestBrokenConnections:
    def test_a_client_that_leaves_in_the_middle_leaves_nothing(self, api: Api) -> None:
        with connect(api.url) as client:
            client.sendall(head(1_000_000) + bytes(400_000))
            wait_until(lambda: api.stored() != [])
        wait_until(lambda: api.stored() == [])
        assert api.rows() == 0

    def test_a_client_that_falls_silent_is_told(self, start_api: Callable[..., Api]) -> None:
        api = start_api(upload_idle_s=0.3)
        with connect(api.url) as client:
            client.sendall(head(1_000_000) + bytes(300_000))
            answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"upload_timeout"' in answer
        api.assert_nothing_stays()


class TestDiskFull:
    def test_below_the_floor_nothing_is_taken(self, start_api: Callable[..., Api]) -> None:
        api = start_api(min_free_bytes=10**18)
        for endpoint in ENDPOINTS:
            response = api.client.post(endpoint, files={"file": media_files.image()})
            assert_problem(response, 507, {"storage_full"})
        api.assert_nothing_stays()

    def test_a_disk_that_fills_up_during_the_upload(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """/dev/full takes no byte, and says so as a full disk does."""

        @contextmanager
        def on_a_full_disk(parent: Path) -> Iterator[Path]:
            with private_folder(parent) as folder:
                (folder / "recording").symlink_to("/dev/full")
                yield folder

        monkeypatch.setattr("backend.http.multipart.private_folder", on_a_full_disk)
        response = api.client.post(
            "/screenings", files={"file": media_files.image("BMP", 640, 480)}
        )
        assert_problem(response, 507, {"storage_full"})
        api.assert_nothing_stays()

    def test_a_disk_that_fills_up_before_the_preview_is_stored(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("backend.storage.local.os.fdopen", full)
        response = api.client.post("/screenings", files={"file": media_files.image()})
        assert_problem(response, 507, {"storage_full"})
        api.assert_nothing_stays()

    def test_a_database_whose_file_cannot_grow(
        self, start_api: Callable[..., Api], migrated_sqlite: Path, tmp_path: Path
    ) -> None:
        """SQLite says the same of a full disk as of a file that has reached its last page."""
        path = shutil.copy(migrated_sqlite, tmp_path / "full.sqlite3")
        api = start_api(database_url=f"sqlite:///{path}")
        engine = api.app.state.services.database.engine
        event.listen(engine, "connect", _let_it_grow_no_more)
        engine.dispose()  # the connections that were made before
        for _ in range(200):
            stored = api.stored()
            response = api.client.post("/screenings", files={"file": media_files.image()})
            if response.status_code != 202:
                break
        assert_problem(response, 507, {"storage_full"})
        assert api.stored() == stored

    def test_a_storage_that_fails_otherwise_is_unavailable(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr("backend.storage.local.os.fsync", broken)
        response = api.client.post("/screenings", files={"file": media_files.image()})
        assert_problem(response, 503, {"storage_unreachable"})
        api.assert_nothing_stays()


def _let_it_grow_no_more(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA max_page_count = 1")  # of which it makes the pages it has


class Server:
    """The application in a process of its own, so that its memory can be measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/api/v1"
        environment = {
            "POCOVID_DATA_DIR": str(folder),
            "POCOVID_MAX_UPLOAD_BYTES": "100000000",
            "POCOVID_MIN_FREE_BYTES": "0",
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "backend.app:create_app"]
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], env=os.environ | environment
        )

    def wait(self) -> None:
        """Return when it answers."""
        wait_until(self._answers, within_s=90, every_s=0.2)

    def _answers(self) -> bool:
        assert self.process.poll() is None, "the server did not start"
        try:
            with connect(self.url):
                return True
        except ConnectionRefusedError:
            return False

    def forget_peak(self) -> None:
        """Measure the peak from now on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_memory(self) -> int:
        """The most bytes that were resident at any time since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def files(self) -> list[Path]:
        """What lies in the storage."""
        return [path for path in (self.folder / "storage").rglob("*") if path.is_file()]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def running_server(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(migrated_sqlite, folder / "pocovid.sqlite3")
    made = Server(folder)
    try:
        made.wait()
        yield made
    finally:
        made.stop()


@pytest.fixture
def server(running_server: Server) -> Server:
    running_server.forget_peak()
    return running_server


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def head(announced: int, path: str = "/api/v1/recordings") -> bytes:
    """The beginning of an upload: headers, and the head of its file."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {announced}\r\n"
        "Content-Type: multipart/form-data; boundary=X\r\n\r\n"
        '--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    ).encode()
