"""Opens the storage that the settings name."""

from pathlib import Path

from backend.core.settings import Settings
from backend.storage.base import Storage
from backend.storage.local import FolderStorage
from backend.storage.private_files import make_folder


def open_storage(settings: Settings) -> Storage:
    """The storage of `settings.storage_url`; its folders are created if needed."""
    url = settings.storage_url
    if url.startswith("file://"):
        folder = Path(url.removeprefix("file://"))
        _make_folders(settings.data_dir, folder, settings.incoming_dir)
        return FolderStorage(folder, settings.incoming_dir)
    _make_folders(settings.data_dir, settings.incoming_dir)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    from backend.storage.s3 import S3Storage, connect

    return S3Storage(connect(settings), bucket, prefix, settings.incoming_dir)


def _make_folders(*folders: Path) -> None:
    for folder in folders:
        make_folder(folder)
