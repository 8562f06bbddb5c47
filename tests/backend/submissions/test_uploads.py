"""Files sent in pieces: whole in the end, whoever stops in the middle, and only their sender's."""

import shutil
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.core.errors import UnavailableError
from backend.storage.keys import piece_key
from backend.submissions.uploads import repository, service, store
from backend.tables import Upload, UploadPiece
from tests import tus
from tests.conftest import ANSWER_S, Api, SignedIn
from tests.factories_contributions import create_submission
from tests.waiting import wait_until

SignIn = Callable[..., SignedIn]
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def me(api: Api, sign_in: SignIn) -> SignedIn:
    return sign_in(api)


@pytest.fixture
def draft(me: SignedIn) -> str:
    return str(me.client.post("/submissions", json={}).json()["id"])


def row(api: Api, upload: UUID) -> Upload:
    with api.database.read() as session:
        return session.scalars(select(Upload).where(Upload.id == upload)).one()


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    said: dict[str, Any] = response.json()
    assert said["code"] == code, said
    assert said["detail"].endswith("."), said
    return said


def stored(api: Api, upload: UUID) -> bytes:
    """What the storage has of a file."""
    with api.database.read() as session:
        pieces = repository.pieces(session, upload)
    found = b""
    for piece in pieces:
        assert piece.start == len(found)
        with api.storage.open(piece.key) as file:
            found += file.read()
    return found


class TestSending:
    def test_a_file_arrives_in_pieces(self, api: Api, me: SignedIn, draft: str) -> None:
        created = tus.create(me.client, draft, "ward 3/lung.mp4", len(CONTENT))
        assert created.headers["location"].startswith("/api/v1/uploads/")
        upload = tus.upload_id(created)
        for start in range(0, len(CONTENT), 3000):
            assert tus.head(me.client, upload).headers["upload-offset"] == str(start)
            piece = tus.patch(me.client, upload, start, CONTENT[start : start + 3000])
            assert piece.status_code == 204
        assert tus.head(me.client, upload).headers["upload-offset"] == str(len(CONTENT))
        found = row(api, upload)
        assert (found.state, found.file_name) == ("queued", "ward 3/lung.mp4")
        assert stored(api, upload) == CONTENT

    def test_the_list_tells_how_much_is_here(self, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        tus.patch(me.client, upload, 0, CONTENT[:100])
        (item,) = me.client.get(f"/submissions/{draft}/files").json()["items"]
        assert (item["id"], item["state"], item["received"]) == (str(upload), "receiving", 100)
        assert me.client.get(f"/submissions/{draft}/files?state=done").json()["items"] == []
        assert me.client.get(f"/submissions/{draft}").json()["files"]["receiving"] == 1

    def test_a_piece_at_a_wrong_place_changes_nothing(self, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        tus.patch(me.client, upload, 0, CONTENT[:100])
        assert tus.patch(me.client, upload, 0, CONTENT[:100]).status_code == 409
        assert tus.patch(me.client, upload, 200, CONTENT[200:]).status_code == 409
        assert tus.head(me.client, upload).headers["upload-offset"] == "100"

    def test_more_than_announced_is_refused(self, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", 100))
        assert tus.patch(me.client, upload, 0, CONTENT).status_code == 400
        assert tus.patch(me.client, upload, 0, CONTENT[:100]).status_code == 204

    def test_nothing_follows_a_whole_file(self, api: Api, me: SignedIn, draft: str) -> None:
        upload = tus.send(me.client, draft, "lung.mp4", CONTENT)
        problem(tus.patch(me.client, upload, len(CONTENT), b""), 409, "conflict")
        assert stored(api, upload) == CONTENT

    def test_dropping_forgets_bytes_and_row(self, api: Api, me: SignedIn, draft: str) -> None:
        half = tus.upload_id(tus.create(me.client, draft, "half.mp4", len(CONTENT)))
        tus.patch(me.client, half, 0, CONTENT[:100])
        whole = tus.send(me.client, draft, "whole.mp4", CONTENT)
        assert tus.drop(me.client, half).status_code == 204
        assert me.client.delete(f"/uploads/{whole}").status_code == 204  # without the protocol
        for upload in (half, whole):
            problem(tus.patch(me.client, upload, 0, CONTENT), 404, "not_found")
        assert me.client.get(f"/submissions/{draft}/files").json()["items"] == []
        assert api.stored() == []


class TestInterruptions:
    def start(self, me: SignedIn, upload: UUID, announced: int, content: bytes) -> socket.socket:
        """Send the beginning of a piece, and leave the connection open."""
        url = urlsplit(str(me.client.base_url))
        connection = socket.create_connection((url.hostname, url.port))
        cookies = "; ".join(f"{name}={value}" for name, value in me.client.cookies.items())
        head = (
            f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
            f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
            f"Cookie: {cookies}\r\nX-CSRF-Token: {me.client.headers['x-csrf-token']}\r\n"
            f"Content-Length: {announced}\r\n\r\n"
        )
        connection.sendall(head.encode() + content)
        return connection

    def offset(self, me: SignedIn, upload: UUID, wanted: int) -> None:
        while tus.head(me.client, upload).headers["upload-offset"] != str(wanted):
            pass

    def resume(self, api: Api, me: SignedIn, upload: UUID) -> None:
        """Go on as a client does, until all is there; then it is what was sent."""
        status = 0
        while status != 204:
            start = int(tus.head(me.client, upload).headers["upload-offset"])
            status = tus.patch(me.client, upload, start, CONTENT[start:]).status_code
            assert status in (204, 409)  # 409: meanwhile, more of the first line was written
        assert stored(api, upload) == CONTENT

    def test_a_line_that_breaks_in_the_middle(self, api: Api, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        self.start(me, upload, len(CONTENT), CONTENT[:4000]).close()
        self.resume(api, me, upload)

    def test_who_comes_back_need_not_wait_for_the_old_line(
        self, api: Api, me: SignedIn, draft: str
    ) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        with self.start(me, upload, len(CONTENT), CONTENT[:4000]):
            self.resume(api, me, upload)

    def test_a_silent_line_is_let_go(self, start_api: Callable[..., Api], sign_in: SignIn) -> None:
        api = start_api(upload_idle_s=0.2)
        me = sign_in(api)
        draft = me.client.post("/submissions", json={}).json()["id"]
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        with self.start(me, upload, len(CONTENT), CONTENT[:4000]) as connection:
            assert connection.recv(20).startswith(b"HTTP/1.1 204")
        self.offset(me, upload, 4000)

    def test_the_last_byte_and_the_workers_turn_are_one(
        self, api: Api, me: SignedIn, draft: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever ends the transaction, nothing is half known and no byte is nobody's."""
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))

        def broken(*_: object) -> None:
            raise UnavailableError("The database is away.")

        with monkeypatch.context() as patched:
            patched.setattr(service, "after_commit", broken)
            problem(tus.patch(me.client, upload, 0, CONTENT), 503, "unavailable")
        assert (row(api, upload).state, row(api, upload).received) == ("receiving", 0)
        assert api.stored() == []
        assert tus.patch(me.client, upload, 0, CONTENT).status_code == 204
        assert row(api, upload).state == "queued"

    def test_small_pieces_become_one(self, api: Api, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        for start in range(0, len(CONTENT), 1000):
            tus.patch(me.client, upload, start, CONTENT[start : start + 1000])
        assert len(api.stored()) == 1
        assert stored(api, upload) == CONTENT

    def test_large_files_become_many(
        self, api: Api, me: SignedIn, draft: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "SMALL_BYTES", 3000)
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        for start in range(0, len(CONTENT), 3000):
            tus.patch(me.client, upload, start, CONTENT[start : start + 3000])
        assert stored(api, upload) == CONTENT
        assert len(api.stored()) == 4

    def test_what_another_host_has_sent_meanwhile_is_kept(
        self, api: Api, me: SignedIn, draft: str
    ) -> None:
        """A line that is still open when its sender has gone on elsewhere adds nothing."""
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        with self.start(me, upload, len(CONTENT), b"x" * 4000) as connection:
            piece = UploadPiece(upload_id=upload, start=0, bytes=5000, key=piece_key(upload, 0))
            api.storage.put_bytes(piece.key, CONTENT[:5000])
            with api.database.write() as session:
                assert repository.add_piece(session, piece, 0)
                session.commit()
            connection.shutdown(socket.SHUT_WR)
        assert tus.patch(me.client, upload, 5000, CONTENT[5000:]).status_code == 204
        assert stored(api, upload) == CONTENT
        wait_until(lambda: len(api.stored()) == 1)  # the open line ends in its own time

    def test_an_expired_upload_is_gone(self, api: Api, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        with api.database.write() as session:
            row = session.get(Upload, upload)
            assert row is not None
            row.expires_at = utc_now() - timedelta(seconds=2)
            session.commit()
        assert tus.head(me.client, upload).status_code == 410
        assert tus.patch(me.client, upload, 0, CONTENT).status_code == 410


class TestSeveralProcesses:
    def test_go_on_with_what_another_began(
        self, start_api: Callable[..., Api], sign_in: SignIn
    ) -> None:
        one, other = start_api(), start_api()
        me = sign_in(one)
        draft = me.client.post("/submissions", json={}).json()["id"]
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        tus.patch(me.client, upload, 0, CONTENT[:4000])
        with httpx.Client(
            base_url=f"{other.url}/api/v1",
            headers=me.client.headers,
            cookies=me.client.cookies,
            timeout=ANSWER_S,
        ) as there:
            assert tus.head(there, upload).headers["upload-offset"] == "4000"
            assert tus.patch(there, upload, 4000, CONTENT[4000:]).status_code == 204
        assert row(one, upload).state == "queued"


class TestRefusals:
    def test_at_creation(self, api: Api, me: SignedIn, draft: str) -> None:
        most = api.settings.max_upload_bytes
        problem(tus.create(me.client, draft, "a.mp4", 0), 422, "empty_file")
        problem(tus.create(me.client, draft, "a.mp4", most + 1), 413, "file_too_large")
        problem(
            tus.create(me.client, draft, "a.zip", api.settings.max_archive_bytes + 1),
            413,
            "file_too_large",
        )
        problem(tus.create(me.client, draft, "", 10), 422, "invalid_input")
        problem(tus.create(me.client, "x", "a.mp4", 10), 422, "invalid_input")
        problem(tus.create(me.client, uuid4(), "a.mp4", 10), 404, "not_found")
        problem(tus.create(me.client, draft, "a", 9, **{"Upload-Concat": "partial"}), 400,
                "bad_request")  # fmt: skip
        assert me.client.get(f"/submissions/{draft}/files").json()["items"] == []

    def test_a_body_in_the_creation(self, me: SignedIn, draft: str) -> None:
        headers = {
            **tus.VERSION,
            "Upload-Length": "100",
            "Upload-Metadata": tus.metadata(filename="a.mp4", submission=draft),
        }
        refused = me.client.post("/uploads", content=bytes(100), headers=headers)
        problem(refused, 400, "bad_request")

    def test_another_version_of_the_protocol(self, me: SignedIn, draft: str) -> None:
        refused = tus.create(me.client, draft, "a.mp4", 10, **{"Tus-Resumable": "0.2.2"})
        problem(refused, 412, "precondition_failed")

    def test_a_submission_that_was_sent(self, api: Api, me: SignedIn) -> None:
        with api.database.write() as session:
            sent = create_submission(session, me.user, submitted_at=utc_now())
            session.commit()
        problem(tus.create(me.client, sent.id, "a.mp4", 10), 409, "already_submitted")

    def test_a_full_disk_in_the_middle(
        self, api: Api, me: SignedIn, draft: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        full = shutil.disk_usage("/")._replace(free=-1)
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "disk_usage", lambda _: full)
            problem(tus.patch(me.client, upload, 0, CONTENT), 507, "storage_full")
            problem(tus.create(me.client, draft, "b.mp4", 10), 507, "storage_full")
        assert tus.patch(me.client, upload, 0, CONTENT).status_code == 204

    def test_what_is_another_ones(
        self, api: Api, me: SignedIn, draft: str, sign_in: SignIn
    ) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        other = sign_in(api, role="admin").client
        problem(tus.create(other, draft, "a.mp4", 10), 404, "not_found")
        problem(tus.patch(other, upload, 0, CONTENT), 404, "not_found")
        problem(tus.drop(other, upload), 404, "not_found")
        assert tus.head(other, upload).status_code == 404
        problem(other.get(f"/submissions/{draft}/files"), 404, "not_found")
        problem(tus.patch(me.client, "nonsense", 0, CONTENT), 404, "not_found")
        assert tus.head(me.client, upload).headers["upload-offset"] == "0"

    def test_nobody_and_no_csrf_token(self, api: Api, me: SignedIn, draft: str) -> None:
        upload = tus.upload_id(tus.create(me.client, draft, "lung.mp4", len(CONTENT)))
        problem(tus.create(api.client, draft, "a.mp4", 10), 401, "not_signed_in")
        problem(tus.patch(api.client, upload, 0, CONTENT), 401, "not_signed_in")
        with httpx.Client(
            base_url=me.client.base_url, cookies=me.client.cookies, timeout=ANSWER_S
        ) as forged:
            problem(tus.patch(forged, upload, 0, CONTENT), 403, "csrf")
        assert tus.head(me.client, upload).headers["upload-offset"] == "0"
