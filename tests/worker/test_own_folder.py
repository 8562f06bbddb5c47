"""Each process tidies its own data folder, which on many hosts nobody else can reach."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from backend.core.db import utc_now
from backend.storage.private_files import LEFT_BEHIND_AFTER
from tests.worker.conftest import with_settings
from tests.worker.deployment import Deployment
from worker.own_folder import tidy


def aged(path: Path, by: timedelta = 2 * LEFT_BEHIND_AFTER) -> None:
    for each in [*path.rglob("*"), path]:
        moment = (utc_now() - by).timestamp()
        os.utime(each, (moment, moment))


def left_behind(deployment: Deployment) -> list[Path]:
    """An upload, a download and an artifact that was fetched, each half there."""
    incoming, artifacts = (
        deployment.settings.incoming_dir,
        deployment.settings.data_dir / "artifacts",
    )
    (incoming / "half").write_bytes(b"half of it")
    (incoming / "private-download").mkdir()
    (incoming / "private-download" / "recording").write_bytes(b"a copy from a bucket")
    (artifacts / "private-scratch" / "artifact").mkdir(parents=True)
    return [incoming / "half", incoming / "private-download", artifacts / "private-scratch"]


class TestTidy:
    def test_removes_what_a_killed_process_left(self, deployment: Deployment) -> None:
        paths = left_behind(deployment)
        fetched = deployment.settings.data_dir / "artifacts" / "artifacts-v-1"
        fetched.mkdir()
        for path in (*paths, fetched):
            aged(path)
        tidy()
        assert [path for path in paths if path.exists()] == []
        assert fetched.exists()

    def test_leaves_what_is_under_way(self, deployment: Deployment) -> None:
        paths = left_behind(deployment)
        tidy()
        assert [path for path in paths if not path.exists()] == []

    def test_takes_longer_where_work_may_take_longer(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, dataset_time_limit_s=86_400)
        paths = left_behind(deployment)
        for path in paths:
            aged(path)
        tidy()
        assert [path for path in paths if not path.exists()] == []

    def test_removes_copies_of_recordings_whose_training_has_ended(
        self, deployment: Deployment
    ) -> None:
        copies = deployment.settings.data_dir / "trainings" / str(uuid4()) / "data"
        copies.mkdir(parents=True)
        (copies / "withdrawn.png").write_bytes(b"pixels")
        tidy()
        assert list((deployment.settings.data_dir / "trainings").iterdir()) == []
