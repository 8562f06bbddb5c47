"""The Predictor answers as five complete networks do, one trunk pass for all of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from models import networks
from models.contract import CLASSES, Square
from models.inference import artifact
from models.inference.artifact import Weights
from models.inference.engine import Precision
from models.inference.evidence import Evidence
from models.inference.predict import Predictor
from models.inference.signs import SignEngine
from tests.models import small_artifact
from tests.models.small_artifact import FOLDS, frames, head, manifest, trunk
from tests.models.small_signs import FEATURES, answer, full_artifact, readers, sign_weights

SQUARE = Square(0, 0, 64)
OTHER_SIGNS = replace(sign_weights(), values={"maps/kernel": np.zeros((1, 1, 9, 7))})
ONE_HEAD = Weights({}, [{"x": np.zeros(1)}])
GREY = {"side": 224, "colour": "grey", "channels": "BGR", "means": (0, 0, 0)}


@pytest.fixture(scope="module")
def predictor(artifact_folder: Path) -> Predictor:
    return Predictor.load(artifact_folder, "f32")


@pytest.fixture(scope="module")
def default(artifact_folder: Path) -> Predictor:
    """In the precision that this processor prefers."""
    return Predictor.load(artifact_folder)


@pytest.fixture(scope="module")
def evidence(predictor: Predictor) -> Evidence:
    """What the networks say of the frames that `complete` answers."""
    return predictor.evidence(frames(3, seed=5))


@pytest.fixture(scope="module")
def complete() -> npt.NDArray[np.float32]:
    """What five POCOVID-Nets answer in Keras, one after the other: (5, 3, 3).

    Trunk and head apart, which are the complete network: see the tests of networks.
    """
    body, top = networks.trunk(), networks.head()
    networks.set_weights(body, trunk())
    features = body.predict_on_batch(networks.preprocess(frames(3, seed=5)))
    found = []
    for fold in range(FOLDS):
        networks.set_weights(top, head(fold))
        found.append(keras.ops.convert_to_numpy(top.predict_on_batch(features)))
    return np.stack(found)


def test_the_answer_is_that_of_five_complete_networks(
    evidence: Evidence, complete: npt.NDArray[np.float32]
) -> None:
    found = evidence.softmax
    assert found.shape == complete.shape == (FOLDS, 3, len(CLASSES))
    assert np.abs(found - complete).max() < 1e-5
    # Networks that all say the same would pass any test.
    assert np.ptp(complete, axis=0).max() > 0.3
    assert np.ptp(complete, axis=1).max() > 0.03


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_narrow_numbers_answer_nearly_as_five_complete_networks(
    precision: Precision,
    artifact_folder: Path,
    default: Predictor,
    complete: npt.NDArray[np.float32],
) -> None:
    is_default = precision == default.precision
    asked = default if is_default else Predictor.load(artifact_folder, precision)
    found = asked.scores(frames(3, seed=5))
    assert np.abs(found - complete).max() < 0.06


@pytest.mark.parametrize("which", ["predictor", "default"])
def test_the_answer_does_not_depend_on_the_batch(
    which: str, request: pytest.FixtureRequest
) -> None:
    asked = frames(3, seed=5)
    loaded: Predictor = request.getfixturevalue(which)
    together = (
        request.getfixturevalue("evidence").softmax
        if which == "predictor"
        else loaded.scores(asked)
    )
    in_parts = np.concatenate([loaded.scores(asked[:1]), loaded.scores(asked[1:])], axis=1)
    assert np.abs(together - in_parts).max() < 1e-5


def test_the_answer_is_the_mean_of_the_five(predictor: Predictor, evidence: Evidence) -> None:
    found = predictor.predict(frames(3, seed=5)[:2])
    assert found.shape == (2, len(CLASSES))
    assert found.dtype == np.float32
    assert np.abs(found - evidence.softmax[:, :2].mean(axis=0)).max() < 1e-6


def test_every_row_is_a_distribution(evidence: Evidence) -> None:
    found = evidence.softmax
    assert found.dtype == np.float32
    assert found.sum(axis=2) == pytest.approx(1, abs=1e-5)


def test_frames_need_not_lie_in_one_piece(predictor: Predictor) -> None:
    turned = frames(1, seed=4)[:, ::-1, :, ::-1]
    assert not turned.flags.c_contiguous
    assert np.array_equal(predictor.scores(turned), predictor.scores(turned.copy()))


def test_answers_are_kept_apart(predictor: Predictor) -> None:
    first = predictor.scores(frames(1, seed=1))
    before = first.copy()
    predictor.scores(frames(1, seed=2))
    assert np.array_equal(first, before)


def test_no_frames_have_no_scores(predictor: Predictor) -> None:
    found = predictor.scores(np.zeros((0, 224, 224, 3), dtype=np.uint8))
    assert found.shape == (FOLDS, 0, len(CLASSES))
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, 224, 224, 3), dtype=np.float32),
        np.zeros((1, 224, 224, 3), dtype=np.int64),
        np.zeros((224, 224, 3), dtype=np.uint8),
        np.zeros((1, 224, 224), dtype=np.uint8),
        np.zeros((1, 224, 224, 1), dtype=np.uint8),
        np.zeros((1, 3, 224, 224), dtype=np.uint8),
        np.zeros((1, 223, 224, 3), dtype=np.uint8),
    ],
    ids=lambda value: f"{value.dtype} {value.shape}",
)
def test_other_frames_are_refused(predictor: Predictor, wrong: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="expected uint8 RGB frames") as refusal:
        predictor.scores(wrong)
    assert f"{wrong.dtype} {wrong.shape}" in str(refusal.value)


@pytest.fixture(scope="module")
def full_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that answers from signs too."""
    return full_artifact(tmp_path_factory.mktemp("full") / "pocovidnet-test")


class TestEvidence:
    def test_without_a_sign_network_is_scores_and_grad_cam(self, evidence: Evidence) -> None:
        found = evidence
        assert found.signs is None
        assert found.cams is not None
        assert found.cams.shape == (3, len(CLASSES), 14, 14)
        assert found.cams.min() == 0
        assert found.cams.max(axis=(1, 2, 3)) == pytest.approx(1)

    def test_has_the_signs_where_there_are_any(self, full_folder: Path) -> None:
        loaded = Predictor.load(full_folder, "f32")
        asked = frames(1, seed=5)
        found = loaded.evidence(asked)
        assert found.signs is not None
        expected = SignEngine(sign_weights(), "f32").run(asked)
        assert np.abs(found.signs.maps - expected.maps).max() < 1e-5
        assert np.abs(found.signs.whole - expected.whole).max() < 1e-5
        result = loaded.conclude([found], [0], SQUARE)
        assert result.parts == ("pocovidnet", "signs")
        assert result.model_version == "pocovidnet-test"
        alone = Predictor.load(full_folder, "f32", pocovidnet_alone=True)
        result = alone.conclude([found], [0], SQUARE)
        assert result.parts == ("pocovidnet",)
        assert result.signs is not None, "what is seen is told all the same"

    def test_no_frames_have_none(self, predictor: Predictor) -> None:
        found = predictor.evidence(np.zeros((0, 224, 224, 3), dtype=np.uint8))
        assert found.cams is not None
        assert (found.softmax.shape, found.cams.shape) == ((FOLDS, 0, 3), (0, 3, 14, 14))


class TestLoad:
    def test_knows_its_version_and_precision(self, predictor: Predictor) -> None:
        assert predictor.version == "pocovidnet-test"
        assert predictor.precision == "f32"

    def test_takes_the_active_artifact_where_none_is_given(
        self, artifact_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(artifact, "active", lambda: artifact_folder)
        assert Predictor.load().version == "pocovidnet-test"

    def test_a_missing_artifact_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(artifact.ArtifactError, match="manifest"):
            Predictor.load(tmp_path / "nowhere")

    def test_a_changed_artifact_is_refused(self, artifact_folder: Path, tmp_path: Path) -> None:
        for path in artifact_folder.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        with (tmp_path / artifact.HEADS).open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"\x55")
        with pytest.raises(artifact.ArtifactError, match="not what the manifest lists"):
            Predictor.load(tmp_path)

    @pytest.mark.parametrize(
        "changes",
        [
            {"network": "vgg16_cam"},
            {"preprocessing": GREY | {"side": 128}},
            {"preprocessing": GREY | {"channels": "RGB"}},
            {"preprocessing": GREY | {"colour": "full"}},
            {"preprocessing": {}},
        ],
        ids=["network", "side", "channels", "colour", "none"],
    )
    def test_weights_for_other_inputs_are_refused(
        self, changes: dict[str, object], tmp_path: Path
    ) -> None:
        artifact.save(tmp_path / "a", manifest(folds=1, **changes), ONE_HEAD)
        with pytest.raises(artifact.ArtifactError, match="expected pocovidnet with"):
            Predictor.load(tmp_path / "a")

    @pytest.mark.parametrize(
        ("says", "weights", "message"),
        [
            (answer(share=2), {}, "cannot answer: the answer: expected a share"),
            (answer(share="half"), {}, "cannot answer: could not convert"),
            ({"features": list(FEATURES)}, {}, "its answer lacks 'share'"),
            (answer(), {"readers": {"x": np.zeros(1)}}, "cannot answer: the readers: expected"),
            (answer(), {"signs": None}, "cannot answer: the answer needs a sign network"),
            (answer(), {"signs": OTHER_SIGNS}, "are not those of the sign network: expected"),
        ],
        ids=["range", "type", "missing", "readers", "no signs", "other signs"],
    )
    def test_what_cannot_answer_is_refused(
        self, says: dict[str, object], weights: dict[str, Any], message: str, tmp_path: Path
    ) -> None:
        parts = {"signs": sign_weights(), "readers": readers(), **weights}
        heads = [{"x": np.zeros(1)} for _ in range(FOLDS)]
        artifact.save(tmp_path / "a", manifest(answer=says), Weights({}, heads, **parts))
        with pytest.raises(artifact.ArtifactError, match=message):
            Predictor.load(tmp_path / "a", "f32")

    def test_weights_that_lack_a_fold_are_refused(self, tmp_path: Path) -> None:
        artifact.save(tmp_path / "a", manifest(folds=2), Weights(trunk(), [small_artifact.head(0)]))
        with pytest.raises(artifact.ArtifactError, match="are not those of POCOVID-Net: head 1"):
            Predictor.load(tmp_path / "a", "f32")
