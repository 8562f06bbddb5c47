"""The same training on PyTorch: nothing of it asks for TensorFlow."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.inference import artifact
from models.inference.predict import Predictor
from tests.models import mini_dataset
from tests.models.small_artifact import frames
from tests.models.training.test_train import WEIGHTS


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="no torch: it is not among our requirements"
)
def test_a_run_on_torch_gives_an_artifact_that_answers(tmp_path: Path) -> None:
    data, trunk, out = mini_dataset.make(tmp_path / "data"), tmp_path / "t.npz", tmp_path / "out"
    np.savez(trunk, **WEIGHTS)  # type: ignore[arg-type]
    subprocess.run(
        [
            sys.executable,
            *("-m", "tests.models.training.run_training"),
            *map(str, (data, trunk, out, tmp_path / "work")),
            *("nothing", "0"),
        ],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        timeout=600,
        check=True,
    )
    manifest = artifact.read_manifest(out)
    assert manifest.training["versions"]["backend"] == "torch"
    assert np.isfinite(Predictor.load(out).predict(frames(2))).all()
