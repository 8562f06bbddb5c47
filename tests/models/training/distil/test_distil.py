"""Teaching a trunk: the teachers' graphs, what is learnt, what stays, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from models import networks
from models.inference import engine
from models.training import fit, trunk
from models.training.distil import distillation, teachers
from models.training.distil.distillation import Recipe, distil
from models.training.fit import Curve
from models.training.train import FrameSet, read_frames
from models.training.trunk import TrunkError
from tests.models import mini_dataset, small_artifact
from tests.models.mini_dataset import Row
from tests.models.training.test_train import WEIGHTS

RECIPE = Recipe(epochs=4, copies=0, batch=4, learning_rate=2e-6)
WIDTH = 4

Weights = Mapping[str, npt.NDArray[Any]]


def layer(
    rng: np.random.Generator, name: str, inputs: int, side: int
) -> dict[str, npt.NDArray[Any]]:
    spread = np.sqrt(2 / (inputs * side * side))
    kernel = rng.normal(0, spread, (WIDTH, inputs, side, side)).astype(np.float32)
    return {f"{name}.weight": kernel, f"{name}.bias": np.zeros(WIDTH, dtype=np.float32)}


def squeezenet() -> Weights:
    """The layers of SqueezeNet, narrow and random."""
    rng = np.random.default_rng(1)
    weights, inputs = layer(rng, "conv1", 3, 3), WIDTH
    for n in range(2, 10):
        weights |= layer(rng, f"fire{n}.squeeze1x1", inputs, 1)
        weights |= layer(rng, f"fire{n}.expand1x1", WIDTH, 1)
        weights |= layer(rng, f"fire{n}.expand3x3", WIDTH, 3)
        inputs = 2 * WIDTH
    return weights


def googlenet() -> Weights:
    """The layers of GoogLeNet, narrow and random."""
    rng = np.random.default_rng(2)
    weights = layer(rng, "conv1.7x7_s2", 3, 7)
    weights |= layer(rng, "conv2.3x3_reduce", WIDTH, 1) | layer(rng, "conv2.3x3", WIDTH, 3)
    inputs = WIDTH
    for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e"):
        for part in ("1x1", "3x3_reduce", "5x5_reduce", "pool_proj"):
            weights |= layer(rng, f"inception_{name}.{part}", inputs, 1)
        weights |= layer(rng, f"inception_{name}.3x3", WIDTH, 3)
        weights |= layer(rng, f"inception_{name}.5x5", WIDTH, 5)
        inputs = 4 * WIDTH
    return weights


def saved(path: Path, weights: Weights) -> Path:
    np.savez(path, **weights)  # type: ignore[arg-type]
    return path


class TestTeachers:
    def test_squeezenet_ends_after_fire9(self, tmp_path: Path) -> None:
        model = teachers.load(saved(tmp_path / "squeezenet.npz", squeezenet()))
        assert model.output.shape == (None, 13, 13, 2 * WIDTH)

    def test_googlenet_ends_after_inception_4e(self, tmp_path: Path) -> None:
        model = teachers.load(saved(tmp_path / "googlenet.npz", googlenet()))
        assert model.output.shape == (None, 14, 14, 4 * WIDTH)

    def test_the_response_is_normalised_as_published(self) -> None:
        x = np.random.default_rng(0).normal(0, 60, (2, 3, 3, 9)).astype(np.float32)
        expected = tf.nn.local_response_normalization(x, 2, 1.0, 1e-4 / 5, 0.75)
        assert np.allclose(teachers._ResponseNorm()(x), expected, rtol=1e-4)

    def test_a_pool_may_reach_over_the_far_edge_alone(self) -> None:
        row = np.zeros((1, 6, 6, 1), dtype=np.float32)
        row[0, 5, 5, 0] = 7
        pooled = np.asarray(teachers._pool(row))[0, :, :, 0]
        assert pooled.shape == (3, 3)
        assert pooled[2, 2] == 7
        assert pooled.sum() == 7

    @pytest.mark.parametrize(
        ("weights", "said"),
        [({"a": np.zeros(1)}, "neither"), ({"fire2.squeeze1x1.weight": np.zeros(1)}, "complete")],
    )
    def test_another_file_is_refused(self, weights: Weights, said: str, tmp_path: Path) -> None:
        with pytest.raises(TrunkError, match=said):
            teachers.load(saved(tmp_path / "other.npz", weights))

    def test_no_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TrunkError, match="There is no file"):
            teachers.load(tmp_path / "none.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distil")
    mini_dataset.make(folder / "data", [Row("a.png", "covid19"), Row("b.mp4", "healthy")])
    saved(folder / "trunk.npz", WEIGHTS)
    saved(folder / "squeezenet.npz", squeezenet())
    saved(folder / "googlenet.npz", googlenet())
    return folder


class TestDistil:
    def run(
        self, folder: Path, out: str, recipe: Recipe = RECIPE, work: str = "work"
    ) -> list[float]:
        files = [folder / "squeezenet.npz", folder / "googlenet.npz"]
        args = (folder / "data", str(folder / "trunk.npz"), files, folder / out, folder / work)
        return distil(*args, recipe, lambda *_: None).loss

    def test_it_learns_without_labels_and_leaves_the_first_three_blocks_alone(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unlabelled(*inputs: Any) -> FrameSet:
            return replace(read_frames(*inputs), labels=cast("Any", None))

        monkeypatch.setattr("models.training.distil.distillation.read_frames", unlabelled)
        loss = self.run(folder, "one.safetensors")
        assert len(loss) == RECIPE.epochs
        assert loss[-1] < loss[0]
        before = trunk.load(str(folder / "trunk.npz"))
        after = trunk.load(str(folder / "one.safetensors"))
        changed = {name[:6] for name in before if not np.array_equal(before[name], after[name])}
        assert changed == {"block4", "block5"}

    def test_it_computes_in_bfloat16_where_the_processor_has_it(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inputs: list[keras.Model] = []

        def noted(model: keras.Model, *_: Any) -> Curve:
            inputs.append(model)
            return Curve(loss=[1.0])

        monkeypatch.setattr(fit, "fit", noted)
        for precision in ("f32", "bf16"):
            monkeypatch.setattr(engine, "best_precision", lambda _, found=precision: found)
            self.run(folder, f"{precision}.safetensors", replace(RECIPE, copies=1))
        computed = [{layer.compute_dtype for layer in model.layers[:-2]} for model in inputs]
        assert computed == [{"float32"}, {"bfloat16"}]
        for model in inputs:
            assert model.output.dtype == "float32"
            assert {weight.dtype for weight in model.weights} == {"float32"}
        assert keras.config.dtype_policy().name == "float32"

    def test_a_trunk_is_never_written_over(self, folder: Path) -> None:
        (folder / "mine.safetensors").write_bytes(b"mine")
        with pytest.raises(TrunkError, match="exists"):
            self.run(folder, "mine.safetensors")
        assert (folder / "mine.safetensors").read_bytes() == b"mine"


def test_the_convolution_that_tells_starts_from_what_is_known_already() -> None:
    rng = np.random.default_rng(5)
    inputs = rng.uniform(0, 1, (9, 28, 28, 256)).astype(np.float16)
    student = distillation._student({**small_artifact.trunk(), **small_artifact.head(0)})
    seen = np.asarray(student.predict_on_batch(inputs.astype(np.float32)))
    targets = (seen[..., :3] @ rng.normal(size=(3, 5))).astype(np.float32)
    targets = ((targets - targets.mean((0, 1, 2))) / targets.std((0, 1, 2))).reshape(9, -1)
    model = distillation._with_adapter(student, inputs, targets.astype(np.float16))
    error = ((np.asarray(model.predict_on_batch(inputs.astype(np.float32))) - targets) ** 2).mean()
    assert error < 0.2
    assert networks.FEATURE_SHAPE == (14, 14, 512)


def test_what_the_student_is_given_is_what_keras_makes_of_three_blocks(tmp_path: Path) -> None:
    weights = small_artifact.trunk()
    frames = small_artifact.frames(2, seed=3)
    recipe = replace(RECIPE, copies=0)
    (inputs,) = distillation._student_inputs(
        tmp_path / "given.npy", frames, weights, "f32", recipe, lambda *_: None
    )
    whole = networks.trunk()
    networks.set_weights(whole, weights)
    until = keras.Model(whole.input, whole.get_layer("block3_pool").output)
    exact = np.asarray(until.predict_on_batch(networks.preprocess(frames)))
    assert inputs.shape == exact.shape == (2, 28, 28, 256)
    assert np.abs(exact).max() > 0
    assert np.allclose(inputs, exact, rtol=2e-3, atol=2e-3 * np.abs(exact).max())
