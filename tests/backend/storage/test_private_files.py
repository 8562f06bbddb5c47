"""Files of one attempt are its own: no shared names, nobody else's eyes, nothing left behind."""

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from backend.core.db import Database, utc_now
from backend.core.errors import StorageFullError, StorageUnreachableError
from backend.core.settings import Settings
from backend.storage.factory import open_storage
from backend.storage.private_files import make_folder, private_folder, sweep
from tests.conftest import Api


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def _open_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def aged(path: Path) -> Path:
    """As if nobody had written to it for two hours."""
    os.utime(path, (time.time() - 7200, time.time() - 7200))
    return path


class TestPrivateFolder:
    def test_is_another_one_each_time_and_goes_with_what_is_in_it(self, tmp_path: Path) -> None:
        with ExitStack() as stack:
            folders = [stack.enter_context(private_folder(tmp_path)) for _ in range(20)]
            for n, folder in enumerate(folders):
                (folder / "manifest.csv").write_text(str(n))
            assert len({*folders}) == 20
            assert {mode(folder) for folder in folders} == {0o700}
            for n, folder in enumerate(folders):
                assert (folder / "manifest.csv").read_text() == str(n)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
    def test_a_disk_that_fills_up_is_named(self, tmp_path: Path, code: int) -> None:
        with pytest.raises(StorageFullError), private_folder(tmp_path):
            raise OSError(code, "no room")
        assert list(tmp_path.iterdir()) == []

    def test_without_its_parent_the_storage_cannot_be_used(self, tmp_path: Path) -> None:
        with pytest.raises(StorageUnreachableError), private_folder(tmp_path / "gone"):
            pass


@pytest.mark.usefixtures("_open_umask")
class TestPermissions:
    def test_everything_in_the_data_folder_is_this_users_alone(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path / "data")
        storage = open_storage(settings)
        storage.put_bytes("previews/a.jpg", b"a preview")
        Database.connect(settings).close()
        assert mode(settings.data_dir) == 0o700
        assert mode(settings.incoming_dir) == 0o700
        assert mode(settings.data_dir / "storage") == 0o700
        assert mode(settings.data_dir / "storage/previews/a.jpg") == 0o600
        assert mode(settings.data_dir / "pocovid.sqlite3") == 0o600

    def test_a_folder_that_others_may_read_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir(0o755)
        make_folder(tmp_path / "data")
        assert mode(tmp_path / "data") == 0o700

    @pytest.mark.parametrize("given", [0o750, 0o1777])
    def test_one_that_is_shared_on_purpose_stays(self, tmp_path: Path, given: int) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data").chmod(given)
        make_folder(tmp_path / "data")
        assert mode(tmp_path / "data") == given


class TestSweep:
    def test_takes_what_nobody_wrote_to_for_long(self, tmp_path: Path) -> None:
        (tmp_path / "old").write_bytes(b"half")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "recording").write_bytes(b"half")
        (tmp_path / "new").write_bytes(b"half")
        for path in (tmp_path / "old", tmp_path / "folder" / "recording", tmp_path / "folder"):
            aged(path)
        assert sweep(tmp_path, utc_now() - timedelta(hours=1)) == 2
        assert [path.name for path in tmp_path.iterdir()] == ["new"]

    def test_leaves_a_folder_in_which_somebody_writes(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "recording").write_bytes(b"more and more")
        aged(tmp_path / "folder")
        assert sweep(tmp_path, utc_now() - timedelta(hours=1)) == 0

    def test_only_what_has_the_name_where_one_is_given(self, tmp_path: Path) -> None:
        for name in ("private-1", "artifact"):
            aged_path = tmp_path / name
            aged_path.mkdir()
            aged(aged_path)
        assert sweep(tmp_path, utc_now() - timedelta(hours=1), "private-*") == 1
        assert [path.name for path in tmp_path.iterdir()] == ["artifact"]

    def test_of_a_folder_that_is_not_there_is_nothing(self, tmp_path: Path) -> None:
        assert sweep(tmp_path / "gone", utc_now()) == 0

    def test_is_done_when_the_api_starts(
        self, start_api: Callable[..., Api], tmp_path: Path
    ) -> None:
        incoming = Settings(data_dir=tmp_path / "data").incoming_dir
        incoming.mkdir(parents=True)
        (incoming / "old").write_bytes(b"half")
        aged(incoming / "old")
        api = start_api(data_dir=tmp_path / "data")
        assert list(api.settings.incoming_dir.iterdir()) == []
