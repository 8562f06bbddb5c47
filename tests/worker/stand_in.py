"""The command line with a stand-in for the five models, whose pace and loading a test chooses.

Everything else of the worker is the real thing. The child processes inherit the stand-in, since
the pool forks them.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from backend.cli import main as cli
from models.contract import CLASSES
from tests.plain_scorer import PlainScorer
from worker import predictor

SCORES = (0.2, 0.7, 0.1)


class StandIn(PlainScorer):
    """Answers every frame with the same scores, after a while."""

    version = "stand-in"

    def scores(self, frames: Any) -> Any:
        time.sleep(len(frames) * float(os.environ.get("STAND_IN_FRAME_S", "0")))
        assert frames.shape[1:] == (224, 224, 3)
        assert frames.dtype == np.uint8
        return np.full((5, len(frames), len(CLASSES)), SCORES, dtype=np.float32)


def load() -> StandIn:
    """At once, or never, after it has made the file that a test names."""
    if loading := os.environ.get("STAND_IN_LOADS_FOREVER"):
        Path(loading).touch()
        time.sleep(3600)
    return StandIn()


if __name__ == "__main__":
    predictor.load = load
    cli.main()
