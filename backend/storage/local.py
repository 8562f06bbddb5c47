"""Bytes by key, in a local folder or in an S3 bucket."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core.errors import PocovidError, StorageFullError, StorageUnreachableError
from backend.core.settings import Settings
from backend.storage.private_files import FULL, NO_ROOM, NOT_USABLE, make_folder

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9.-]+)+")


class MissingObjectError(Exception):
    """There are no bytes under this key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a listing says about one object."""

    key: str
    bytes: int
    modified_at: datetime


class Storage(Protocol):
    """Where recordings and frames lie.

    Every method may raise StorageUnreachableError, and those that write StorageFullError. A key
    is a path of lower-case letters, digits, dots and dashes, such as `frames/<id>/0.jpg`.
    """

    def put(self, key: str, source: Path) -> None:
        """Take the file at `source` under `key`: whole or not at all. The file is consumed."""

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store `content` under `key`: whole or not at all."""

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """The bytes under `key` from `start` on, to read and close. Raises MissingObjectError."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path that holds the bytes while the context lasts. Raises MissingObjectError."""

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""

    def size(self, key: str) -> int:
        """How many bytes there are under `key`. Raises MissingObjectError."""

    def delete(self, key: str) -> None:
        """Remove the bytes under `key`; having none is fine."""

    def delete_folder(self, folder: str) -> None:
        """Remove everything below `folder` (`frames/<id>`); having nothing is fine."""

    def listing(self, folder: str) -> Iterator[Stored]:
        """Everything below `folder` (`recordings`, `previews`, `frames`; "" is all of it), in no
        order."""

    def check(self) -> None:
        """Return when bytes can be stored and read."""

    def free_bytes(self) -> int | None:
        """Room that is left where uploads are written."""


def delete_after_commit(session: Session, *keys: str | None, folders: Iterable[str] = ()) -> None:
    """Remember bytes to delete once the transaction is committed (see `delete_remembered`).

    A transaction that waits for the storage keeps others waiting, on SQLite all that write.
    """
    remembered = session.info.setdefault("deletions", [])
    remembered += [(Storage.delete, key) for key in keys if key is not None]
    remembered += [(Storage.delete_folder, folder) for folder in folders]


def delete_remembered(session: Session, storage: Storage) -> None:
    """Delete what the session's transaction leaves without a row. Called right after its commit.

    What cannot be deleted now is left to maintenance, which finds bytes without a row.
    """
    for method, key in session.info.pop("deletions", ()):
        try:
            getattr(storage, method.__name__)(key)
        except PocovidError:
            log.warning("bytes_not_deleted", key=key, exc_info=True)


def recording_key(sha256: str, recording_id: UUID) -> str:
    """Where a recording lies: found by content, yet one row's bytes are never another's."""
    return f"recordings/{sha256[:2]}/{sha256}-{recording_id}"


def preview_key(recording_id: UUID) -> str:
    """Where a recording's preview lies."""
    return f"previews/{recording_id}.jpg"


def frames_folder(screening_id: UUID) -> str:
    """Where the frames of a screening lie."""
    return f"frames/{screening_id}"


def frame_key(screening_id: UUID, index: int) -> str:
    """Where one frame of a screening lies, counted from 0."""
    return f"{frames_folder(screening_id)}/{index}.jpg"


def review_folder(contribution_id: UUID) -> str:
    """Where what reviewers look at lies: cine frames and the contact sheet. Private."""
    return f"review/{contribution_id}"


def cine_key(contribution_id: UUID, index: int) -> str:
    """Where one frame of the reviewers' player lies, counted from 0."""
    return f"{review_folder(contribution_id)}/{index}.jpg"


def contact_sheet_key(contribution_id: UUID) -> str:
    """Where the sheet of frames lies on which a reviewer looks for names."""
    return f"{review_folder(contribution_id)}/sheet.jpg"


def whole_key(contribution_id: UUID, suffix: str) -> str:
    """Where the de-identified copy in full length and full frame lies. Private."""
    return f"wholes/{contribution_id}.{suffix}"


def dataset_folder(contribution_id: UUID) -> str:
    """Where what a release is made of lies."""
    return f"dataset/{contribution_id}"


def dataset_pixels_key(contribution_id: UUID, suffix: str) -> str:
    """Where the recording lies as releases hold it: trimmed, square, without any metadata."""
    return f"{dataset_folder(contribution_id)}/pixels.{suffix}"


def dataset_frame_key(contribution_id: UUID, index: int) -> str:
    """Where one of its sampled frames lies, counted from 0."""
    return f"{dataset_folder(contribution_id)}/{index}.png"


def published_folder(contribution_id: UUID) -> str:
    """Where the files of a contribution lie that releases serve, each as long as one holds it."""
    return f"published/{contribution_id}"


def published_key(contribution_id: UUID, sha256: str, suffix: str) -> str:
    """Where one of them lies, by its content: releases with the same file share it."""
    return f"{published_folder(contribution_id)}/{sha256}{suffix}"


def release_key(number: int, attempt: int, name: str) -> str:
    """Where a file at the top of a release lies. Each attempt at making it has its own."""
    return f"releases/{number}/{attempt}/{name.lower().replace('_', '-')}"


def training_folder(training_id: UUID) -> str:
    """Where the results of a training's folds wait for its last stage."""
    return f"trainings/{training_id}"


def training_key(training_id: UUID, fold: int) -> str:
    """Where the result of one fold lies."""
    return f"{training_folder(training_id)}/fold{fold}.safetensors"


def artifact_folder(version: str, attempt: int) -> str:
    """Where the files of an artifact that was trained here lie, under the names they have."""
    return f"artifacts/{version}/{attempt}"


def pieces_folder(arrival_id: UUID) -> str:
    """Where the pieces lie of a file that is sent for a submission, until it is taken in."""
    return f"pieces/{arrival_id}"


def piece_key(arrival_id: UUID, start: int) -> str:
    """A new place for bytes of such a file from `start` on: no two attempts share one."""
    return f"{pieces_folder(arrival_id)}/{start}-{uuid4().hex}"


def arrival_key(arrival_id: UUID) -> str:
    """Where such a file lies as one, if it came before files were kept in pieces."""
    return f"arrivals/{arrival_id}"


def contribution_key(sha256: str, contribution_id: UUID) -> str:
    """Where a contribution's original lies: private, and deleted after the decision."""
    return f"contributions/{sha256[:2]}/{sha256}-{contribution_id}"


def contribution_preview_key(contribution_id: UUID) -> str:
    """Where a contribution's preview lies, which its contributor and reviewers see."""
    return f"contribution-previews/{contribution_id}.jpg"


def open_storage(settings: Settings) -> Storage:
    """The storage of `settings.storage_url`; its folders are made where needed."""
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


def checked(key: str) -> str:
    """The key itself. Raises ValueError where it is none."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"not a storage key: {key!r}")
    return key


@contextmanager
def os_errors() -> Iterator[None]:
    """Turn what the system says of a disk into errors of ours, but for a file that is not there."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in FULL:
            raise StorageFullError(NO_ROOM) from error
        raise StorageUnreachableError(NOT_USABLE) from error
