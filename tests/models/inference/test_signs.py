"""The compiled sign network answers as Keras does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from models.contract import SIGN_MAPS, SIGN_PLACES, SIGN_SIDE
from models.inference.calibration import calibrate_signs
from models.inference.sign_weights import SignWeights, SignWeightsError
from models.inference.signs import SignEngine, grey
from models.networks import get_weights
from models.networks.sign_network import sign_network
from tests.models import small_artifact
from tests.models.small_signs import WHOLE, sign_weights

MAPS, SIGNS = ("pleura", "b_lines", "effusion"), ("b_lines", "effusion")


@pytest.fixture(scope="module")
def model() -> Any:
    """A network whose batch normalisation has seen something."""
    network = sign_network(len(MAPS), len(SIGNS))
    rng = np.random.default_rng(1)
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            shape = layer.gamma.shape
            layer.set_weights(
                [
                    rng.uniform(0.5, 1.5, shape),
                    rng.normal(0, 0.2, shape),
                    rng.normal(0, 0.2, shape),
                    rng.uniform(0.5, 1.5, shape),
                ]
            )
    return network


@pytest.fixture
def path(model: Any, tmp_path: Path) -> Path:
    file = tmp_path / "signs.safetensors"
    SignWeights(tuple(MAPS), tuple(SIGNS), get_weights(model)).write(file)
    return file


def test_the_same_weights_are_the_same_bytes_and_come_back(model: Any, tmp_path: Path) -> None:
    about = {"figures": {"drawings": 8}, "recipe": {"seed": 1}}
    weights = SignWeights(tuple(MAPS), tuple(SIGNS), get_weights(model), about)
    files = [tmp_path / f"{n}.safetensors" for n in range(6)]
    for file in files:
        weights.write(file)
    assert len({file.read_bytes() for file in files}) == 1
    back = SignWeights.read(files[0])
    assert (back.maps, back.signs, back.about) == (weights.maps, weights.signs, about)


def frames(count: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(7)
    return rng.integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)


@pytest.mark.parametrize(("precision", "tolerance"), [("f32", 1e-4), ("bf16", 0.05)])
def test_it_answers_as_keras_does(model: Any, path: Path, precision: Any, tolerance: float) -> None:
    engine = SignEngine(SignWeights.read(path), precision)
    found = engine.run(frames(5))
    expected = model.predict_on_batch(grey(frames(5))[..., None].astype(np.float32))
    assert found.maps.shape == (5, SIGN_PLACES, SIGN_PLACES, len(MAPS))
    assert found.whole.shape == (5, len(SIGNS))
    for answer, logits in ((found.maps, expected["maps"]), (found.whole, expected["signs"])):
        assert np.abs(answer - 1 / (1 + np.exp(-logits))).max() < tolerance
    assert (engine.maps, engine.signs) == (MAPS, SIGNS)


@pytest.fixture(scope="module")
def steps() -> list[tuple[int, int]]:
    """The steps that calibrating tells of."""
    return []


@pytest.fixture(scope="module")
def calibrated(steps: list[tuple[int, int]]) -> SignWeights:
    weights, seen = sign_weights(), small_artifact.frames(20, seed=3)
    found = calibrate_signs(weights, seen, lambda done, total: steps.append((done, total)))
    return replace(weights, calibration=found)


class TestEightBits:
    def test_the_answer_stays_near_that_of_float32(self, calibrated: SignWeights) -> None:
        asked = small_artifact.frames(12, seed=4)
        compiled = SignEngine(calibrated, "int8")
        narrow, exact = compiled.run(asked), SignEngine(calibrated, "f32").run(asked)
        assert compiled.precision == "int8"
        for found, expected in ((narrow.maps, exact.maps), (narrow.whole, exact.whole)):
            difference = np.abs(found - expected)
            assert 0 < difference.mean() < 0.02, "and some of it is rounded"
            assert difference.max() < 0.15
            assert expected.std() > 0.1, "answers that are all alike would be near"

    def test_bias_corrections_bring_it_nearer(self, calibrated: SignWeights) -> None:
        asked = small_artifact.frames(20, seed=3)
        exact = SignEngine(calibrated, "f32").run_with_hidden(asked)[1]
        uncorrected = replace(
            calibrated,
            calibration={
                name: value if name.endswith("/range") else np.zeros_like(value)
                for name, value in calibrated.calibration.items()
            },
        )
        off, left = (
            np.abs(
                (SignEngine(weights, "int8").run_with_hidden(asked)[1] - exact).mean(axis=0)
            ).mean()
            for weights in (uncorrected, calibrated)
        )
        assert left < off

    def test_every_convolution_but_the_first_is_calibrated(
        self, calibrated: SignWeights, steps: list[tuple[int, int]]
    ) -> None:
        names = {name.partition("_norm/")[0] for name in calibrated.values if "_norm/" in name}
        names.remove("stage1_down")
        assert set(calibrated.calibration) == {
            f"{name}/{kind}" for name in names for kind in ("range", "shift")
        }
        assert steps == [(done, len(names)) for done in range(len(names) + 1)]
        for name, value in calibrated.calibration.items():
            assert value.dtype == np.float32
            assert np.isfinite(value).all()
            assert not name.endswith("/range") or value > 0

    def test_a_file_keeps_it_beside_the_weights(
        self, calibrated: SignWeights, tmp_path: Path
    ) -> None:
        calibrated.write(tmp_path / "signs.safetensors")
        back = SignWeights.read(tmp_path / "signs.safetensors")
        assert set(back.values) == set(calibrated.values)
        assert set(back.calibration) == set(calibrated.calibration)
        for name, value in calibrated.calibration.items():
            assert np.array_equal(back.calibration[name], value)

    @pytest.mark.parametrize("kind", ["range", "shift"])
    def test_a_calibration_that_lacks_one_is_refused(
        self, kind: str, calibrated: SignWeights
    ) -> None:
        name = f"stage2_block1_conv1/{kind}"
        less = {each: value for each, value in calibrated.calibration.items() if each != name}
        with pytest.raises(SignWeightsError, match=f"the calibration: expected {name} of shape"):
            SignEngine(replace(calibrated, calibration=less), "int8")

    def test_none_is_refused(self) -> None:
        with pytest.raises(SignWeightsError, match="the calibration: expected"):
            SignEngine(sign_weights(), "int8")


def test_no_frames_have_no_signs() -> None:
    found = SignEngine(sign_weights(), "f32").run(np.zeros((0, 224, 224, 3), dtype=np.uint8))
    assert found.maps.shape == (0, SIGN_PLACES, SIGN_PLACES, len(SIGN_MAPS))
    assert found.whole.shape == (0, len(WHOLE))


def test_frames_are_seen_small_and_grey() -> None:
    picture = np.zeros((1, 224, 224, 3), dtype=np.uint8)
    picture[:, :, 112:] = (255, 0, 0)
    seen = grey(picture)
    assert seen.shape == (1, SIGN_SIDE, SIGN_SIDE)
    assert seen[0, 0, 0] == 0
    assert seen[0, 0, -1] == 76, "the luma of red"


@pytest.mark.parametrize("content", [b"", b"not weights", b"\0" * 64])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "signs.safetensors"
    file.write_bytes(content)
    with pytest.raises(SignWeightsError, match="holds no weights of a sign network"):
        SignWeights.read(file)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "signs.safetensors"
    save_file({"x": np.zeros(3, dtype=np.float32)}, file)
    with pytest.raises(SignWeightsError, match="holds no weights of a sign network"):
        SignWeights.read(file)


class TestOtherWeights:
    """Each would make a graph that fails with a message for nobody, or one that answers wrongly."""

    def refused(self, changes: dict[str, Any]) -> str:
        weights = sign_weights()
        values = {**weights.values, **changes}
        values = {name: value for name, value in values.items() if value is not None}
        with pytest.raises(SignWeightsError, match="not those of the sign network") as refusal:
            SignEngine(replace(weights, values=values), "f32")
        return str(refusal.value)

    @pytest.mark.parametrize(
        "name",
        [
            "stage1_down/kernel",
            "stage2_block1_conv2/kernel",
            "context_down_norm/gamma",
            "maps/bias",
        ],
    )
    def test_one_that_is_missing_is_named(self, name: str) -> None:
        assert f"expected {name} of shape (" in self.refused({name: None})
        assert "got nothing" in self.refused({name: None})

    def test_another_shape_is_named(self) -> None:
        found = self.refused({"maps/kernel": np.zeros((1, 1, 96, 6), dtype=np.float32)})
        assert "expected maps/kernel of shape (1, 1, 96, 7), got (1, 1, 96, 6)" in found
        found = self.refused({"stage2_down/kernel": np.zeros((3, 24, 48), dtype=np.float32)})
        assert "expected stage2_down/kernel of shape (3, 3, 24, any), got (3, 24, 48)" in found

    def test_one_too_many_is_named(self) -> None:
        found = self.refused({"stage2_block4_conv1/kernel": np.zeros((3, 3, 48, 48))})
        assert "expected no weight stage2_block4_conv1/kernel" in found

    def test_a_layer_more_is_refused(self) -> None:
        weights = sign_weights().values
        more = {
            name.replace("stage3", "stage4"): np.concatenate([value] * 2, axis=-2)
            if name == "stage3_down/kernel"
            else value
            for name, value in weights.items()
            if name.startswith("stage3")
        }
        self.refused(more)
