"""Storage in an S3 bucket; only imported if one is configured."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from backend.core.errors import StorageFullError, StorageUnreachableError
from backend.core.settings import Settings
from backend.storage.base import MissingObjectError, StoredObject, check_key, os_errors
from backend.storage.private_files import STORAGE_FULL, STORAGE_UNREACHABLE, private_folder

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef


class S3Storage:
    """Stores objects in one bucket, below a prefix; `incoming` is a local folder."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str, incoming: Path) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._incoming = incoming

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def put(self, key: str, source: Path) -> None:
        """Upload, in parts if the file is large; the object appears once it is complete."""
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
        if start:  # an empty object has no valid range
            part["Range"] = f"bytes={start}-"
        with _s3_errors(key):
            answer = self._client.get_object(**part)
        return cast("BinaryIO", _Body(answer["Body"], key))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A temporary copy in the incoming folder."""
        with private_folder(self._incoming) as folder:
            path = folder / "recording"
            with os_errors(), _s3_errors(key):
                self._client.download_file(self._bucket, self._name(key), str(path))
            yield path

    def exists(self, key: str) -> bool:
        """Send a HEAD request for the object."""
        try:
            with _s3_errors(key):
                self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        except MissingObjectError:
            return False
        return True

    def size(self, key: str) -> int:
        """The size, from a HEAD request."""
        with _s3_errors(key):
            head = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        return head["ContentLength"]

    def delete(self, key: str) -> None:
        """Delete the object."""
        with _s3_errors(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def delete_folder(self, folder: str) -> None:
        """Delete every object that the listing finds."""
        for stored in self.listing(check_key(folder)):
            self.delete(stored.key)

    def listing(self, folder: str) -> Iterator[StoredObject]:
        """List page by page."""
        with _s3_errors(folder):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/" if folder else self._prefix
            )
            for page in pages:
                for item in page.get("Contents", []):
                    yield StoredObject(
                        key=item["Key"].removeprefix(self._prefix),
                        bytes=item["Size"],
                        modified_at=item["LastModified"],
                    )

    def check(self) -> None:
        """Send a HEAD request for the bucket."""
        with _s3_errors(self._bucket):
            self._client.head_bucket(Bucket=self._bucket)

    def free_bytes(self) -> int | None:
        """Free space on the local disk, through which every upload passes."""
        with os_errors():
            return shutil.disk_usage(self._incoming).free


class _Body(io.RawIOBase):
    """An object's bytes as a stream; a broken connection raises StorageUnreachableError."""

    def __init__(self, body: "StreamingBody", key: str) -> None:
        self._body = body
        self._key = key

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as much as fits."""
        with _s3_errors(self._key):
            content = self._body.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Release the connection."""
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
            raise StorageFullError(STORAGE_FULL) from error
        raise StorageUnreachableError(STORAGE_UNREACHABLE) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnreachableError(STORAGE_UNREACHABLE) from error


def connect(settings: Settings) -> "S3Client":
    """A client with the endpoint and credentials of the settings, or of the environment."""
    import boto3
    from botocore.config import Config

    credentials = (settings.s3_access_key, settings.s3_secret_key)
    key, secret = (value.get_secret_value() if value else None for value in credentials)
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.s3_region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(connect_timeout=3, read_timeout=30, retries={"total_max_attempts": 3}),
    )
