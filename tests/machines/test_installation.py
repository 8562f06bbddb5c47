"""What the tests of many machines say of one that does not end."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.machines import installation
from tests.machines.installation import Installation, Machine
from tests.worker.deployment import kill_tree

STAYS = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_machine_that_does_not_end_is_named_and_one_that_does_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "STOPS_WITHIN_S", 0.5)
    machines = [Machine(name, (), tmp_path / name, {}) for name in ("stays", "ends")]
    for machine, code in zip(machines, (STAYS, STAYS.replace("SIG_IGN", "SIG_DFL")), strict=True):
        machine.log.touch()
        machine.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert machine.process.stdout is not None
        assert machine.process.stdout.readline() == b"ready\n"
        machine.stop()
    stays = machines[0].process
    assert stays is not None

    with pytest.raises(AssertionError, match=f"(?s)---- stays: {stays.pid} .*: ") as failed:
        Installation("two", [], machines).wait_until_ended()
    assert "---- ends" not in str(failed.value)

    kill_tree(stays)
    Installation("two", [], machines).wait_until_ended()
    for machine in machines:
        assert machine.process is not None
        machine.process.communicate()
