"""Both storages keep the same promises: a folder, and a bucket of a real S3 server's stand-in."""

import errno
import os
from pathlib import Path
from uuid import uuid4

import pytest

from backend.core.errors import StorageFullError, StorageUnreachableError
from backend.core.settings import Settings
from backend.storage.base import MissingObjectError, Storage
from backend.storage.factory import open_storage
from backend.storage.keys import frame_key, preview_key, recording_key
from tests import buckets


@pytest.fixture(params=["folder", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "folder":
        return Settings(data_dir=tmp_path)
    bucket = buckets.make(request.getfixturevalue("s3_url"))
    return Settings.model_validate({"data_dir": tmp_path, **bucket})


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return open_storage(settings)


def incoming(settings: Settings, content: bytes = b"recording") -> Path:
    path = settings.incoming_dir / "upload.part"
    path.write_bytes(content)
    return path


KEY = "recordings/ab/abc-1"


def read(storage: Storage, key: str) -> bytes:
    with storage.open(key) as file:
        return file.read()


def test_put_takes_the_file(storage: Storage, settings: Settings) -> None:
    path = incoming(settings)
    storage.put(KEY, path)
    assert read(storage, KEY) == b"recording"
    assert not path.exists()


def test_put_replaces(storage: Storage, settings: Settings) -> None:
    storage.put_bytes(KEY, b"old")
    storage.put(KEY, incoming(settings, b"new"))
    assert read(storage, KEY) == b"new"


def test_a_large_file_arrives_whole(storage: Storage, settings: Settings) -> None:
    content = os.urandom(20_000_000)
    storage.put(KEY, incoming(settings, content))
    assert read(storage, KEY) == content


def test_a_file_is_read_from_a_byte_on(storage: Storage) -> None:
    storage.put_bytes(KEY, b"recording")
    for start, rest in ((0, b"recording"), (2, b"cording"), (8, b"g")):
        with storage.open(KEY, start) as file:
            assert file.read() == rest


def test_local_is_a_path_while_the_context_lasts(storage: Storage, settings: Settings) -> None:
    storage.put_bytes(KEY, b"recording")
    with storage.local(KEY) as path:
        assert path.read_bytes() == b"recording"
    assert list(settings.incoming_dir.iterdir()) == []
    assert storage.exists(KEY)


def test_what_is_not_there_is_missing(storage: Storage, settings: Settings) -> None:
    assert not storage.exists(KEY)
    with pytest.raises(MissingObjectError):
        storage.open(KEY)
    with pytest.raises(MissingObjectError), storage.local(KEY):
        pass
    assert list(settings.incoming_dir.iterdir()) == []


def test_delete_is_fine_twice(storage: Storage) -> None:
    storage.put_bytes(KEY, b"recording")
    storage.delete(KEY)
    storage.delete(KEY)
    assert not storage.exists(KEY)


def test_delete_folder_takes_what_is_in_it_and_nothing_else(storage: Storage) -> None:
    mine, other = uuid4(), uuid4()
    for index in range(3):
        storage.put_bytes(frame_key(mine, index), b"frame")
    storage.put_bytes(frame_key(other, 0), b"frame")
    storage.delete_folder(f"frames/{mine}")
    storage.delete_folder(f"frames/{mine}")
    assert [stored.key for stored in storage.listing("frames")] == [frame_key(other, 0)]


def test_listing_tells_sizes(storage: Storage) -> None:
    assert list(storage.listing("recordings")) == []
    storage.put_bytes(KEY, b"12345")
    storage.put_bytes("previews/a.jpg", b"1")
    (found,) = storage.listing("recordings")
    assert (found.key, found.bytes) == (KEY, 5)
    assert found.modified_at.tzinfo is not None


def test_check_is_quiet_where_all_is_well(storage: Storage) -> None:
    storage.check()
    assert (storage.free_bytes() or 0) > 0


@pytest.mark.parametrize("key", ["../etc/passwd", "frames/../x/y", "/etc/passwd", "plain", "A/b"])
def test_a_key_that_is_none_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="invalid storage key"):
        storage.put_bytes(key, b"")


def test_keys_are_accepted_as_the_code_makes_them(storage: Storage) -> None:
    for key in (recording_key("ab" * 32, uuid4()), preview_key(uuid4()), frame_key(uuid4(), 29)):
        storage.put_bytes(key, b"x")
        assert read(storage, key) == b"x"


def test_an_s3_server_that_is_away_is_unreachable(tmp_path: Path) -> None:
    storage = open_storage(
        Settings.model_validate(
            {"data_dir": tmp_path, **buckets.settings("http://127.0.0.1:1", "bucket")}
        )
    )
    for call in (storage.check, lambda: storage.put_bytes(KEY, b""), lambda: storage.open(KEY)):
        with pytest.raises(StorageUnreachableError):
            call()


def test_a_folder_that_is_full_keeps_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    settings = Settings(data_dir=tmp_path)
    storage = open_storage(settings)
    monkeypatch.setattr("backend.storage.local.os.fsync", full)
    with pytest.raises(StorageFullError):
        storage.put_bytes(KEY, b"recording")
    assert list(settings.incoming_dir.iterdir()) == []
    assert not storage.exists(KEY)


def test_another_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected file:///folder or s3://bucket/prefix"):
        open_storage(Settings(data_dir=tmp_path, storage_url="ftp://x/y"))
