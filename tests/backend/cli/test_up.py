"""`pocovid up` as a person uses it: it says where it is, and one Ctrl-C ends all of it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from backend.core.settings import Settings
from tests.conftest import log_file

ACTIVE = Path(__file__).parents[3] / "models" / "artifacts" / "ACTIVE"

WORKER_NICE = Settings.model_fields["worker_nice"].default

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(not ACTIVE.exists(), reason="no trained artifact in models/artifacts"),
]


def test_it_prints_its_address_when_ready_and_one_ctrl_c_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POCOVID_WORKER_NICE")
    log = log_file("up").open("w")
    service = subprocess.Popen(
        [sys.executable, "-m", "backend.cli.main", "up", "--port", "0"],
        env={**os.environ, "POCOVID_DATA_DIR": str(tmp_path / "data")},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert service.stdout is not None
    processes = [psutil.Process(service.pid)]
    try:
        ready = service.stdout.readline()
        told = Path(log.name).read_text()
        assert ready.startswith("POCOVIDScreen is ready at http://127.0.0.1:"), told
        processes += processes[0].children(recursive=True)
        address = ready.split()[4]
        with urllib.request.urlopen(f"{address}/api/v1/health", timeout=5) as answer:
            assert answer.status == 200
            assert json.load(answer)
        # Niceness counts within a session alone, so a worker steps back in that of the API.
        assert {os.getsid(process.pid) for process in processes} == {os.getsid(0)}
        own = processes[0].nice()
        assert max(process.nice() for process in processes) == min(own + WORKER_NICE, 19)

        service.send_signal(signal.SIGINT)

        assert service.wait(60) == 0
        assert service.stdout.read() == "POCOVIDScreen has stopped.\n"
        assert [process for process in processes if process.is_running()] == []
    finally:
        if service.poll() is None:  # killed alone, it would leave its children behind
            processes += processes[0].children(recursive=True)
        for process in processes:
            if process.is_running():
                process.kill()
        service.wait()
        service.stdout.close()
        log.close()
