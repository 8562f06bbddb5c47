"""Redis away again and again under a steady load: nothing is lost, stuck or answered twice."""

import argparse
import asyncio
import itertools
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from backend.tables import Screening, Status
from scripts.load import report
from scripts.load.browsers import Browser, Notes
from scripts.load.recordings import File, stills, videos
from scripts.load.report import Row
from scripts.load.service import HOUSE, Service
from tests.outages import Broker
from tests.postgresql import new_database

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"
KINDS = ("stopped", "killed", "frozen", "restarted", "flushed")
WORKERS = 2
BROWSERS = 8
UPLOAD_EVERY_S = 1.5
FOLLOW_EVERY_S = 2.0
SHORTEST_S, LONGEST_S = 1.0, 30.0
QUIET_S = (2.0, 15.0)
"""Between the end of an outage and the next: some come before the last one is made good."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An outage to come, `after_s` seconds after the one before."""

    kind: str
    after_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outage:
    """One that was, in seconds of the clock; `ended` when Redis answered again."""

    kind: str
    began: float
    ended: float


def plan(count: int, seed: int) -> list[Planned]:
    """Outages of 1 to 30 s, of each kind as many as of every other, in the seed's order."""
    chance = random.Random(seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(count)]
    chance.shuffle(kinds)
    return [
        Planned(kind, chance.uniform(*QUIET_S), chance.uniform(SHORTEST_S, LONGEST_S))
        for kind in kinds
    ]


def outages(chosen: argparse.Namespace, folder: Path) -> Row:
    """Take Redis away `--outages` times, then wait until all or nothing more is answered.

    Nothing more: not one answer within `--patience`.
    """
    if not Broker.is_installed():
        raise SystemExit("redis-server is not installed: this run starts one, and stops it")
    notes = Notes()
    broker = Broker(folder)
    try:
        with _database() as database_url:
            changes = {"POCOVID_BROKER_URL": broker.url, "POCOVID_DATABASE_URL": database_url}
            with Service(folder, chosen.stand_in, changes) as service:
                for _ in range(WORKERS):
                    service.start_worker()
                started = time.monotonic()
                happened, restarts = asyncio.run(_load(chosen, service, broker, notes))
                took_s = time.monotonic() - started
                rows, written = service.rows(), service.answers_written()
                answers, errors = judge(notes, rows, written)
                if errors or answers["lost"] or answers["stuck"] or answers["doubled"]:
                    service.keep_logs(HOUSE / ".cache" / "outages")
    finally:
        broker.stop()
    return {
        "database": "PostgreSQL" if database_url else "SQLite",
        "seconds": round(took_s, 1),
        **table(happened, list(rows.values())),
        "uploads, s": report.spread(notes.uploads_s),
        "workers started anew": restarts,
        "errors": errors,
        "answers": answers,
    }


@contextmanager
def _database() -> Iterator[str]:
    """One of its own on the PostgreSQL of this machine; empty, which means SQLite, without one."""
    server = os.environ.get("POCOVID_TEST_DATABASE_URL", POSTGRESQL)
    try:
        psycopg.connect(server.replace("+psycopg", ""), connect_timeout=5).close()
    except psycopg.OperationalError:
        yield ""
    else:
        with new_database(server) as url:
            yield url


async def _load(
    chosen: argparse.Namespace, service: Service, broker: Broker, notes: Notes
) -> tuple[list[Outage], int]:
    """The outages as they were, and how many workers ended by themselves and were replaced."""
    browsers = [Browser(number, service.url, notes, listens=False) for number in range(BROWSERS)]
    happened: list[Outage] = []
    over = asyncio.Event()
    restarts = 0
    try:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
            group.create_task(_send_steadily(browsers, random.Random(chosen.seed), over))
            for planned in plan(chosen.outages, chosen.seed):
                await asyncio.sleep(planned.after_s)
                began = time.time()
                await asyncio.to_thread(getattr(broker, planned.kind), planned.seconds)
                happened.append(Outage(planned.kind, began, time.time()))
                restarts += service.restart_ended_workers()
                print(f"{len(happened)} of {chosen.outages}: {planned.kind}", file=sys.stderr)
            await asyncio.sleep(QUIET_S[1])
            over.set()
            left = -1
            while waiting := sum(answer.end is None for answer in notes.asked.values()):
                if waiting != left:  # slow is not stuck: patience begins anew with every answer
                    limit.reschedule(asyncio.get_running_loop().time() + chosen.patience)
                left = waiting
                restarts += service.restart_ended_workers()
                await asyncio.sleep(1)
    except TimeoutError:
        pass  # what is not answered is counted from the rows
    finally:
        for browser in browsers:
            await browser.close()
    return happened, restarts


async def _send_steadily(
    browsers: Sequence[Browser], chance: random.Random, over: asyncio.Event
) -> None:
    """Upload, whatever becomes of those before: every fourth a video, the others stills."""
    clips, single = videos(None, 2), stills(None)
    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            if over.is_set():
                return
            file = chance.choice(single if number % 4 else clips)
            browser = browsers[number % len(browsers)]
            group.create_task(_upload_and_follow(browser, file, over))
            await asyncio.sleep(UPLOAD_EVERY_S)


async def _upload_and_follow(browser: Browser, file: File, over: asyncio.Event) -> None:
    screening_id = await browser.upload(file, lambda: not over.is_set())
    if screening_id is not None:
        await browser.follow(screening_id, every_s=FOLLOW_EVERY_S)


def judge(notes: Notes, rows: dict[str, Screening], written: dict[str, int]) -> tuple[Row, Row]:
    """What became of every screening, and what else is wrong; stuck: in no row's end yet.

    Every file is a good one, so each must be done, and the log tells that once.
    """
    ended = (Status.DONE, Status.FAILED)
    done = [key for key, row in rows.items() if row.status == Status.DONE]
    answers = report.answers(notes, rows, written)
    answers["stuck"] = sum(row.status not in ended for row in rows.values())
    wrong = {
        "failed": sum(row.status == Status.FAILED for row in rows.values()),
        "done, and not in the log": sum(not written.get(key) for key in done),
    }
    return answers, dict(notes.errors) | {name: count for name, count in wrong.items() if count}


def table(happened: Sequence[Outage], rows: Sequence[Screening]) -> Row:
    """A line for each outage.

    `finished_after` counts until the next outage. `taken_after_s`: from its end until a worker
    took a job again; `caught_up_s`: until all had ended that was accepted before. None: never.
    """
    found: Row = {}
    for number, outage in enumerate(happened):
        following = happened[number + 1 :]
        next_began = following[0].began if following else float("inf")
        finished = [row.finished_at.timestamp() for row in rows if row.finished_at]
        claimed = [row.claimed_at.timestamp() for row in rows if row.claimed_at]
        earlier = [row for row in rows if row.created_at.timestamp() < outage.ended]
        left = [row.finished_at and row.finished_at.timestamp() for row in earlier]
        taken = min((at for at in claimed if at >= outage.ended), default=None)
        last = None if None in left else max((at for at in left if at), default=outage.ended)
        found[f"outage {number + 1}"] = {
            "kind": f"{outage.kind:9}",
            "seconds": round(outage.ended - outage.began, 1),
            "finished_during": sum(outage.began <= at < outage.ended for at in finished),
            "finished_after": sum(outage.ended <= at < next_began for at in finished),
            "taken_after_s": None if taken is None else round(taken - outage.ended, 1),
            "caught_up_s": None if last is None else round(max(last - outage.ended, 0.0), 1),
        }
    return found
