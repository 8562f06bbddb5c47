"""Installations to drive: one process tree on SQLite, and many machines on the three services.

A machine is a `pocovid` process with a data folder of its own. A thread stands in for whatever
starts crashed services again on a real host.
"""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from backend.core.settings import Settings
from tests.conftest import TLS, log_file
from tests.waiting import wait_until
from tests.worker.deployment import kill_tree, tree

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 120
STOPS_WITHIN_S = 90
"""The next of those that were told to; a busy machine ends them one after the other."""

LOOK_EVERY_S = 0.1
TAIL_LINES = 25

BRISK = {
    "POCOVID_HEARTBEAT_S": "0.5",
    "POCOVID_STALE_AFTER_S": "5",
    "POCOVID_UPKEEP_EVERY_S": "1",
    "POCOVID_WORKER_NICE": "0",
    "POCOVID_UPLOADS_PER_MINUTE": "10000",
    "POCOVID_LOG_FORMAT": "json",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
"""A death is noticed within five seconds instead of thirty, and nobody waits for a rate limit; two
folds that are trained at the same time are done sooner on a core each than both on both."""


def environment(folder: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """What a machine finds: only our own settings, and a data folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POCOVID_")}
    return kept | BRISK | dict(changes) | {"POCOVID_DATA_DIR": str(folder)}


def settings_of(variables: Mapping[str, str]) -> Settings:
    """The settings of a machine with these variables."""
    named = {
        name.removeprefix("POCOVID_").lower(): value
        for name, value in variables.items()
        if name.startswith("POCOVID_")
    }
    return Settings.model_validate(named)


@dataclass
class Machine:
    """One process of an installation, started anew whenever it ends.

    Attributes:
        points: at which of its writes it is still to die, see `tests.machines.killed_process`.
        deaths: how each process ended: the point, "killed" from outside, or its status, which
            nobody asked for.
    """

    name: str
    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    points: dict[str, int] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _was_killed: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def log(self) -> Path:
        """Everything that its processes said."""
        return self.folder.with_suffix(".log")

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return settings_of(self.environment)

    def start(self) -> None:
        """Start it, to die at the points that are left."""
        program = ["-m", "backend.cli.main"]
        if self.points:
            program = [
                "-m",
                "tests.machines.killed_process",
                json.dumps(self.points),
                str(self._marker),
            ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, *self.words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9 for it and everything it started."""
        with self._lock:
            assert self.process is not None
            self._was_killed = True
            kill_tree(self.process)

    def look_after(self) -> None:
        """Start it again where it has ended."""
        with self._lock:
            if self.process is None or self.process.poll() is None:
                return
            if self._marker.exists():
                self.deaths.append(self._marker.read_text())
                self._marker.unlink()
                del self.points[self.deaths[-1]]
            else:
                status = f"status {self.process.returncode}"
                self.deaths.append("killed" if self._was_killed else status)
            self._was_killed = False
            self.start()

    def stop(self) -> None:
        """Ask it to finish."""
        with self._lock:
            if self.process is not None and self.process.poll() is None:
                self.process.terminate()

    def events(self, event: str) -> int:
        """How many lines of its log tell of this event."""
        return self.log.read_text(errors="replace").count(f'"event": "{event}"')

    def alive(self) -> list[psutil.Process]:
        """Its process and what that started, those of them that run."""
        if self.process is None or self.process.poll() is not None:
            return []
        return tree(self.process)

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join((f"---- {self.name}: {self.deaths}", *(line[:2000] for line in lines)))

    @property
    def _marker(self) -> Path:
        return self.folder.with_suffix(".died")


@dataclass
class Installation:
    """What a story is told to.

    Attributes:
        name: of the installation.
        doors: addresses of its API processes.
        machines: its processes; of one tree there is one.
        kills: whether processes die in the story.
    """

    name: str
    doors: list[str]
    machines: list[Machine]
    kills: bool = False

    @property
    def settings(self) -> Settings:
        """Settings that lead to its rows and bytes."""
        return self.machines[0].settings

    def named(self, name: str) -> Machine:
        """One of its machines."""
        return next(each for each in self.machines if each.name == name)

    def kill(self, name: str) -> None:
        """kill -9 for one of many machines; one tree is left alone."""
        if self.kills:
            self.named(name).kill()

    def wait_until(
        self,
        what: str,
        condition: Callable[[], object],
        within_s: float,
        progress: Callable[[], object] | None = None,
    ) -> None:
        """Return once the condition holds; else fail with the end of every log."""
        try:
            wait_until(condition, within_s, every_s=0.3, progress=progress)
        except AssertionError as error:
            tails = "\n".join(each.tail() for each in self.machines)
            raise AssertionError(f"{self.name}: {what}: {error}\n{tails}") from None

    def wait_until_ended(self) -> None:
        """Return once no process runs; fail where none has ended for a while and some still run.

        What those do comes first in the message, which may be cut off: see `doing`.
        """
        left, since = self._alive(), time.monotonic()
        while left:
            time.sleep(LOOK_EVERY_S)
            alive = self._alive()
            if not left.keys() <= alive.keys():
                since = time.monotonic()
            elif time.monotonic() - since > STOPS_WITHIN_S:
                running = "\n".join(f"---- {name}: {doing(each)}" for each, name in alive.items())
                tails = "\n".join(each.tail() for each in self.machines if each.alive())
                raise AssertionError(
                    f"{self.name}: none has ended for {STOPS_WITHIN_S} s of\n{running}\n{tails}"
                )
            left = alive

    def _alive(self) -> dict[psutil.Process, str]:
        """Every process that runs, and the name of its machine."""
        return {each: machine.name for machine in self.machines for each in machine.alive()}


@contextmanager
def running(installation: Installation) -> Iterator[Installation]:
    """All machines, started and looked after, until the context ends; none is left then."""
    for each in installation.machines:
        each.folder.mkdir(parents=True, exist_ok=True)
        each.start()
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(LOOK_EVERY_S):
            for each in installation.machines:
                each.look_after()

    thread = threading.Thread(target=look_after, name="look-after", daemon=True)
    thread.start()
    try:
        installation.wait_until(
            "all doors are open", lambda: open_doors(installation), STARTS_WITHIN_S
        )
        yield installation
        over.set()
        thread.join()
        for each in installation.machines:
            each.stop()
        installation.wait_until_ended()
    finally:
        over.set()
        thread.join()
        for each in installation.machines:
            if each.process is not None:
                kill_tree(each.process)
            with log_file(each.name).open("a", errors="surrogateescape") as kept:
                kept.write(each.log.read_text(errors="surrogateescape"))


def one_tree(folder: Path) -> Installation:
    """`pocovid up`: SQLite, files, no server."""
    (port,) = _free_ports(1)
    variables = environment(folder / "data", {})
    machine = Machine("up", ("up", "--port", str(port)), folder / "data", variables)
    return Installation("one tree", [f"http://127.0.0.1:{port}"], [machine])


def many_machines(folder: Path, services: Mapping[str, str], seed: int) -> Installation:
    """Two API processes, a worker of two children and one of one, a trainer of two, a scheduler.

    Args:
        folder: in which each has its data folder.
        services: settings that lead to the services; the database is migrated.
        seed: of the points at which the workers die.
    """
    random_ = random.Random(seed)
    first, second = _free_ports(2)
    workers = [_points(random_, "contributions/", "dataset/"), _points(random_, "review/")]
    random_.shuffle(workers)
    worker = ("worker", "--concurrency")
    parts: list[tuple[str, tuple[str, ...], dict[str, int]]] = [
        ("api-1", ("serve", "--port", str(first)), {}),
        ("api-2", ("serve", "--port", str(second)), {}),
        ("worker-1", (*worker, "2"), workers[0]),
        ("worker-2", (*worker, "1"), workers[1]),
        ("scheduler", ("scheduler",), {}),
        ("trainer", ("trainer", "--concurrency", "2"), {}),
    ]
    machines = [
        Machine(name, words, folder / name, environment(folder / name, services), points)
        for name, words, points in parts
    ]
    doors = [f"http://127.0.0.1:{port}" for port in (first, second)]
    return Installation("many machines", doors, machines, kills=True)


def _points(random_: random.Random, *prefixes: str) -> dict[str, int]:
    """Each of the writes at which one child dies, and the two that either worker may come to."""
    return {prefix: random_.randint(1, 3) for prefix in (*prefixes, "published/", "frames/")}


def open_doors(installation: Installation) -> bool:
    """Whether each API process answers, and finds a worker."""
    for door in installation.doors:
        try:
            health = httpx.get(f"{door}/api/v1/health", timeout=5, verify=TLS)
        except httpx.TransportError:
            return False
        if health.status_code != 200 or health.json()["status"] != "ok":
            return False
    return True


def doing(process: psutil.Process) -> str:
    """A line on a process, and below it what each of its Python threads does."""
    try:
        words = " ".join(process.cmdline()[-4:])
        line = f"{process.pid} {words}: {process.status()}, {sum(process.cpu_times()[:2]):.1f} s"
    except psutil.NoSuchProcess:
        return f"{process.pid} has just ended"
    dump = [str(Path(sys.executable).with_name("py-spy")), "dump", "--pid", str(process.pid)]
    try:
        stacks = subprocess.run(dump, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{line}\n{error!r}"
    return f"{line}\n{stacks.stdout}{stacks.stderr}"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
