"""The arithmetic in which a fold learns, and that in which it is measured."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.inference import engine
from models.training import fit, trunk
from models.training.fit import Curve
from models.training.train import Plan, plan, train_fold
from tests.models import mini_dataset
from tests.models.training.test_train import CONFIG, WEIGHTS, nobody


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Of one run on two processors: one without bfloat16, one that has it."""
    data = mini_dataset.make(tmp_path / "data")
    np.savez(tmp_path / "trunk.npz", **WEIGHTS)  # type: ignore[arg-type]
    features = np.zeros((1 + CONFIG.copies, 9, 14, 14, 512), dtype=np.float16)
    monkeypatch.setattr(trunk, "cache_features", lambda *_, **__: features)
    found = []
    for precision in ("f32", "bf16"):
        monkeypatch.setattr(engine, "best_precision", lambda _, it=precision: it)
        found.append(plan(data, str(tmp_path / "trunk.npz"), tmp_path / "work", CONFIG, nobody))
    return found


def test_what_another_arithmetic_learns_has_a_folder_of_its_own(plans: list[Plan]) -> None:
    assert [each.precision for each in plans] == ["f32", "bf16"]
    assert plans[0].work != plans[1].work


def test_a_fold_learns_in_the_plans_precision_and_is_measured_in_single(
    plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[str] = []
    measured: list[str] = []
    answer = fit.predict

    def computes(model: keras.Model) -> str:
        return str(model.get_layer("block5_conv3").compute_dtype)

    def noted(
        model: keras.Model, _material: Any, _schedule: Any, _seed: Any, work: Path, _: Any
    ) -> Curve:
        learnt.append(computes(model))
        work.mkdir(parents=True)
        (work / fit.CHECKPOINT).touch()
        return Curve([1.0])

    def answered(model: keras.Model, *rest: Any) -> fit.Scores:
        measured.append(computes(model))
        return answer(model, *rest)

    monkeypatch.setattr(fit, "fit", noted)
    monkeypatch.setattr(fit, "predict", answered)
    for each in plans:
        train_fold(each, "recording", 0, nobody)
    assert learnt == ["float32", "bfloat16"]
    assert measured == ["float32", "float32"]
