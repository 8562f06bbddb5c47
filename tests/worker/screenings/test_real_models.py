"""The trained models in a real worker process, on whatever a recording shows."""

import sys
from pathlib import Path

import pytest

from backend.tables import Status
from models.contract import CLASSES
from tests.worker.deployment import Deployment, clip

ACTIVE = Path(__file__).parents[3] / "models" / "artifacts" / "ACTIVE"

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(not ACTIVE.exists(), reason="no trained artifact in models/artifacts"),
]


def test_five_models_answer_a_clip(deployment: Deployment) -> None:
    screening = deployment.queue(clip(8))
    deployment.start_program(sys.executable, "-m", "backend.cli.main", "worker")

    row = deployment.finished(screening, within_s=150)

    assert (row.status, row.error_message) == (Status.DONE.value, None)
    assert row.model_version == ACTIVE.read_text().strip()
    result = row.result
    assert result is not None
    assert len(result.frames) == 8
    assert len(result.models) == 5
    of_frames = [frame.probabilities for frame in result.frames]
    for probabilities in (result.probabilities, *result.models, *of_frames):
        assert list(probabilities) == list(CLASSES)
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
