"""The demo's service: `pocovid up` with its own data folder and a free port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from scripts.demo.recordings import HOUSE

STOPS_WITHIN_S = 120


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The service; gives its address, and ends it afterwards.

    Raises:
        RuntimeError: it did not start; the message holds its log.
    """
    with (folder / "service.log").open("w") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "backend.cli.main", "up", "--port", "0"],
            cwd=HOUSE,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        with cast("IO[str]", service.stdout) as said:
            ready = said.readline()
            if not ready.startswith("POCOVIDScreen is ready at "):
                service.kill()
                raise RuntimeError((folder / "service.log").read_text())
            try:
                yield ready.split()[4]
            finally:
                service.send_signal(signal.SIGINT)
                service.wait(STOPS_WITHIN_S)


def environment(folder: Path) -> dict[str, str]:
    """Only our own settings: whatever this machine serves besides is left alone.

    Nobody else waits for an answer, so the workers need not step back.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POCOVID_")}
    return kept | {"POCOVID_DATA_DIR": str(folder / "data"), "POCOVID_WORKER_NICE": "0"}


def create_admin(folder: Path, email: str, name: str, password: str) -> None:
    """Create the first administrator, as at an installation."""
    subprocess.run(
        [
            *(sys.executable, "-m", "backend.cli.main", "user", "create", email),
            *("--role", "admin", "--name", name),
        ],
        cwd=HOUSE,
        env=environment(folder),
        input=password + "\n",
        text=True,
        check=True,
    )
