"""What is measured: requests to the application, and what workers and maintenance ask."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import httpx
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.orm import Session

import worker.app  # noqa: F401  # makes every duty known
from backend.core.db import Database, utc_now
from backend.http.services import Services
from backend.jobs import leases
from backend.jobs.kinds import OF_TRAINERS, OF_WORKERS, SCREENING
from backend.jobs.leases import JobKind
from backend.screenings import repository as screenings
from backend.screenings.estimates import QueueEstimator
from backend.submissions import near_copies
from backend.tables import Contribution
from scripts.bench.growth.seeding import Installation
from worker.maintenance.duties import DUTIES, Duty

Who = Literal["anybody", "contributor", "reviewer", "admin"]

RANGE_BYTES = 64 * 1024
"""What a client asks for at a time of a release's archive."""


@dataclass(frozen=True, slots=True)
class Bench:
    """An application in this process, its clients by whom they are, and what is in its database."""

    app: FastAPI
    clients: dict[Who, httpx.AsyncClient]
    database: Database
    made: Installation

    @property
    def services(self) -> Services:
        """The application's own."""
        services: Services = self.app.state.services
        return services


Run = Callable[[Bench], Awaitable[httpx.Response | None]]


@dataclass(frozen=True, slots=True)
class Call:
    """Something that is timed. `before` and `after` are what is done around it, untimed."""

    name: str
    run: Run
    before: Run | None = None
    after: Run | None = None


def get(name: str, who: Who, path: str) -> Call:
    """A GET of a path, in which `{...}` stands for what was made."""

    async def run(bench: Bench) -> httpx.Response:
        return await bench.clients[who].get(path.format_map(vars(bench.made)))

    return Call(name, run)


def post(name: str, who: Who, path: str, **body: str) -> Call:
    """A POST of a JSON object, in whose values and path `{...}` stands for what was made."""

    async def run(bench: Bench) -> httpx.Response:
        made = vars(bench.made)
        content = {key: value.format_map(made) for key, value in body.items()}
        return await bench.clients[who].post(path.format_map(made), json=content)

    return Call(name, run)


# The application


async def _new_estimator(bench: Bench) -> None:
    """Forget the queue as it was a moment ago, so that the next request reads it."""
    bench.app.state.estimator = QueueEstimator(bench.services.settings)


async def _claim_next(bench: Bench) -> httpx.Response:
    return await bench.clients["reviewer"].post("/reviews/next", json={})


async def _release_claims(bench: Bench) -> None:
    """Forget all claims, also those that the queue remembers as returned."""
    with bench.database.write() as session:
        session.execute(
            update(Contribution)
            .where(Contribution.claimed_until.is_not(None))
            .values(claimed_by=None, claimed_at=None, claimed_until=None)
        )
        session.commit()


async def _archive_head(bench: Bench) -> httpx.Response:
    return await bench.clients["anybody"].head(f"/releases/{bench.made.release}/archive.zip")


def archive(name: str, begin: Callable[[int, int], int]) -> Call:
    """A range of the large release's archive.

    Args:
        name: the call's.
        begin: where the range starts, by the archive's size and its directory's offset, in bytes.
    """

    async def measure(bench: Bench) -> None:
        if bench.made.release not in _archives:
            _archives[bench.made.release] = await _size_and_directory(bench)

    async def run(bench: Bench) -> httpx.Response:
        start = begin(*_archives[bench.made.release])
        return await _range(bench, f"{start}-{start + RANGE_BYTES - 1}")

    return Call(name, run, before=measure)


_archives: dict[int, tuple[int, int]] = {}
"""Size and directory's offset of an archive, by its release."""


async def _range(bench: Bench, part: str) -> httpx.Response:
    path = f"/releases/{bench.made.release}/archive.zip"
    return await bench.clients["anybody"].get(path, headers={"Range": f"bytes={part}"})


async def _size_and_directory(bench: Bench) -> tuple[int, int]:
    """The archive's size, and where its central directory begins, as its last records say."""
    response = await _range(bench, "-98")
    size = int(response.headers["content-range"].rpartition("/")[2])
    end = response.content  # PKWARE's APPNOTE, 4.3.14 to 4.3.16
    at = end[48:56] if end.startswith(b"PK\6\6") else end[-6:-2]
    return size, int.from_bytes(at, "little")


APPLICATION = (
    get("health", "anybody", "/health"),
    get("screening that is done", "anybody", "/screenings/{done_screening}"),
    Call(
        "screening that waits, with its place in the queue",
        get("", "anybody", "/screenings/{waiting_screening}").run,
        before=_new_estimator,
    ),
    post("ask for a screening", "anybody", "/screenings", recording_id="{recording}"),
    get("submissions of a contributor", "contributor", "/submissions"),
    get("a submission of 240", "contributor", "/submissions/{submission}"),
    get("contributions of a submission", "contributor", "/submissions/{submission}/contributions"),
    get("files of a submission", "contributor", "/submissions/{submission}/files"),
    get("check of a submission of 240", "contributor", "/submissions/{draft}/check"),
    get("a contribution", "contributor", "/contributions/{contribution}"),
    get("review queue with its count", "reviewer", "/reviews/queue"),
    get("review queue of a source", "reviewer", "/reviews/queue?source=Hospital%207"),
    get("review queue of a rare probe", "reviewer", "/reviews/queue?probe=linear"),
    get("review queue, disputed", "reviewer", "/reviews/queue?disputed=true"),
    Call("claim next", _claim_next, before=_release_claims),
    post("contribution for review", "reviewer", "/contributions/{pending}/claim"),
    get("frame times for the player", "reviewer", "/contributions/{pending}/cine"),
    get("own verdicts", "reviewer", "/reviews/mine"),
    get("statistics of reviews", "reviewer", "/reviews/stats"),
    get("releases", "anybody", "/releases"),
    get("a release", "anybody", "/releases/{release}"),
    get("release items", "anybody", "/releases/{release}/items"),
    get("release items from the middle on", "anybody", "/releases/{release}/items?cursor={middle}"),
    get("release items of a label", "anybody", "/releases/{release}/items?label=covid19"),
    get("release items of a rare label", "anybody", "/releases/{release}/items?label=viral"),
    get("release items of a rare probe", "anybody", "/releases/{release}/items?probe=linear"),
    Call("archive, HEAD", _archive_head),
    archive("archive, first 64 KiB", lambda _size, _directory: 0),
    archive("archive, 64 KiB in the middle", lambda _size, directory: directory // 2),
    archive("archive, 64 KiB of its directory", lambda _size, directory: directory),
    archive("archive, last 64 KiB", lambda size, _directory: max(size - RANGE_BYTES, 0)),
    get("deliveries to DICOM peers", "reviewer", "/dicom/deliveries"),
    get("failed deliveries", "reviewer", "/dicom/deliveries?state=failed"),
    get("DICOM peers with their counts", "reviewer", "/dicom/peers"),
    get("people", "admin", "/users"),
    get("people by a part of a name", "admin", "/users?q=abc"),
    get("audit log", "admin", "/audit"),
    get("audit log, its oldest page", "admin", "/audit?cursor={old_events}"),
    get("audit log of a feature", "admin", "/audit?action=reviews"),
    get("audit log of a rare action", "admin", "/audit?action={rare_action}"),
    get("audit log of a subject", "admin", "/audit?subject={pending}"),
    get("audit log of an actor", "admin", "/audit?actor={reviewer}"),
    get("checks", "admin", "/checks"),
    get("a check", "admin", "/checks/{check}"),
    get("trainings", "admin", "/trainings"),
    get("a training", "admin", "/trainings/{training}"),
    get("artifacts", "anybody", "/artifacts"),
)

# The workers


def in_session(
    name: str,
    work: Callable[[Bench, Session], object],
    begin: Callable[[Database], Callable[[], AbstractContextManager[Session]]],
) -> Call:
    """Queries in a transaction that is rolled back, so that each time finds the same."""

    async def run(bench: Bench) -> None:
        with begin(bench.database)() as session:
            work(bench, session)
            session.rollback()

    return Call(name, run)


def lease(kind: JobKind[Any]) -> Call:
    """What a worker asks for when it is free."""
    turns = screenings.turns if kind is SCREENING else None

    def work(_bench: Bench, session: Session) -> None:
        if leases.lease(session, kind, utc_now(), turns=turns and turns()) is None:
            raise LookupError(f"no {kind.name} waits")

    return in_session(f"lease, {kind.name}", work, lambda database: database.write)


def is_waiting(kind: JobKind[Any]) -> Call:
    """What a worker asks every now and then while it is idle."""
    return in_session(
        f"is one waiting, {kind.name}",
        lambda _bench, session: leases.is_waiting(session, kind, utc_now()),
        lambda database: database.read,
    )


def requeue(kind: JobKind[Any]) -> Call:
    """What maintenance asks every few seconds."""
    return in_session(
        f"requeue expired, {kind.name}",
        lambda _bench, session: leases.requeue_expired(
            session, kind, utc_now(), timedelta(hours=3), 3
        ),
        lambda database: database.write,
    )


def duty(each: Duty) -> Call:
    """A duty of maintenance as its schedule calls it."""

    async def run(_bench: Bench) -> None:
        each.work()

    return Call(f"duty, {each.name}", run)


def _near_copies(bench: Bench, session: Session) -> None:
    near_copies.record(session, session.get_one(Contribution, bench.made.drafted))


KINDS = (*OF_WORKERS, *OF_TRAINERS)


def every() -> dict[str, Call]:
    """All calls by their names, in the order in which they are made."""
    workers = (
        in_session("near copies of an import", _near_copies, lambda database: database.write),
        *(make(kind) for make in (lease, is_waiting, requeue) for kind in KINDS),
        *(duty(known) for known in DUTIES.values()),
    )
    return {call.name: call for call in (*APPLICATION, *workers)}


def chosen(patterns: list[str]) -> list[str]:
    """Names of the calls in which one of the patterns is found; of all where there is none.

    Raises:
        ValueError: a pattern is found in no name; names all calls.
    """
    names = list(every())
    for pattern in patterns:
        if not any(re.search(pattern, name) for name in names):
            raise ValueError(f"{pattern!r} is found in none of: {'; '.join(names)}")
    return [
        name
        for name in names
        if not patterns or any(re.search(pattern, name) for pattern in patterns)
    ]
