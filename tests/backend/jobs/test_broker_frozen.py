"""While the broker is connected and does not answer, the service does, to everybody, in time."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests import media_files
from tests.asking import ask
from tests.conftest import Api
from tests.outages import Broker

pytestmark = pytest.mark.skipif(not Broker.is_installed(), reason="no redis-server to freeze")

LOOKS, UPLOADS = 200, 6


def test_uploads_and_many_who_look_are_all_answered(
    start_api: Callable[..., Api], tmp_path: Path
) -> None:
    broker = Broker(tmp_path)
    try:
        api = start_api(broker_url=broker.url)
        screening = ask(api).json()["id"]
        with broker.held():
            began = time.monotonic()
            answers = asyncio.run(_all_at_once(api, screening))
            took_s = time.monotonic() - began
    finally:
        broker.stop()
    assert sorted(answers) == [200] * LOOKS + [202] * UPLOADS
    assert took_s < 30


async def _all_at_once(api: Api, screening: str) -> list[int]:
    content = media_files.image()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=api.client.base_url, limits=limits, timeout=60) as client:
        answers = await asyncio.gather(
            *(client.get(f"/screenings/{screening}") for _ in range(LOOKS)),
            *(
                client.post("/screenings", files={"file": ("scan", content)})
                for _ in range(UPLOADS)
            ),
        )
    return [answer.status_code for answer in answers]
