"""A small supervisor: starts child processes together, restarts what crashes, stops all of them."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

STANDARD_ERROR = 2
POLL_S = 0.2
MAX_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
"""A child that ran this long counts as stable: after its next crash the pause is short again."""


class GaveUpError(Exception):
    """A child crashed so often in a row that restarting it is pointless."""


@dataclass
class Child:
    """One process to keep running: its name in the log, and its command line."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    crashes: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0

    def start(self) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches only the supervisor.

        Not in a session: Linux weighs sessions first, and niceness only within each, so that a
        worker that steps back would not make room for the API.

        Its output goes to standard error, like the log: standard output is for the command itself.
        """
        self.process = subprocess.Popen(  # noqa: S603
            self.command, process_group=0, stdout=STANDARD_ERROR
        )
        self.started_at = time.monotonic()
        log.info("child_started", child=self.name, pid=self.process.pid)

    @property
    def running(self) -> bool:
        """Whether its process is running."""
        return self.process is not None and self.process.poll() is None

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to it and to every process it started. It may have ended."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


@dataclass
class Supervisor:
    """Keeps children running until Ctrl-C (or SIGTERM, SIGHUP), or until one cannot be kept.

    `ready` is asked until it first says yes; then `on_ready` is called, once. Stopping asks
    each child to finish (SIGTERM), and after `grace_s` seconds, or at a second Ctrl-C, kills
    whatever is left of it and of what it started.
    """

    children: Sequence[Child]
    ready: Callable[[], bool]
    on_ready: Callable[[], None]
    grace_s: float = 20.0
    max_crashes: int = 5
    _stop_requests: int = field(default=0, init=False)

    def run(self) -> None:
        """Start the children and stay until told to stop; all of them are gone on return.

        Raises:
            GaveUpError: a child crashed `max_crashes` times in a row.
        """
        with self._listening():
            try:
                for child in self.children:
                    child.start()
                self._keep()
            finally:
                self._stop()

    def _keep(self) -> None:
        was_ready = False
        while not self._stop_requests:
            for child in self.children:
                self._supervise(child)
            if not was_ready and self.ready():
                was_ready = True
                self.on_ready()
            time.sleep(POLL_S)

    def _supervise(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                child.start()
            return
        code = child.process.poll()
        if code is None:
            return
        child.signal_all(signal.SIGKILL)  # what a crashed parent left behind
        child.process = None
        steady = now - child.started_at >= STEADY_AFTER_S
        child.crashes = 1 if steady else child.crashes + 1
        if child.crashes >= self.max_crashes:
            raise GaveUpError(
                f"{child.name} ended {child.crashes} times in a row, last with code {code}; "
                "see the lines above"
            )
        pause = min(2.0 ** (child.crashes - 1), MAX_PAUSE_S)
        child.start_again_at = now + pause
        log.warning("child_crashed", child=child.name, code=code, restart_in_s=pause)

    def _stop(self) -> None:
        requests = self._stop_requests
        for child in self.children:
            if child.running and child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + self.grace_s
        while any(child.running for child in self.children):
            if time.monotonic() > deadline or self._stop_requests > max(requests, 1):
                break
            time.sleep(0.05)
        for child in self.children:
            child.signal_all(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stop_requests += 1

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.signal(number, stop) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
