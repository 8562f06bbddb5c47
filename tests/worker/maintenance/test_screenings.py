"""Upkeep: lost work is put back, pixels past their time go, and nothing else does."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from backend.core.db import utc_now
from backend.core.errors import StorageUnreachableError
from backend.jobs import workers
from backend.storage.keys import frame_key, preview_key, recording_key, signs_key
from backend.tables import SignIn, Status, Worker
from tests.factories import create_sign_in, create_user
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment, maintain, still
from worker.maintenance import duties
from worker.maintenance import screenings as tasks
from worker.maintenance.duties import ORPHANED_AFTER
from worker.screenings.task import screen

LONG_AGO = timedelta(minutes=5)
YESTERDAY = timedelta(days=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the screenings that the broker was told of."""
    ids: list[str] = []

    def remember(_celery: Any, _task: str, screening_id: str) -> bool:
        ids.append(screening_id)
        return True

    monkeypatch.setattr(duties, "send", remember)
    return ids


def test_what_lost_its_worker_or_its_message_is_announced_and_what_lost_three_is_given_up(
    deployment: Deployment, sent: list[str]
) -> None:
    silent = {"status": "running", "heartbeat_at": utc_now() - LONG_AGO}
    lost = deployment.queue(still(), notify=False, attempt=1, **silent)
    too_often = deployment.queue(still(), notify=False, attempt=5, lost=2, **silent)
    unheard = deployment.queue(still(), notify=False, notified_at=utc_now() - LONG_AGO)
    fresh = deployment.queue(still(), notify=False)
    for _ in range(2):
        tasks.requeue_expired()
    assert sent == [str(lost), str(unheard)]
    assert {deployment.row(each).status for each in (lost, unheard, fresh)} == {Status.QUEUED.value}
    row = deployment.row(too_often)
    assert (row.status, row.error_code) == (Status.FAILED.value, "worker_lost")


class TestDeleteExpired:
    def test_pixels_go_and_numbers_stay(self, deployment: Deployment) -> None:
        screening = deployment.queue(still(), notify=False)
        screen.run(str(screening))
        recording = deployment.recording(screening)
        deployment.change(recording, expires_at=utc_now() - timedelta(seconds=1))

        maintain()

        assert not deployment.storage.exists(recording.storage_key)
        assert not deployment.storage.exists(recording.preview_key)
        assert not deployment.frames(screening)
        assert deployment.recording(screening).pixels_deleted_at is not None
        assert deployment.row(screening).result is not None

    def test_before_their_time_they_stay(self, deployment: Deployment) -> None:
        screening = deployment.queue(still(), notify=False)
        screen.run(str(screening))
        maintain()
        assert deployment.storage.exists(deployment.recording(screening).storage_key)
        assert deployment.frames(screening)

    def test_what_is_still_to_be_screened_keeps_its_pixels(self, deployment: Deployment) -> None:
        screening = deployment.queue(still(), notify=False, expires_at=utc_now() - YESTERDAY)
        maintain()
        assert deployment.storage.exists(deployment.recording(screening).storage_key)

    def test_a_storage_that_is_away_is_tried_again_next_time(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screening = deployment.queue(
            still(), notify=False, status="done", expires_at=utc_now() - timedelta(seconds=1)
        )

        def away(_key: str) -> None:
            raise StorageUnreachableError("away")

        with monkeypatch.context() as patch:
            patch.setattr(deployment.storage, "delete", away)
            patch.setattr(deployment.storage, "check", lambda: away(""))
            maintain()
        assert deployment.recording(screening).pixels_deleted_at is None
        maintain()
        assert deployment.recording(screening).pixels_deleted_at is not None


class TestSilentWorkers:
    def test_one_killed_long_ago_is_forgotten_and_one_alive_is_not(
        self, deployment: Deployment
    ) -> None:
        with deployment.database.write() as session:
            workers.worker_seen(session, "killed:1", utc_now() - timedelta(hours=1))
            workers.worker_seen(session, "alive:2", utc_now())
            session.commit()
        maintain()
        with deployment.database.read() as session:
            assert list(session.scalars(select(Worker.name))) == ["alive:2"]


def test_sessions_that_have_ended_are_forgotten(deployment: Deployment) -> None:
    with deployment.database.write() as session:
        user = create_user(session)
        for ends in (-LONG_AGO, LONG_AGO):
            create_sign_in(session, user, expires_at=utc_now() + ends)
        session.commit()
    maintain()
    with deployment.database.read() as session:
        (left,) = session.scalars(select(SignIn.expires_at))
        assert left > utc_now()


class TestSweep:
    def old(self, deployment: Deployment, path: Path) -> None:
        moment = (utc_now() - 2 * ORPHANED_AFTER).timestamp()
        os.utime(path, (moment, moment))

    def age_everything(self, deployment: Deployment) -> None:
        for path in (deployment.settings.data_dir / "storage").rglob("*"):
            self.old(deployment, path)

    def test_bytes_without_a_row_go(self, deployment: Deployment) -> None:
        keys = [
            recording_key("0" * 64, uuid4()),
            preview_key(uuid4()),
            frame_key(uuid4(), 0),
            signs_key(uuid4(), 12),
        ]
        for key in keys:
            deployment.storage.put_bytes(key, b"orphan")
        self.age_everything(deployment)
        maintain(hourly=True)
        assert [key for key in keys if deployment.storage.exists(key)] == []

    def test_bytes_of_a_row_stay(self, deployment: Deployment) -> None:
        screening = deployment.queue(still(), notify=False)
        screen.run(str(screening))
        self.age_everything(deployment)
        maintain(hourly=True)
        recording = deployment.recording(screening)
        assert deployment.storage.exists(recording.storage_key)
        assert deployment.storage.exists(recording.preview_key)
        assert len(deployment.frames(screening)) == 1

    def test_an_upload_under_way_is_left_alone(self, deployment: Deployment) -> None:
        key = recording_key("0" * 64, uuid4())
        deployment.storage.put_bytes(key, b"its row is not committed yet")
        arriving = deployment.settings.incoming_dir / "arriving"
        arriving.write_bytes(b"half of it")
        maintain(hourly=True)
        assert deployment.storage.exists(key)
        assert arriving.exists()

    def test_more_orphans_than_one_query_asks_for_all_go(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tasks, "CHUNK", 2)
        for _ in range(5):
            deployment.storage.put_bytes(preview_key(uuid4()), b"orphan")
            deployment.storage.put_bytes(frame_key(uuid4(), 0), b"orphan")
        self.age_everything(deployment)
        maintain(hourly=True)
        assert list(deployment.storage.listing("previews")) == []
        assert list(deployment.storage.listing("frames")) == []


def test_attempts_are_counted_by_the_setting(
    deployment: Deployment, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(monkeypatch, max_attempts=1)
    lost = deployment.queue(
        still(), notify=False, status="running", attempt=1, heartbeat_at=utc_now() - LONG_AGO
    )
    maintain()
    assert deployment.row(lost).error_code == "worker_lost"
