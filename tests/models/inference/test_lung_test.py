"""The lung test: what it sees, and that every reader of signs says what it says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.contract import LUNG
from models.inference import artifact
from models.inference.artifact import ArtifactError
from models.inference.evidence import Signs
from models.inference.lung_test import LungTest, features
from models.inference.predict import Predictor
from models.inference.sign_reader import SignReader
from models.inference.sign_weights import SignWeights
from models.inference.signs import SignEngine
from tests.models.small_artifact import frames
from tests.models.small_signs import WHOLE, full_artifact, sign_weights

UNITS = sign_weights().units
TRUNK = 512


@pytest.fixture(scope="module")
def full_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that answers from signs too, without a lung test."""
    return full_artifact(tmp_path_factory.mktemp("full") / "pocovidnet-full")


@pytest.fixture
def fitted() -> LungTest:
    rng = np.random.default_rng(3)
    return LungTest(rng.normal(0, 0.2, UNITS + TRUNK).astype(np.float32), -0.5)


@pytest.fixture
def folder(full_folder: Path, tmp_path: Path, fitted: LungTest) -> Path:
    """An artifact with signs, and this test."""
    return _with(full_folder, tmp_path / "pocovidnet-tested", fitted.values())


def _with(full: Path, out: Path, values: dict[str, npt.NDArray[np.float32]]) -> Path:
    manifest, weights = artifact.load(full)
    assert weights.signs is not None
    signs = replace(weights.signs, lung_test=values)
    artifact.save(out, replace(manifest, version=out.name), replace(weights, signs=signs))
    return out


def test_of_the_trunk_only_proportions_count() -> None:
    hidden = np.ones((2, 3), dtype=np.float32)
    trunk = np.array([[3, 4, 0], [30, 40, 0]], dtype=np.float32)
    seen = features(hidden, trunk)
    assert seen[0] == pytest.approx([1, 1, 1, 4.8, 6.4, 0])
    assert seen[1] == pytest.approx(seen[0])
    assert np.isfinite(features(hidden, np.zeros((2, 3), dtype=np.float32))).all()


def test_it_is_the_sign_of_a_lung_and_no_other(fitted: LungTest) -> None:
    rng = np.random.default_rng(5)
    whole = rng.random((4, len(WHOLE)), dtype=np.float32)
    signs = Signs(rng.random((4, 14, 14, 2), dtype=np.float32), whole)
    hidden = rng.random((4, UNITS), dtype=np.float32)
    trunk = rng.random((4, TRUNK), dtype=np.float32)
    column = WHOLE.index(LUNG)
    judged = fitted.judged(signs, column, hidden, trunk)
    expected = 1 / (1 + np.exp(-(features(hidden, trunk) @ fitted.kernel - 0.5)))
    assert judged.whole[:, column] == pytest.approx(expected, abs=1e-6)
    rest = [n for n in range(len(WHOLE)) if n != column]
    assert np.array_equal(judged.whole[:, rest], whole[:, rest])
    assert np.array_equal(judged.maps, signs.maps)


def test_it_is_kept_in_the_file_of_the_sign_network(tmp_path: Path, fitted: LungTest) -> None:
    weights = replace(sign_weights(), lung_test=fitted.values())
    weights.write(tmp_path / "signs.safetensors")
    read = SignWeights.read(tmp_path / "signs.safetensors")
    assert read.values.keys() == weights.values.keys()
    again = LungTest.of(read.lung_test, UNITS + TRUNK)
    assert np.array_equal(again.kernel, fitted.kernel)
    assert again.bias == pytest.approx(fitted.bias)


def test_predictor_and_reader_say_what_it_says(folder: Path, fitted: LungTest) -> None:
    manifest, weights = artifact.load(folder)
    assert weights.signs is not None
    asked = frames(3, seed=5)
    reader = SignReader(weights, manifest.preprocessing["means"], "f32", "f32")
    column = reader.signs.index(LUNG)
    before = SignEngine(weights.signs, "f32").run(asked)
    predictor = Predictor.load(folder, "f32")
    read, predicted = reader.run(asked), predictor.evidence(asked).signs
    assert predicted is not None
    for found in (read, predicted):
        assert np.abs(found.whole[:, column] - before.whole[:, column]).max() > 0.01
        rest = [n for n in range(len(reader.signs)) if n != column]
        assert np.abs(found.whole[:, rest] - before.whole[:, rest]).max() < 1e-5
    assert np.abs(predicted.whole - read.whole).max() < 1e-4
    nothing = predictor.evidence(asked[:0]).signs
    assert nothing is not None
    assert nothing.whole.shape == (0, len(reader.signs))


def test_without_one_the_sign_network_says_it(full_folder: Path) -> None:
    manifest, weights = artifact.load(full_folder)
    assert weights.signs is not None
    asked = frames(2, seed=5)
    reader = SignReader(weights, manifest.preprocessing["means"])
    expected = SignEngine(weights.signs, "f32").run(asked)
    assert np.array_equal(reader.run(asked).whole, expected.whole)


@pytest.mark.parametrize(
    "values",
    [
        {"kernel": np.zeros(UNITS + TRUNK + 1, np.float32), "bias": np.float32(0)},
        {"kernel": np.zeros(UNITS + TRUNK, np.float32)},
        {"kernel": np.zeros(UNITS + TRUNK, np.float32), "bias": np.zeros(1, np.float32)},
    ],
    ids=["too many features", "no bias", "two dimensions"],
)
def test_that_of_other_networks_is_refused(
    full_folder: Path, tmp_path: Path, values: dict[str, npt.NDArray[np.float32]]
) -> None:
    arrays = {name: np.asarray(value) for name, value in values.items()}
    folder = _with(full_folder, tmp_path / "pocovidnet-wrong", arrays)
    with pytest.raises(ArtifactError, match="lung test"):
        Predictor.load(folder)
