"""Train as in test_train.py, and kill -9 this very process once it has said what is given."""

import os
import signal
import sys
from pathlib import Path

from models.training.train import train
from tests.models.training.test_train import CONFIG


def main() -> None:
    data, trunk, out, work, stage, epoch = sys.argv[1:]

    def told(said: str, done: int, _total: int) -> None:
        if (said, done) == (stage, int(epoch)):
            os.kill(os.getpid(), signal.SIGKILL)

    train(Path(data), trunk, Path(out), Path(work), CONFIG, told)


if __name__ == "__main__":
    main()
