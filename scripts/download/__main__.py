"""How much memory the API takes while a release of 5 GB is downloaded.

    .venv/bin/python -m scripts.download [--gigabytes 5] [--readers 2]

A service of its own on a free port serves a release of sparse files, which take no room on the
disk. Each reader takes the archive in two parts, as after a broken connection, and the API's
resident memory is read meanwhile.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

import migrations
from backend.core.db import Database
from backend.core.settings import Settings
from backend.storage.factory import open_storage
from backend.storage.keys import published_key
from backend.storage.local import FolderStorage
from tests.factories_contributions import create_contribution
from tests.factories_releases import create_item, create_release

ADDRESS = "/api/v1/releases/1/archive.zip"
MEMBER_BYTES = 250_000_000
LOOK_EVERY_S = 0.1


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--readers", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        migrations.upgrade(settings.database_url)
        make_release(settings, round(chosen.gigabytes * 1e9 / MEMBER_BYTES))
        with serving(settings) as (url, process):
            size = int(httpx.head(f"{url}{ADDRESS}").headers["content-length"])
            before = process.memory_info().rss
            started = time.monotonic()
            most = read_all(url, size, chosen.readers, process)
            seconds = time.monotonic() - started
    print(
        f"{chosen.readers} downloads of {size:,} bytes, each in two parts, in {seconds:.0f} s "
        f"({chosen.readers * size / seconds / 1e6:.0f} MB/s): resident memory of the API "
        f"{before / 1e6:.0f} MB before, {most / 1e6:.0f} MB at most."
    )
    return 0


def make_release(settings: Settings, members: int) -> None:
    """Release 1, of so many recordings without content."""
    storage = open_storage(settings)
    assert isinstance(storage, FolderStorage)  # noqa: S101  # the settings name no bucket
    crc32 = zlib.crc32(bytes(MEMBER_BYTES))
    database = Database.connect(settings)
    with database.write() as session:
        release = create_release(session)
        for n in range(members):
            contribution = create_contribution(session, state="approved", final_label="covid19")
            key = published_key(contribution.id, f"{n:064}", ".mp4")
            sparse = settings.incoming_dir / str(n)
            with sparse.open("wb") as file:
                file.truncate(MEMBER_BYTES)
            storage.put(key, sparse)
            listed = {"key": key, "bytes": MEMBER_BYTES, "crc32": crc32, "sha256": f"{n:064}"}
            path = f"pocus_videos/convex/{contribution.id}.mp4"
            files = {"recording": {"path": path, **listed}, "frames": []}
            create_item(session, release, contribution, files=files)
        session.commit()
    database.close()


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """The API on a free port: its address and its process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("POCOVID_")}
    with (settings.data_dir / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli.main", "serve", "--port", "0"],
            env=environment | {"POCOVID_DATA_DIR": str(settings.data_dir)},
            stdout=log,
            stderr=log,
        )
    try:
        yield _address(process), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _address(process: "subprocess.Popen[bytes]") -> str:
    """The address it listens on, once ready."""
    while process.poll() is None:
        for connection in psutil.Process(process.pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return f"http://127.0.0.1:{connection.laddr.port}"
        time.sleep(LOOK_EVERY_S)
    raise SystemExit("The API did not start.")


def read_all(url: str, size: int, readers: int, process: psutil.Process) -> int:
    """Run concurrent downloads; the API's peak resident memory in bytes."""
    threads = [threading.Thread(target=read, args=(url, size)) for _ in range(readers)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, process.memory_info().rss)
        time.sleep(LOOK_EVERY_S)
    return most


def read(url: str, size: int) -> None:
    """Download it in two parts and check the size."""
    cut = size // 3
    received = 0
    for wanted in (f"bytes=0-{cut - 1}", f"bytes={cut}-"):
        with httpx.stream(
            "GET", f"{url}{ADDRESS}", headers={"Range": wanted}, timeout=60
        ) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_raw(1024 * 1024):
                received += len(chunk)
    if received != size:
        raise SystemExit(f"{received} bytes came instead of {size}.")


if __name__ == "__main__":
    sys.exit(main())
