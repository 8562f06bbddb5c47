"""What is dear to make, made once."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models import small_artifact

# Before anything imports TensorFlow: its start-up notes are not for the reader of a test run.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def artifact_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An artifact of five models with random weights, calibrated."""
    folder = tmp_path_factory.mktemp("artifact")
    yield small_artifact.save(folder / "pocovidnet-test")
    # Fifty megabytes that nobody wants to look at afterwards.
    shutil.rmtree(folder)
