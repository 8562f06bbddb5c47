"""A ward's afternoon: hundreds of videos in one submission, sent by the command line."""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import func, select

from backend.accounts.identity import TOKEN_PREFIX, digest, new_secret
from backend.core.db import Database, utc_now
from backend.tables import ApiToken, Contribution, Upload, User
from backend.tables.vocabulary import Scope
from scripts.load import report
from scripts.load.recordings import write_large_video
from scripts.load.report import Row
from scripts.load.service import HOUSE, Service, watched

VIDEO_BYTES = 2_000_000
BAD = {
    "broken copy.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(400),
    "empty.mp4": b"",
    "letter.doc": b"Dear colleague, the recordings are attached. " * 20,
}
"""Files that cannot be used, as they lie on any ward's disk; each must be named."""

SERIES = 12


def submission(chosen: argparse.Namespace, folder: Path) -> Row:
    """Send `--videos` videos and a few bad files in one submission; the API's memory meanwhile."""
    ward = folder / "ward"
    ward.mkdir()
    for number in range(chosen.videos):
        write_large_video(ward / f"{number:03}.mp4", VIDEO_BYTES, seed=number)
    for name, content in BAD.items():
        (ward / name).write_bytes(content)
    table = "file_name,label\n" + "".join(
        f"{number:03},{('covid19', 'pneumonia', 'healthy')[number % 3]}\n"
        for number in range(chosen.videos)
    )
    manifest = folder / "labels.csv"
    manifest.write_text(table)

    place = folder / "service"
    place.mkdir()
    with Service(place, chosen.stand_in or 0.0) as service:
        service.start_worker()
        token = _token(service.database)
        # what the first requests load is no growth
        _run(service.url, token, ward, "--help")
        started = time.monotonic()
        with watched(service.api) as used, _series(service.api) as series:
            ended = _run(
                service.url, token, ward, "--manifest", str(manifest), "--probe", "convex",
                "--licence", "CC BY 4.0", "--source", "A ward",
            )  # fmt: skip
        took_s = time.monotonic() - started
        arrived = _count(service.database)
    named = [line for line in ended.stderr.splitlines() if line.partition(":")[0] in BAD]
    step = max(1, len(series) // SERIES)
    return {
        "videos": f"{chosen.videos} of {VIDEO_BYTES / 1e6:g} MB, and {len(BAD)} bad files",
        "seconds": round(took_s, 1),
        "contributions": arrived,
        "failures named": named,
        "exit status": ended.returncode,
        "resident MB of the API, over time": [round(megabytes) for megabytes in series[::step]],
        "api": report.memory(used, took_s),
        "errors": {}
        if arrived == chosen.videos and len(named) == len(BAD) and ended.returncode == 1
        else {"not as it must be": ended.stderr[-2000:]},
    }


def _run(url: str, token: str, ward: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "backend.cli.main", "submit", str(ward), *words],
        cwd=HOUSE,
        env={**os.environ, "POCOVID_URL": url, "POCOVID_TOKEN": token, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def _token(database: Database) -> str:
    """A contributor's API token."""
    secret = TOKEN_PREFIX + new_secret()
    with database.write() as session:
        user = User(email="ward@example.org", name="A ward", password_hash="", created_at=utc_now())
        session.add(user)
        session.flush()
        session.add(
            ApiToken(
                user_id=user.id,
                name="load",
                hint=secret[:14],
                secret_sha256=digest(secret),
                scopes=[Scope.SUBMIT],
                created_at=utc_now(),
            )
        )
        session.commit()
    return secret


def _count(database: Database) -> int:
    """Contributions that there are, each from a file of its own."""
    with database.read() as session:
        rows = session.scalars(select(func.count()).select_from(Contribution)).one()
        files = session.scalars(
            select(func.count()).select_from(Upload).where(Upload.contribution_id.is_not(None))
        ).one()
    return min(rows, files)


@contextmanager
def _series(process: psutil.Process) -> Iterator[list[float]]:
    """Resident megabytes, once a second."""
    found: list[float] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(1.0):
            found.append(float(process.memory_info().rss) / 1e6)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
