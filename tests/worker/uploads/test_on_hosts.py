"""Two API processes and a worker, each with a data folder of its own, and one bucket for all."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

import migrations
from backend.accounts.identity import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, csrf_token
from backend.core.db import Database, utc_now
from backend.core.settings import Settings
from backend.jobs.celery import make_celery
from backend.storage.factory import open_storage
from backend.tables import Submission, Upload
from tests import archives, buckets, media_files, tus
from tests.conftest import ANSWER_S
from tests.factories import create_sign_in, create_user
from tests.waiting import wait_until
from worker import process
from worker.maintenance import uploads as upload_maintenance
from worker.uploads.task import import_upload

pytestmark = pytest.mark.timeout(300)

MEGABYTE = 1_000_000


@dataclass
class Host:
    """An API process, and a client that is signed in there."""

    folder: Path
    program: "subprocess.Popen[bytes]"
    client: httpx.Client = field(repr=False)

    def kill(self) -> None:
        self.program.send_signal(signal.SIGKILL)
        self.program.wait()


@dataclass
class Installation:
    """A database, a bucket, and hosts that have nothing else in common."""

    environment: dict[str, str]
    folder: Path
    database: Database = field(init=False)
    hosts: list[Host] = field(default_factory=list)
    secret: str = ""

    def settings(self, name: str) -> Settings:
        return Settings(data_dir=self.folder / name)

    def start(self, name: str) -> Host:
        """An API process on a folder of its own, once it answers."""
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        environment = {**os.environ, "POCOVID_DATA_DIR": str(self.folder / name)}
        program = subprocess.Popen(
            [sys.executable, "-m", "backend.cli.main", "serve", "--port", str(port)],
            env=environment,
        )
        csrf = csrf_token(self.secret)
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1",
            timeout=ANSWER_S,
            cookies={SESSION_COOKIE: self.secret, CSRF_COOKIE: csrf},
            headers={CSRF_HEADER: csrf},
        )

        def answers() -> bool:
            try:
                return client.get("/limits").status_code == 200
            except httpx.TransportError:
                assert program.poll() is None, "the API has ended"
                return False

        wait_until(answers, 90)
        self.hosts.append(Host(self.folder / name, program, client))
        return self.hosts[-1]

    def bucket(self) -> list[str]:
        """Every key in the bucket, but for those of other tests."""
        storage = open_storage(self.settings("looking"))
        folders = ("pieces", "arrivals", "contributions", "contribution-previews")
        return [stored.key for folder in folders for stored in storage.listing(folder)]

    def row(self, upload: UUID) -> Upload | None:
        with self.database.read() as session:
            return session.get(Upload, upload)


@pytest.fixture
def installation(
    s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    environment = {
        "POCOVID_DATABASE_URL": f"sqlite:///{tmp_path / 'database' / 'pocovid.sqlite3'}",
        "POCOVID_MIN_FREE_BYTES": "0",
    }
    for name, value in buckets.make(s3_url).items():
        environment[f"POCOVID_{name.upper()}"] = value
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = Installation(environment, tmp_path)
    migrations.upgrade(made.settings("one").database_url)
    made.database = Database.connect(made.settings("one"))
    with made.database.write() as session:
        made.secret = create_sign_in(session, create_user(session, "contributor"))
        session.commit()
    yield made
    for host in made.hosts:
        host.client.close()
        host.kill()
    made.database.close()


@pytest.fixture
def third(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Tasks that are called here run on a third host."""
    settings = installation.settings("third")
    here = process.Process(
        "third:1", settings, installation.database, open_storage(settings), make_celery(settings)
    )
    monkeypatch.setattr(process, "current", lambda: here)
    return settings


def started_piece(host: Host, upload: UUID, size: int, content: bytes) -> socket.socket:
    """A connection on which the beginning of a file was sent."""
    url = urlsplit(str(host.client.base_url))
    connection = socket.create_connection((url.hostname, url.port))
    cookies = "; ".join(f"{name}={value}" for name, value in host.client.cookies.items())
    head = (
        f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Cookie: {cookies}\r\nX-CSRF-Token: {host.client.headers[CSRF_HEADER]}\r\n"
        f"Content-Length: {size}\r\n\r\n"
    )
    connection.sendall(head.encode() + content)
    return connection


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "broker" not in path.parts]


def test_what_one_host_began_another_ends_whoever_is_killed(
    installation: Installation, third: Settings
) -> None:
    one, other = installation.start("one"), installation.start("other")
    draft = one.client.post("/submissions", json={}).json()["id"]
    pictures = {f"{n}.png": media_files.image(seed=n) for n in range(3)}
    padding = {"large.mp4": os.urandom(22 * MEGABYTE)}  # no recording, but bytes of some size
    content = archives.packed(padding | pictures)
    upload = tus.upload_id(tus.create(one.client, draft, "ward.zip", len(content)))

    def offset() -> int:
        return int(tus.head(other.client, upload).headers["upload-offset"])

    with started_piece(one, upload, len(content), content[: 20 * MEGABYTE]):
        wait_until(lambda: offset() > 0, 60)
        one.kill()
    here = offset()
    assert 16 * MEGABYTE < here <= 20 * MEGABYTE
    assert tus.patch(other.client, upload, here, content[here:]).status_code == 204
    assert files(other.folder) == []

    import_upload(str(upload))
    with installation.database.read() as session:
        arrived = session.get_one(Upload, upload)
        assert (arrived.state, arrived.kind, arrived.total) == ("done", "archive", 4)
    listed = other.client.get(f"/submissions/{draft}/contributions").json()["items"]
    assert {each["file_name"] for each in listed} == {*pictures}
    kept = installation.bucket()
    assert not [key for key in kept if key.startswith(("pieces/", "arrivals/"))]
    assert len(kept) == 2 * len(pictures)
    assert files(third.data_dir) == []


def test_deleting_on_another_host_leaves_nothing(
    installation: Installation, third: Settings
) -> None:
    one, other = installation.start("one"), installation.start("other")
    drafts = [one.client.post("/submissions", json={}).json()["id"] for _ in range(2)]
    uploads = []
    for draft in (drafts[0], drafts[0], drafts[1]):
        upload = tus.upload_id(tus.create(one.client, draft, "lung.mp4", 9000))
        assert tus.patch(one.client, upload, 0, bytes(5000)).status_code == 204
        uploads.append(upload)
    assert len(installation.bucket()) == 3

    assert tus.drop(other.client, uploads[0]).status_code == 204  # by its sender, at another host
    assert len(installation.bucket()) == 2
    with installation.database.write() as session:
        session.get_one(Upload, uploads[1]).expires_at = utc_now() - timedelta(seconds=1)
        session.get_one(Submission, UUID(drafts[1])).touched_at = utc_now() - timedelta(days=99)
        session.commit()
    upload_maintenance.delete_unfinished()  # by a worker, since its time was over
    assert len(installation.bucket()) == 1
    upload_maintenance.delete_forgotten()  # the whole draft
    assert installation.bucket() == []
    assert [installation.row(upload) for upload in uploads] == [None] * 3
    assert files(one.folder) == files(other.folder) == files(third.data_dir) == []
