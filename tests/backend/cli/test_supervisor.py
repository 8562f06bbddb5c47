"""The supervisor: children start together, are kept, and are gone at the end."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from backend.cli import supervisor
from backend.cli.supervisor import Child, GaveUpError, Supervisor

pytestmark = pytest.mark.timeout(30)


def child(name: str, program: str) -> Child:
    return Child(name, (sys.executable, "-c", program))


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def sends(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


SLEEP = "import time; time.sleep(60)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_tells_once_when_all_are_ready_and_stops_on_a_signal(number: signal.Signals) -> None:
    told: list[int] = []
    asked: list[int] = []

    def ready() -> bool:
        asked.append(1)
        return len(asked) > 2

    def on_ready() -> None:
        told.append(1)
        threading.Timer(0.5, sends(number)).start()

    children = (child("one", SLEEP), child("two", SLEEP))
    Supervisor(children, ready, on_ready).run()

    assert told == [1]
    assert not any(each.running for each in children)


def test_a_child_that_crashes_is_started_again(tmp_path: Path) -> None:
    note = tmp_path / "starts"
    program = f"open({str(note)!r}, 'a').write('start\\n'); raise SystemExit(3)"
    before = time.monotonic()
    Supervisor(
        (child("crashing", program),),
        ready=lambda: len(lines(note)) == 2,
        on_ready=sends(signal.SIGINT),
    ).run()
    assert len(lines(note)) == 2
    assert time.monotonic() - before > 1, "it waits before it tries again"


def test_a_child_that_cannot_be_kept_ends_everything() -> None:
    steady = child("steady", SLEEP)
    keep = Supervisor(
        (steady, child("hopeless", "raise SystemExit(3)")),
        ready=lambda: False,
        on_ready=lambda: None,
        max_crashes=2,
    )
    with pytest.raises(GaveUpError, match=r"hopeless ended 2 times in a row, last with code 3"):
        keep.run()
    assert not steady.running


def test_grandchildren_do_not_stay_behind(tmp_path: Path) -> None:
    """As with a worker that was killed: its own children are not told, so they are ended."""
    note = tmp_path / "pid"
    program = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        f"open({str(note)!r}, 'w').write(str(p.pid) + '\\n')\n"
        "time.sleep(60)"
    )
    parent = child("parent", program)
    Supervisor((parent,), ready=lambda: bool(lines(note)), on_ready=sends(signal.SIGINT)).run()
    grandchild = int(lines(note)[0])
    deadline = time.monotonic() + 5
    while psutil.pid_exists(grandchild) and time.monotonic() < deadline:
        if psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE:
            return  # ended; nobody has asked for its exit code yet
        time.sleep(0.05)
    assert not psutil.pid_exists(grandchild)


STUBBORN = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open({note!r}, 'w').write('started\\n')\n"
    "time.sleep(60)"
)


def test_a_child_that_does_not_listen_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    note = tmp_path / "started"
    stubborn = child("stubborn", STUBBORN.format(note=str(note)))
    Supervisor((stubborn,), lambda: bool(lines(note)), sends(signal.SIGINT), grace_s=0.5).run()
    assert stubborn.process is not None
    assert stubborn.process.returncode == -signal.SIGKILL


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    note = tmp_path / "started"

    def twice() -> None:
        sends(signal.SIGINT)()
        threading.Timer(0.5, sends(signal.SIGINT)).start()

    before = time.monotonic()
    Supervisor(
        (child("stubborn", STUBBORN.format(note=str(note))),),
        lambda: bool(lines(note)),
        twice,
        grace_s=25,
    ).run()
    assert time.monotonic() - before < 15


def test_a_child_that_ran_long_is_trusted_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "STEADY_AFTER_S", 0.0)
    note = tmp_path / "starts"
    program = f"open({str(note)!r}, 'a').write('start\\n'); raise SystemExit(3)"
    crashing = child("crashing", program)
    Supervisor(
        (crashing,),
        ready=lambda: len(lines(note)) == 3,
        on_ready=sends(signal.SIGINT),
        max_crashes=2,
    ).run()
    assert crashing.crashes == 1
