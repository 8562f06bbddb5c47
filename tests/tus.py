"""A tus client of a few lines, for tests that look at each request."""

from base64 import b64encode
from collections.abc import Iterator
from uuid import UUID

import httpx

from tests import planted

VERSION = {"Tus-Resumable": "1.0.0"}


def metadata(**values: object) -> str:
    """Upload-Metadata."""
    return ",".join(
        f"{key} {b64encode(str(value).encode()).decode()}" for key, value in values.items()
    )


def create(
    client: httpx.Client, submission: object, name: str, size: int, **headers: str
) -> httpx.Response:
    """Ask for a place."""
    planted.note(name)
    return client.post(
        "/uploads",
        headers={
            **VERSION,
            "Upload-Length": str(size),
            "Upload-Metadata": metadata(filename=name, submission=submission),
            **headers,
        },
    )


def patch(
    client: httpx.Client, upload: object, offset: int, content: bytes | Iterator[bytes]
) -> httpx.Response:
    """Send a piece."""
    return client.patch(
        f"/uploads/{upload}",
        content=content,
        headers={
            **VERSION,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        },
    )


def head(client: httpx.Client, upload: object) -> httpx.Response:
    """Ask how much is there."""
    return client.head(f"/uploads/{upload}", headers=VERSION)


def drop(client: httpx.Client, upload: object) -> httpx.Response:
    """Forget it."""
    return client.delete(f"/uploads/{upload}", headers=VERSION)


def upload_id(response: httpx.Response) -> UUID:
    """The id in the answer to `create`."""
    assert response.status_code == 201, response.text
    return UUID(response.headers["location"].rpartition("/")[2])


def send(client: httpx.Client, submission: object, name: str, content: bytes) -> UUID:
    """Send a whole file in one piece."""
    upload = upload_id(create(client, submission, name, len(content)))
    response = patch(client, upload, 0, content)
    assert response.status_code == 204, response.text
    return upload
