"""Storage in a local folder, for a single machine."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from backend.storage.base import MissingObjectError, StoredObject, check_key, os_errors


class FolderStorage:
    """Stores objects as files below one folder; `incoming` must be on the same disk."""

    def __init__(self, folder: Path, incoming: Path) -> None:
        self._folder = folder
        self._incoming = incoming

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def put(self, key: str, source: Path) -> None:
        """Flush the file to the disk, then rename it into place."""
        target = self._path(key)
        with os_errors():
            descriptor = os.open(source, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)

    def put_bytes(self, key: str, content: bytes) -> None:
        """Write beside the target, then rename into place."""
        with os_errors():
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                self.put(key, Path(name))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """The file itself."""
        try:
            with os_errors():
                file = self._path(key).open("rb")
        except FileNotFoundError:
            raise MissingObjectError(key) from None
        file.seek(start)
        return file

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The path of the file itself, which must not be changed."""
        path = self._path(key)
        if not path.is_file():
            raise MissingObjectError(key)
        yield path

    def exists(self, key: str) -> bool:
        """Whether the file exists."""
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        """The size of the file."""
        try:
            with os_errors():
                return self._path(key).stat().st_size
        except FileNotFoundError:
            raise MissingObjectError(key) from None

    def delete(self, key: str) -> None:
        """Unlink the file."""
        with os_errors():
            self._path(key).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        """Delete the folder with its files."""
        path = self._path(folder)
        with os_errors():
            if path.is_dir():
                shutil.rmtree(path)

    def listing(self, folder: str) -> Iterator[StoredObject]:
        """Walk the folder; files that vanish meanwhile are left out."""
        for path in (self._folder / folder).rglob("*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                yield StoredObject(
                    key=path.relative_to(self._folder).as_posix(),
                    bytes=status.st_size,
                    modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
                )

    def check(self) -> None:
        """Write a temporary file."""
        with os_errors(), tempfile.TemporaryFile(dir=self._incoming) as file:
            file.write(b".")

    def free_bytes(self) -> int | None:
        """Free space on the disk of the folder."""
        with os_errors():
            return shutil.disk_usage(self._incoming).free
