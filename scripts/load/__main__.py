"""Load the service on loopback, and print latencies, throughput and losses.

    scripts/load.sh mix        50 browsers: one sends many videos, the others stills and videos
    scripts/load.sh uploads    large uploads at the same time, and the memory they take
    scripts/load.sh scaling    the same work for one worker and for two
    scripts/load.sh outages    Redis away 20 times in every way, under a steady load of screenings
    scripts/load.sh submission --videos 240    all in one submission by `pocovid submit`

Plain httpx on asyncio: what counts here spans requests (is each answer there, once, and when was it
expected?), which a load generator that counts requests would leave to us all the same. Everything
is bounded in number and time. A service of its own is started on a temporary folder, unless --url
names one that runs on this machine; other machines are refused.
"""

import argparse
import asyncio
import ipaddress
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from scripts.load import report
from scripts.load.browsers import Asked, Browser, Notes, poll_limits
from scripts.load.outages import outages
from scripts.load.recordings import DATASET, stills, videos, write_large_video
from scripts.load.report import Row
from scripts.load.service import HOUSE, Service, watched
from scripts.load.submission import submission

HEAVY = "browser-0"
MOST_BROWSERS, MOST_S, MOST_UPLOADS, MOST_BYTES = 500, 1800, 100, 1_000_000_000


def mix(chosen: argparse.Namespace, folder: Path) -> Row:
    """Browsers that upload faster than the workers finish, for a while; then until all is done."""
    notes = Notes()
    found: Row = {}
    with ExitStack() as stack:
        service, url = None, chosen.url
        if url is None:
            service = stack.enter_context(Service(folder, chosen.stand_in))
            found["worker_ready_s"] = [
                round(service.start_worker(), 2) for _ in range(chosen.workers[0])
            ]
            used = stack.enter_context(watched(service.api))
            url = service.url
        started = time.monotonic()
        asyncio.run(_browse(chosen, url, notes, service))
        took_s = time.monotonic() - started
        found["seconds"] = round(took_s, 1)
        found |= _told(notes, took_s)
        if service is None:
            found["answers"] = report.answers(notes, None, None)
        else:
            stack.pop_all().close()
            found["api"] = report.memory(used, took_s)
            found["answers"] = report.answers(notes, service.rows(), service.answers_written())
    return found


def _told(notes: Notes, took_s: float) -> Row:
    everybody = list(notes.asked.values())
    groups: dict[str, list[Asked]] = {
        "stills": [asked for asked in everybody if asked.who != HEAVY and asked.kind == "still"],
        "videos": [asked for asked in everybody if asked.who != HEAVY and asked.kind == "video"],
        "one client's many videos": [asked for asked in everybody if asked.who == HEAVY],
    }
    return {
        "answers by status": {str(code): n for code, n in sorted(notes.answers.items())},
        "errors": dict(notes.errors),
        "status calls, s": report.spread(notes.statuses_s),
        "uploads, s": report.spread(notes.uploads_s),
        "lag of events, s": report.spread(notes.lags_s),
        "throughput": report.throughput(everybody, took_s),
        **{f"{name}, s": report.waits(each) for name, each in groups.items()},
        "estimates": report.estimate_errors(everybody),
        **{f"estimates, {name}": report.estimate_errors(each) for name, each in groups.items()},
    }


async def _browse(
    chosen: argparse.Namespace, url: str, notes: Notes, service: Service | None
) -> None:
    dataset = DATASET if DATASET.is_dir() else None
    single, clips = stills(dataset), videos(dataset)
    until = time.monotonic() + chosen.seconds
    people = [Browser(n, url, notes, listens=n % 2 == 1) for n in range(chosen.browsers)]
    try:
        async with asyncio.timeout(chosen.seconds + chosen.patience), asyncio.TaskGroup() as group:
            many = group.create_task(people[0].send_many(clips, chosen.videos, until))

            def coming() -> bool:
                still_coming = chosen.keep_coming and not many.done()
                return time.monotonic() < until or still_coming

            for number, each in enumerate(people[1:], start=1):
                files = clips if number % 10 == 0 else single
                group.create_task(each.send_one_after_the_other(files, coming, chosen.pause))
            if chosen.kill_worker and service is not None:
                await asyncio.sleep(chosen.seconds / 2)
                service.kill_worker()
                service.start_worker(wait=False)
    except TimeoutError:
        notes.errors["not all answered in time"] += 1
    finally:
        for person in people:
            await person.close()


def uploads(chosen: argparse.Namespace, folder: Path) -> Row:
    """Large uploads at the same time, and how the API fares meanwhile."""
    notes = Notes()
    path = folder / "large.mp4"
    write_large_video(path, chosen.bytes)
    changes = {"POCOVID_MAX_UPLOAD_BYTES": str(chosen.bytes)}
    with Service(folder, None, changes) as service, watched(service.api) as used:
        started = time.monotonic()
        asyncio.run(_send_large(path, chosen.uploads, service.url, notes))
        took_s = time.monotonic() - started
    return {
        "uploads": f"{chosen.uploads} of {chosen.bytes / 1e6:g} MB at once",
        "seconds": round(took_s, 1),
        "MB_per_s": round(chosen.uploads * chosen.bytes / 1e6 / took_s),
        "answers by status": {str(code): n for code, n in sorted(notes.answers.items())},
        "errors": dict(notes.errors),
        "uploads, s": report.spread(notes.uploads_s),
        "status calls, s": report.spread(notes.statuses_s),
        "api": report.memory(used, took_s),
    }


async def _send_large(path: Path, count: int, url: str, notes: Notes) -> None:
    ended = asyncio.Event()

    async def send(client: httpx.AsyncClient) -> None:
        started = time.perf_counter()
        with path.open("rb") as file:
            answer = await client.post("/recordings", files={"file": ("large.mp4", file)})
        notes.uploads_s.append(time.perf_counter() - started)
        notes.answers[answer.status_code] += 1

    async with (
        httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=MOST_S) as client,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(poll_limits(url, 1, notes, ended))
        async with asyncio.TaskGroup() as sending:
            for _ in range(count):
                sending.create_task(send(client))
        ended.set()


def scaling(chosen: argparse.Namespace, folder: Path) -> Row:
    """The same line of videos for each number of workers, in a service of its own."""
    found: Row = {}
    rates: list[float] = []
    changes = {"POCOVID_MAX_QUEUED": "10000", "POCOVID_MAX_QUEUED_PER_CLIENT": "10000"}
    for count in chosen.workers:
        place = folder / f"{count}-workers"
        place.mkdir()
        with Service(place, chosen.stand_in, changes) as service:
            asyncio.run(_fill_line(chosen.videos, service.url))
            for n in range(count):
                service.start_worker(wait=n == count - 1)
            began = time.time()
            while any(row.claimed_at is None for row in service.rows().values()):
                if time.time() - began > chosen.seconds:
                    raise TimeoutError(f"{count} workers took longer than {chosen.seconds} s")
                time.sleep(0.2)
            ended = time.time()
            while any(row.finished_at is None for row in service.rows().values()):
                time.sleep(0.2)
            rates.append(_frames_between(began, ended, service) / (ended - began))
        share = rates[-1] / rates[0] / (count / chosen.workers[0])
        found[f"{count} workers"] = {
            "frames_per_s": round(rates[-1], 2),
            "of the first, per worker": round(share, 3),
        }
    return found


async def _fill_line(count: int, url: str) -> None:
    notes = Notes()
    browser = Browser(0, url, notes, listens=False)
    clips = videos(None)
    for number in range(count):
        await browser.upload(clips[number % len(clips)], lambda: True)
    await browser.close()


def _frames_between(began: float, ended: float, service: Service) -> float:
    """Frames answered while all workers were busy; a screening counts by its share of that time."""
    frames = 0.0
    for row in service.rows().values():
        if row.claimed_at is None or row.finished_at is None:
            continue
        start, end = row.claimed_at.timestamp(), row.finished_at.timestamp()
        frames += row.total * max(0.0, min(end, ended) - max(start, began)) / (end - start)
    return frames


def _own_machine(url: str) -> str:
    host = urlsplit(url).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise argparse.ArgumentTypeError(f"only a service on this machine is loaded, not {host!r}")
    return url.rstrip("/")


def _up_to(most: int) -> Any:
    def number(text: str) -> int:
        if not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"expected 1 to {most}, got {text}")
        return int(text)

    return number


def main() -> int:
    """Run one mode; 1 where an answer was lost, stuck or doubled, or requests failed."""
    parser = argparse.ArgumentParser(
        prog="load.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    modes = {
        "mix": mix,
        "uploads": uploads,
        "scaling": scaling,
        "outages": outages,
        "submission": submission,
    }
    parser.add_argument("mode", choices=modes, nargs="?", default="mix")
    parser.add_argument("--url", type=_own_machine, help="mix: a running service on this machine")
    parser.add_argument("--browsers", type=_up_to(MOST_BROWSERS), default=50)
    parser.add_argument(
        "--seconds", type=_up_to(MOST_S), default=60, help="new uploads for so long"
    )
    parser.add_argument("--patience", type=_up_to(MOST_S), default=180, help="then wait so long")
    parser.add_argument("--pause", type=float, default=3.0, help="between two of one browser")
    parser.add_argument("--videos", type=_up_to(1000), default=40, help="of the one with many")
    parser.add_argument(
        "--keep-coming", action="store_true", help="the others come until the many are answered"
    )
    parser.add_argument("--workers", type=_up_to(16), nargs="+", default=[1])
    parser.add_argument(
        "--kill-worker", action="store_true", help="kill -9 half-way, start another"
    )
    parser.add_argument(
        "--stand-in", type=float, metavar="S", help="no models: S seconds a frame, asleep"
    )
    parser.add_argument("--uploads", type=_up_to(MOST_UPLOADS), default=20)
    parser.add_argument("--bytes", type=_up_to(MOST_BYTES), default=150_000_000)
    parser.add_argument("--outages", type=_up_to(200), default=20, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="outages: when, which and how long")
    parser.add_argument("--json", type=Path, default=HOUSE / ".cache" / "load.json")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pocovid-load-") as folder:
        found = {"mode": chosen.mode, **modes[chosen.mode](chosen, Path(folder))}
    report.show(found)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1))
    print(f"\nThe same as JSON: {chosen.json}")
    answers = found.get("answers", {})
    wrong = any(answers.get(name) for name in ("lost", "stuck", "doubled"))
    return 1 if found.get("errors") or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
