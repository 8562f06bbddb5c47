"""A Redis of our own that goes away in every way there is, and comes back."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis


class Broker:
    """A Redis server on a free port of loopback, which nothing else uses."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @staticmethod
    def is_installed() -> bool:
        """Whether this machine has the server's program."""
        return shutil.which("redis-server") is not None

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port),
             "--save", "", "--appendonly", "no", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
            except redis.RedisError:
                assert time.monotonic() < deadline, "Redis did not start"
                time.sleep(0.02)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal, and wait for its end."""
        assert self._process is not None
        os.kill(self._process.pid, number)
        os.kill(self._process.pid, signal.SIGCONT)
        self._process.wait()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Frozen while the block runs."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    # the kinds of outage; each returns when the server answers again

    def stopped(self, seconds: float) -> None:
        """Ended in order, and started again after a while."""
        self.stop()
        time.sleep(seconds)
        self.start()

    def killed(self, seconds: float) -> None:
        """The same, in the middle of whatever it does."""
        self.stop(signal.SIGKILL)
        time.sleep(seconds)
        self.start()

    def frozen(self, seconds: float) -> None:
        """Connections stay, and nobody answers on them."""
        with self.held():
            time.sleep(seconds)

    def restarted(self, seconds: float) -> None:
        """Away for a moment, several times in a row."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.stopped(0)
            time.sleep(min(0.5, seconds / 3))

    def flushed(self, seconds: float) -> None:
        """Always there, but everything in it is gone, again and again."""
        with redis.Redis.from_url(self.url) as client:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                client.flushall()
                time.sleep(min(0.5, seconds / 3))

    @property
    def kinds(self) -> tuple[Callable[[float], None], ...]:
        """Every kind of outage."""
        return (self.stopped, self.frozen, self.restarted, self.flushed, self.killed)
