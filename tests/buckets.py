"""Buckets of a real S3 server's stand-in, each test with one of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import boto3

REGION = "us-east-1"
KEY = "Zw8PasswordOfS3"
"""Access key and secret key, which are planted: no log may hold them."""


@contextmanager
def serving() -> Iterator[str]:
    """The server, by its URL."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make(endpoint_url: str) -> dict[str, str]:
    """A new bucket, as the settings that lead to a folder in it."""
    bucket = f"b{uuid4().hex}"
    boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
    ).create_bucket(Bucket=bucket)
    return settings(endpoint_url, bucket)


def settings(endpoint_url: str, bucket: str) -> dict[str, str]:
    """The settings that lead to a folder in a bucket."""
    return {
        "storage_url": f"s3://{bucket}/some/prefix",
        "s3_endpoint_url": endpoint_url,
        "s3_region": REGION,
        "s3_access_key": KEY,
        "s3_secret_key": KEY,
    }
