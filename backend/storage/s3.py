"""Bytes as objects of an S3 bucket: the other storage, loaded only where one is configured."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from backend.core.errors import StorageFullError, StorageUnreachableError
from backend.core.settings import Settings
from backend.storage.base import MissingObjectError, Stored, checked, os_errors
from backend.storage.private_files import NO_ROOM, NOT_USABLE, private_folder

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef


class S3Storage:
    """Bytes as objects of one bucket, below a prefix. `incoming` is a local folder."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str, incoming: Path) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._incoming = incoming

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    def put(self, key: str, source: Path) -> None:
        """Upload in parts where the file is large; it appears when it is complete."""
        with _s3_errors(key):
            self._client.upload_file(str(source), self._bucket, self._name(key))
        source.unlink()

    def put_bytes(self, key: str, content: bytes) -> None:
        """Upload in one call."""
        with _s3_errors(key):
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=content)

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """The response's body, which streams."""
        part: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._name(key)}
        if start:  # an empty object has no range at all
            part["Range"] = f"bytes={start}-"
        with _s3_errors(key):
            answer = self._client.get_object(**part)
        return cast("BinaryIO", _Body(answer["Body"], key))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A copy in the incoming folder, which is removed at the end."""
        with private_folder(self._incoming) as folder:
            path = folder / "recording"
            with os_errors(), _s3_errors(key):
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

    def size(self, key: str) -> int:
        """The object's, by its head."""
        with _s3_errors(key):
            head = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        return head["ContentLength"]

    def delete(self, key: str) -> None:
        """Delete the object."""
        with _s3_errors(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def delete_folder(self, folder: str) -> None:
        """Delete what the listing finds."""
        for stored in self.listing(checked(folder)):
            self.delete(stored.key)

    def listing(self, folder: str) -> Iterator[Stored]:
        """List page by page."""
        with _s3_errors(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/" if folder else self._prefix
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
        with os_errors():
            return shutil.disk_usage(self._incoming).free


class _Body(io.RawIOBase):
    """An object's bytes as they come; a line that breaks is the storage that is away."""

    def __init__(self, body: "StreamingBody", key: str) -> None:
        self._body = body
        self._key = key

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what fits."""
        with _s3_errors(self._key):
            content = self._body.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Let go of the connection."""
        self._body.close()
        super().close()


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
            raise StorageFullError(NO_ROOM) from error
        raise StorageUnreachableError(NOT_USABLE) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnreachableError(NOT_USABLE) from error


def connect(settings: Settings) -> "S3Client":
    """A client with the settings' endpoint and secrets, or those of the environment."""
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
