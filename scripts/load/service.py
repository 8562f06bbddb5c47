"""A service of our own to load: its processes, their memory, and what they left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from sqlalchemy import func, select

from backend.core.db import Database
from backend.core.settings import Settings
from backend.tables import Screening, Worker

HOUSE = Path(__file__).resolve().parents[2]
SAMPLE_EVERY_S = 0.1
STARTS_WITHIN_S = 120.0


@dataclass
class Service:
    """An API, a scheduler and workers on a data folder of their own, at a free loopback port.

    `stand_in_s`: seconds a frame of a stand-in for the models; None for the models themselves.
    """

    folder: Path
    stand_in_s: float | None
    changes: Mapping[str, str] = field(default_factory=dict)
    url: str = field(init=False)
    api: psutil.Process = field(init=False)
    database: Database = field(init=False)
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list, init=False)
    _all: list["subprocess.Popen[bytes]"] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        """Start the API and the scheduler, and wait until the API answers."""
        import migrations

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("POCOVID_")},
            "POCOVID_DATA_DIR": str(self.folder / "data"),
            "POCOVID_LOG_FORMAT": "json",
            "POCOVID_UPLOADS_PER_MINUTE": "100000",
            "POCOVID_FRONTEND_DIR": str(self.folder / "no_page"),
            **self.changes,
        }
        settings = Settings(
            data_dir=self.folder / "data",
            database_url=self.changes.get("POCOVID_DATABASE_URL", ""),
        )
        settings.data_dir.mkdir(parents=True)
        migrations.upgrade(settings.database_url)
        self.database = Database.connect(settings)
        api = self._start("serve", "--port", str(port))
        self.api = psutil.Process(api.pid)
        self._start("scheduler")
        self._wait(self._answers, api)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process."""
        for process in self._all:
            kill_tree(process)
        self.database.close()

    def _start(self, *words: str, stand_in: bool = False) -> "subprocess.Popen[bytes]":
        module = "tests.worker.stand_in" if stand_in else "backend.cli.main"
        log = self.folder / f"{words[0]}-{len(self._all)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=HOUSE,
                env={**self._environment, "STAND_IN_FRAME_S": str(self.stand_in_s or 0)},
                stdout=file,
                stderr=file,
                process_group=0,  # as `pocovid up` starts them
            )
        self._all.append(process)
        return process

    def start_worker(self, *, wait: bool = True) -> float:
        """Start one more worker; the seconds until it was ready to screen, if waited for."""
        started, before = time.monotonic(), self.workers_seen()
        process = self._start("worker", stand_in=self.stand_in_s is not None)
        self.workers.append(process)
        if wait:
            self._wait(lambda: self.workers_seen() > before, process)
        return time.monotonic() - started

    def kill_worker(self) -> None:
        """kill -9 for the oldest worker and its child, in the middle of whatever they do."""
        kill_tree(self.workers.pop(0))

    def restart_ended_workers(self) -> int:
        """Start a worker for each that ended by itself, as a supervisor does; how many did."""
        ended = [worker for worker in self.workers if worker.poll() is not None]
        for worker in ended:
            self.workers.remove(worker)
            self.start_worker(wait=False)
        return len(ended)

    def workers_seen(self) -> int:
        """Workers that have said that they are there."""
        with self.database.read() as session:
            return session.scalars(select(func.count()).select_from(Worker)).one()

    def rows(self) -> dict[str, Screening]:
        """Every screening as the database has it, by its id."""
        with self.database.read() as session:
            return {str(row.id): row for row in session.scalars(select(Screening))}

    def answers_written(self) -> Counter[str]:
        """How often a worker's log says, for each screening, that its answer was written."""
        written: Counter[str] = Counter()
        for entry in self._log_entries("worker-*.log"):
            if entry.get("event") == "screening_done":
                written[entry["screening"]] += 1
        return written

    def keep_logs(self, folder: Path) -> None:
        """Copy what every process logged, for whoever looks for a reason."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in self.folder.glob("*.log"):
            shutil.copy(path, folder)

    def _log_entries(self, pattern: str) -> Iterator[dict[str, Any]]:
        for path in self.folder.glob(pattern):
            for line in path.read_text(errors="replace").splitlines():
                with suppress(json.JSONDecodeError):  # a line that a killed worker did not finish
                    entry = json.loads(line)
                    if isinstance(entry, dict):
                        yield entry

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/health", timeout=2) as answer:  # noqa: S310  # our own
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _wait(self, what: Any, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not what():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"a process did not start; see the logs in {self.folder}")
            time.sleep(0.05)


def kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 for the process and everything it started."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        for descendant in [parent, *parent.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                descendant.send_signal(signal.SIGKILL)
    process.wait()


@dataclass
class Memory:
    """Resident megabytes of one process while it is watched, and the CPU seconds it used."""

    start_mb: float
    peak_mb: float = 0.0
    end_mb: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def watched(process: psutil.Process) -> Iterator[Memory]:
    """Sample a process ten times a second while the block runs."""

    def resident() -> float:
        return float(process.memory_info().rss) / 1e6

    def used() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    memory, ended, before = Memory(resident()), threading.Event(), used()

    def sample() -> None:
        while not ended.wait(SAMPLE_EVERY_S):
            memory.peak_mb = max(memory.peak_mb, resident())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()
        memory.end_mb, memory.cpu_s = resident(), used() - before
        memory.peak_mb = max(memory.peak_mb, memory.end_mb)
