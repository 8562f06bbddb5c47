"""Wait for the object store of a compose deployment and make the bucket unless it is there."""

import os
import sys
import time
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

PATIENCE_S = 120


def make(bucket: str, endpoint: str) -> None:
    """Make the bucket; one that is there already is fine."""
    client = boto3.client("s3", endpoint_url=endpoint)
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
        client.create_bucket(Bucket=bucket)


def main() -> int:
    """Try until the store answers, two minutes at most."""
    bucket = urlsplit(os.environ["POCOVID_STORAGE_URL"]).netloc
    endpoint = os.environ["POCOVID_S3_ENDPOINT_URL"]
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            make(bucket, endpoint)
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                print(f"no bucket {bucket} at {endpoint}: {error}", file=sys.stderr)
                return 1
            time.sleep(2)
        else:
            print(f"bucket {bucket} is there")
            return 0


if __name__ == "__main__":
    sys.exit(main())
