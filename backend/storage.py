"""Bytes by key, in a local folder or in an S3 bucket."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast
from uuid import UUID

from backend.errors import StorageFullError, StorageUnreachableError
from backend.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9.-]+)+")
_FULL = (errno.ENOSPC, errno.EDQUOT)


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

    def open(self, key: str) -> BinaryIO:
        """The bytes under `key`, to read and close. Raises MissingObjectError."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path that holds the bytes while the context lasts. Raises MissingObjectError."""

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""

    def delete(self, key: str) -> None:
        """Remove the bytes under `key`; having none is fine."""

    def delete_folder(self, folder: str) -> None:
        """Remove everything below `folder` (`frames/<id>`); having nothing is fine."""

    def listing(self, folder: str) -> Iterator[Stored]:
        """Everything below `folder` (`recordings`, `previews`, `frames`), in no order."""

    def check(self) -> None:
        """Return when bytes can be stored and read."""

    def free_bytes(self) -> int | None:
        """Room that is left where uploads are written."""


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


def arrival_key(arrival_id: UUID) -> str:
    """Where a file lies that was sent for a submission, until a worker has taken it in."""
    return f"arrivals/{arrival_id}"


def contribution_key(sha256: str, contribution_id: UUID) -> str:
    """Where a contribution's original lies: private, and deleted after the decision."""
    return f"contributions/{sha256[:2]}/{sha256}-{contribution_id}"


def contribution_preview_key(contribution_id: UUID) -> str:
    """Where a contribution's preview lies, which its contributor and reviewers see."""
    return f"contribution-previews/{contribution_id}.jpg"


def open_storage(settings: Settings) -> Storage:
    """The storage of `settings.storage_url`; its folders are made where needed.

    Raises:
        ValueError: the URL is neither file:///folder nor s3://bucket/prefix.
    """
    url = settings.storage_url
    settings.incoming_dir.mkdir(parents=True, exist_ok=True)
    if url.startswith("file://"):
        return FolderStorage(Path(url.removeprefix("file://")), settings.incoming_dir)
    if url.startswith("s3://"):
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return S3Storage(_s3_client(settings), bucket, prefix, settings.incoming_dir)
    raise ValueError(
        f"POCOVID_STORAGE_URL must be file:///folder or s3://bucket/prefix, got {url!r}"
    )


class FolderStorage:
    """Bytes as files below one folder. `incoming` lies on the same disk."""

    def __init__(self, folder: Path, incoming: Path) -> None:
        self._folder = folder
        self._incoming = incoming

    def _path(self, key: str) -> Path:
        return self._folder / _checked(key)

    def put(self, key: str, source: Path) -> None:
        """Flush the file to the disk, then rename it into place."""
        target = self._path(key)
        with _os_errors():
            descriptor = os.open(source, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)

    def put_bytes(self, key: str, content: bytes) -> None:
        """Write beside the target, then rename into place."""
        with _os_errors():
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                self.put(key, Path(name))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def open(self, key: str) -> BinaryIO:
        """The file itself."""
        try:
            with _os_errors():
                return self._path(key).open("rb")
        except FileNotFoundError:
            raise MissingObjectError(key) from None

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

    def delete(self, key: str) -> None:
        """Unlink the file."""
        with _os_errors():
            self._path(key).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        """Remove the folder with its files."""
        path = self._path(folder)
        with _os_errors():
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
        with _os_errors(), tempfile.TemporaryFile(dir=self._incoming) as file:
            file.write(b".")

    def free_bytes(self) -> int | None:
        """Room on the disk of the folder."""
        with _os_errors():
            return shutil.disk_usage(self._incoming).free


class S3Storage:
    """Bytes as objects of one bucket, below a prefix. `incoming` is a local folder."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str, incoming: Path) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._incoming = incoming

    def _name(self, key: str) -> str:
        return self._prefix + _checked(key)

    def put(self, key: str, source: Path) -> None:
        """Upload in parts where the file is large; it appears when it is complete."""
        with _s3_errors(key):
            self._client.upload_file(str(source), self._bucket, self._name(key))
        source.unlink()

    def put_bytes(self, key: str, content: bytes) -> None:
        """Upload in one call."""
        with _s3_errors(key):
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=content)

    def open(self, key: str) -> BinaryIO:
        """The response's body, which streams."""
        with _s3_errors(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
        return cast("BinaryIO", answer["Body"])

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A copy in the incoming folder, which is removed at the end."""
        with tempfile.TemporaryDirectory(dir=self._incoming) as folder:
            path = Path(folder) / "recording"
            with _os_errors(), _s3_errors(key):
                self._client.download_file(self._bucket, self._name(key), str(path))
            yield path

    def exists(self, key: str) -> bool:
        """Ask for the object's head."""
        try:
            with _s3_errors(key):
                self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        except MissingObjectError:
            return False
        return True

    def delete(self, key: str) -> None:
        """Delete the object."""
        with _s3_errors(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def delete_folder(self, folder: str) -> None:
        """Delete what the listing finds."""
        for stored in self.listing(_checked(folder)):
            self.delete(stored.key)

    def listing(self, folder: str) -> Iterator[Stored]:
        """List page by page."""
        with _s3_errors(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/"
            )
            for page in pages:
                for each in page.get("Contents", []):
                    yield Stored(
                        key=each["Key"].removeprefix(self._prefix),
                        bytes=each["Size"],
                        modified_at=each["LastModified"],
                    )

    def check(self) -> None:
        """Ask for the bucket's head."""
        with _s3_errors(self._bucket):
            self._client.head_bucket(Bucket=self._bucket)

    def free_bytes(self) -> int | None:
        """Room on the local disk, through which every upload passes."""
        with _os_errors():
            return shutil.disk_usage(self._incoming).free


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"not a storage key: {key!r}")
    return key


@contextmanager
def _os_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError(
                "There is no room for another file. Please try later."
            ) from error
        raise StorageUnreachableError(
            "The storage cannot be used now. Please try later."
        ) from error


@contextmanager
def _s3_errors(key: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey"):
            raise MissingObjectError(key) from None
        if error.response.get("Error", {}).get("Code") in ("507", "XMinioStorageFull"):
            raise StorageFullError(
                "There is no room for another file. Please try later."
            ) from error
        raise StorageUnreachableError(
            "The storage cannot be used now. Please try later."
        ) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnreachableError(
            "The storage cannot be used now. Please try later."
        ) from error


def _s3_client(settings: Settings) -> "S3Client":
    import boto3
    from botocore.config import Config

    secrets = (settings.s3_access_key, settings.s3_secret_key)
    key, secret = (each.get_secret_value() if each else None for each in secrets)
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.s3_region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(connect_timeout=3, read_timeout=30, retries={"total_max_attempts": 3}),
    )
