"""Each process tidies its own data folder, which on many hosts nobody else can reach."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from backend.core.db import now
from backend.storage.private_files import LEFT_BEHIND_AFTER
from tests.worker.conftest import with_settings
from tests.worker.house import House
from worker.own_folder import tidy


def aged(path: Path, by: timedelta = 2 * LEFT_BEHIND_AFTER) -> None:
    for each in [*path.rglob("*"), path]:
        moment = (now() - by).timestamp()
        os.utime(each, (moment, moment))


def left_behind(house: House) -> list[Path]:
    """An upload, a download and an artifact that was fetched, each half there."""
    incoming, artifacts = house.settings.incoming_dir, house.settings.data_dir / "artifacts"
    (incoming / "half").write_bytes(b"half of it")
    (incoming / "private-download").mkdir()
    (incoming / "private-download" / "recording").write_bytes(b"a copy from a bucket")
    (artifacts / "private-scratch" / "artifact").mkdir(parents=True)
    return [incoming / "half", incoming / "private-download", artifacts / "private-scratch"]


class TestTidy:
    def test_removes_what_a_killed_process_left(self, house: House) -> None:
        paths = left_behind(house)
        fetched = house.settings.data_dir / "artifacts" / "artifacts-v-1"
        fetched.mkdir()
        for path in (*paths, fetched):
            aged(path)
        tidy()
        assert [path for path in paths if path.exists()] == []
        assert fetched.exists()

    def test_leaves_what_is_under_way(self, house: House) -> None:
        paths = left_behind(house)
        tidy()
        assert [path for path in paths if not path.exists()] == []

    def test_takes_longer_where_work_may_take_longer(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_settings(monkeypatch, dataset_time_limit_s=86_400)
        paths = left_behind(house)
        for path in paths:
            aged(path)
        tidy()
        assert [path for path in paths if not path.exists()] == []

    def test_removes_copies_of_recordings_whose_training_has_ended(self, house: House) -> None:
        copies = house.settings.data_dir / "trainings" / str(uuid4()) / "data"
        copies.mkdir(parents=True)
        (copies / "withdrawn.png").write_bytes(b"pixels")
        tidy()
        assert list((house.settings.data_dir / "trainings").iterdir()) == []
