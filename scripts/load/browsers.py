"""People at their browsers: each an address of its own, uploading, polling or listening."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from scripts.load.recordings import File

POLL_EVERY_S = 1.0
LONGEST_WAIT_S = 5.0
TIMEOUT_S = 60.0
KEEP_S = 3.0
"""An idle connection is not used again after this: the server closes it after five seconds."""
ENDED = ("done", "failed")


@dataclass
class Asked:
    """One accepted screening: the seconds left it was shown (when, how many), and how it ended."""

    kind: str
    who: str
    estimates: list[tuple[float, float]] = field(default_factory=list)
    end: dict[str, Any] | None = None

    def see(self, shown: dict[str, Any]) -> bool:
        """Note one state; whether it is the last."""
        left_s = shown["progress"]["seconds_left"]
        if shown["status"] in ENDED:
            self.end = shown
            return True
        if left_s is not None:
            self.estimates.append((time.time(), left_s))
        return False


@dataclass
class Notes:
    """What all browsers of a run measured, in seconds."""

    statuses_s: list[float] = field(default_factory=list)
    uploads_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    asked: dict[str, Asked] = field(default_factory=dict)


def address(number: int) -> str:
    """A loopback address for browser `number`: to the service, a client of its own."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


class Browser:
    """One person. `listens`: by server-sent events; else it polls once a second."""

    def __init__(self, number: int, url: str, notes: Notes, *, listens: bool) -> None:
        self.who = f"browser-{number}"
        self._listens = listens
        self._notes = notes
        self._chance = random.Random(number)
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1",
            timeout=TIMEOUT_S,
            transport=httpx.AsyncHTTPTransport(
                local_address=address(number), limits=httpx.Limits(keepalive_expiry=KEEP_S)
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send_one_after_the_other(
        self, files: Sequence[File], going: Callable[[], bool], pause_s: float
    ) -> None:
        """As long as it is going: upload one, wait for its answer, pause, go on."""
        await asyncio.sleep(self._chance.uniform(0, pause_s))
        while going():
            screening_id = await self.upload(self._chance.choice(files), going)
            if screening_id is not None:
                await self.follow(screening_id)
            await asyncio.sleep(self._chance.uniform(0, 2 * pause_s))

    async def send_many(self, files: Sequence[File], count: int, until: float) -> None:
        """Upload `count` as fast as they are taken, and follow all of them."""
        async with asyncio.TaskGroup() as following:
            for number in range(count):
                screening_id = await self.upload(
                    files[number % len(files)], lambda: time.monotonic() < until
                )
                if screening_id is not None:
                    following.create_task(self.follow(screening_id, every_s=3 * POLL_EVERY_S))

    async def upload(self, file: File, going: Callable[[], bool]) -> str | None:
        """Send a file until it is taken or it is over; the screening's id."""
        while going():
            started = time.perf_counter()
            try:
                answer = await self._client.post(
                    "/screenings", files={"file": (file.name, file.content)}
                )
            except httpx.TransportError as error:
                self._notes.errors[f"upload {type(error).__name__}"] += 1
                await asyncio.sleep(1)
                continue
            self._notes.answers[answer.status_code] += 1
            if answer.status_code == 202:
                self._notes.uploads_s.append(time.perf_counter() - started)
                asked = Asked(file.kind, self.who)
                self._notes.asked[answer.json()["id"]] = asked
                asked.see(answer.json())
                return str(answer.json()["id"])
            if answer.status_code not in (429, 503):
                self._notes.errors[f"upload {answer.status_code}"] += 1
                return None
            wait_s = float(answer.headers.get("retry-after", 1))
            await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))
        return None

    async def follow(self, screening_id: str, every_s: float = POLL_EVERY_S) -> None:
        """Poll or listen until there is an answer."""
        asked = self._notes.asked[screening_id]
        while asked.end is None:
            try:
                if self._listens and every_s == POLL_EVERY_S:
                    await self._listen(screening_id, asked)
                else:
                    await asyncio.sleep(every_s)
                    await self._poll(screening_id, asked)
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                self._notes.errors[f"follow {type(error).__name__}"] += 1
                await asyncio.sleep(1)

    async def _poll(self, screening_id: str, asked: Asked) -> None:
        started = time.perf_counter()
        answer = await self._client.get(f"/screenings/{screening_id}")
        self._notes.statuses_s.append(time.perf_counter() - started)
        self._notes.answers[answer.status_code] += 1
        answer.raise_for_status()
        asked.see(answer.json())

    async def _listen(self, screening_id: str, asked: Asked) -> None:
        path = f"/screenings/{screening_id}/events"
        async with self._client.stream("GET", path) as answer:
            self._notes.answers[answer.status_code] += 1
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and asked.see(json.loads(line[6:])):
                    finished_at = datetime.fromisoformat((asked.end or {})["finished_at"])
                    lag = datetime.now(UTC) - finished_at
                    self._notes.lags_s.append(lag.total_seconds())
                    return


async def poll_limits(url: str, number: int, notes: Notes, ended: asyncio.Event) -> None:
    """Ask for something small, again and again, while others upload."""
    transport = httpx.AsyncHTTPTransport(local_address=address(number))
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, transport=transport) as client:
        while not ended.is_set():
            started = time.perf_counter()
            answer = await client.get("/api/v1/screenings/00000000-0000-4000-8000-000000000000")
            notes.statuses_s.append(time.perf_counter() - started)
            notes.answers[answer.status_code] += 1
            await asyncio.sleep(0.2)
