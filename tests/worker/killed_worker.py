"""A task whose process is killed with -9 right before its n-th change to the dataset's bytes.

With further arguments it is the command line with the stand-in for the models: the whole worker
is killed, once. Without, the task runs in this process alone.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from backend.cli import main as cli
from backend.storage.local import FolderStorage
from tests.worker.stand_in import StandIn
from worker import predictor
from worker.contributions.deidentify import deidentify

WATCHED = ("dataset/", "wholes/", "contributions/", "published/", "releases/")


def kill_before(point: int) -> None:
    """Count what is written or deleted of the dataset, and die at the `point`-th."""
    seen = 0
    died = Path(os.environ["POCOVID_DATA_DIR"]) / "died"

    def watched(name: str) -> None:
        real = getattr(FolderStorage, name)

        def method(storage: FolderStorage, key: str, *rest: Any) -> Any:
            nonlocal seen
            seen += key.startswith(WATCHED)
            if seen == point and not died.exists():
                died.touch()
                os.killpg(os.getpgrp(), signal.SIGKILL)
            return real(storage, key, *rest)

        setattr(FolderStorage, name, method)

    for name in ("put", "delete", "delete_folder"):
        watched(name)


if __name__ == "__main__":
    kill_before(int(sys.argv.pop(1)))
    if len(sys.argv) > 1:
        predictor.load = StandIn
        cli.main()
    else:
        deidentify.run("whoever")
