"""Bytes as files below one folder: the storage of one machine."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from backend.storage.base import MissingObjectError, Stored, checked, os_errors


class FolderStorage:
    """Bytes as files below one folder. `incoming` lies on the same disk."""

    def __init__(self, folder: Path, incoming: Path) -> None:
        self._folder = folder
        self._incoming = incoming

    def _path(self, key: str) -> Path:
        return self._folder / checked(key)

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
        """The file's own path: read it, leave it."""
        path = self._path(key)
        if not path.is_file():
            raise MissingObjectError(key)
        yield path

    def exists(self, key: str) -> bool:
        """Whether the file is there."""
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        """The file's."""
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
        """Remove the folder with its files."""
        path = self._path(folder)
        with os_errors():
            if path.is_dir():
                shutil.rmtree(path)

    def listing(self, folder: str) -> Iterator[Stored]:
        """Walk the folder; a file that vanishes meanwhile is left out."""
        for path in (self._folder / folder).rglob("*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file():
                yield Stored(
                    key=path.relative_to(self._folder).as_posix(),
                    bytes=status.st_size,
                    modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
                )

    def check(self) -> None:
        """Write a byte and take it away."""
        with os_errors(), tempfile.TemporaryFile(dir=self._incoming) as file:
            file.write(b".")

    def free_bytes(self) -> int | None:
        """Room on the disk of the folder."""
        with os_errors():
            return shutil.disk_usage(self._incoming).free
