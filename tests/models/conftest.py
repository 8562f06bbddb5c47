"""What is dear to make, made once."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.inference.engine import Array
from tests.models import small_artifact
from tests.models.evaluation.report import small_evaluation
from tests.models.evaluation.report.small_evaluation import SmallEvaluation

# Before anything imports TensorFlow: its start-up notes are not for the reader of a test run.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_TOLD = "told"


def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@dataclass(frozen=True)
class Measured:
    """What calibrating the small artifact has given, and the steps it told of meanwhile."""

    calibration: dict[str, Array]
    told: list[tuple[int, int]]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Calibrated once for all processes of a test run, of which the first one does it."""
    folder = _shared_folder(tmp_path_factory)
    path = folder / "calibration.safetensors"
    with (folder / "calibration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            steps: list[tuple[int, int]] = []
            found = small_artifact.calibrated(lambda done, total: steps.append((done, total)))
            save_file(found | {_TOLD: np.array(steps)}, path)
    values = load_file(path)
    return Measured(values, [(int(done), int(total)) for done, total in values.pop(_TOLD)])


@pytest.fixture(scope="session")
def artifact_folder(tmp_path_factory: pytest.TempPathFactory, measured: Measured) -> Iterator[Path]:
    """An artifact of five models with random weights, calibrated."""
    folder = tmp_path_factory.mktemp("artifact")
    yield small_artifact.save(folder / "pocovidnet-test", measured.calibration)
    # Fifty megabytes that nobody wants to look at afterwards.
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallEvaluation]:
    """A small artifact, its dataset, and a folder for the work: this process's copy of them.

    Made once for all processes of a test run.
    """
    shared = _shared_folder(tmp_path_factory) / "small-evaluation"
    folder = tmp_path_factory.mktemp("evaluation")
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            small_evaluation.make(folder / "making")
            (folder / "making").replace(shared)
        shutil.copytree(shared, folder, dirs_exist_ok=True)
    yield small_evaluation.read(folder)
    # A hundred megabytes that nobody wants to look at afterwards. Whoever comes later makes them.
    shutil.rmtree(folder)
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(shared, ignore_errors=True)
