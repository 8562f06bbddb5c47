"""The compiled network refuses what would make another one, and narrow numbers stay close."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino
import pytest
import tensorflow as tf

from models import networks
from models.contract import CLASSES
from models.inference.engine import (
    Array,
    Precision,
    best_precision,
    compile_classifier,
    compile_trunk,
    compile_trunk_means,
)
from tests.models import small_artifact
from tests.models.conftest import Measured
from tests.models.small_artifact import MEANS_BGR, frames

TRUNK = small_artifact.trunk()
HEAD_LIST = [small_artifact.head(fold) for fold in range(2)]


@pytest.fixture(scope="module")
def calibration(measured: Measured) -> dict[str, Array]:
    """Of the first heads: each has its own part of the shifts."""
    shifts = measured.calibration["block5_conv3/shift"][: len(HEAD_LIST) * 512]
    return measured.calibration | {"block5_conv3/shift": shifts}


@pytest.fixture(scope="module")
def exact() -> npt.NDArray[np.float32]:
    """What single precision answers for the frames that the other precisions are asked about."""
    (scores,) = compile_classifier(TRUNK, HEAD_LIST, MEANS_BGR, "f32", {}).run(frames(3, seed=5))
    return scores


def test_the_answer_is_a_distribution_of_each_model_for_each_frame(
    exact: npt.NDArray[np.float32],
) -> None:
    assert exact.shape == (2, 3, 3)
    assert exact.dtype == np.float32
    assert exact.sum(axis=2) == pytest.approx(1, abs=1e-5)
    assert exact.min() >= 0


@pytest.fixture(scope="module")
def grad_cams() -> npt.NDArray[np.float32]:
    """Grad-CAM by TensorFlow's own gradients (Selvaraju et al. 2017, equations 1 and 2).

    Model by model; the mean of the maps, then the ReLU.
    """
    trunk, head = networks.trunk(), networks.head()
    networks.set_weights(trunk, TRUNK)
    head.layers[-1].activation = keras.activations.linear
    watched = keras.Model(head.inputs, [head.get_layer("block5_conv3").output, head.output])
    features = trunk(networks.preprocess(frames(3, seed=5)))
    maps = []
    for values in HEAD_LIST:
        networks.set_weights(head, values)
        with tf.GradientTape(persistent=True) as tape:
            last, logits = watched(features, training=False)
            each = [logits[:, n] for n in range(len(CLASSES))]
        weights = [tf.reduce_mean(tape.gradient(one, last), axis=(1, 2)) for one in each]
        maps.append([tf.einsum("nk,nyxk->nyx", one, last).numpy() for one in weights])
    mean: npt.NDArray[np.float32] = np.maximum(np.mean(maps, axis=0), 0)
    return mean.transpose(1, 0, 2, 3)


class TestGradCam:
    def test_is_that_of_tensorflows_gradients(
        self, grad_cams: npt.NDArray[np.float32], exact: npt.NDArray[np.float32]
    ) -> None:
        compiled = compile_classifier(TRUNK, HEAD_LIST, MEANS_BGR, "f32", {}, evidence=True)
        scores, cams, _ = compiled.run(frames(3, seed=5))
        assert cams.shape == grad_cams.shape == (3, len(CLASSES), 14, 14)
        assert np.abs(cams - grad_cams).max() < 1e-4 * grad_cams.max()
        # Maps that are nowhere, or alike for all classes, would pass any test.
        assert (grad_cams.max(axis=(2, 3)) > 0).sum() > 3
        assert np.abs(grad_cams[:, 0] - grad_cams[:, 1]).max() > 0.1 * grad_cams.max()
        assert np.abs(scores - exact).max() < 1e-6, "the scores stay what they are without it"

    @pytest.mark.parametrize("precision", ["bf16", "int8"])
    def test_narrow_numbers_answer_and_show_nearly_the_same(
        self,
        precision: Precision,
        calibration: dict[str, Array],
        exact: npt.NDArray[np.float32],
        grad_cams: npt.NDArray[np.float32],
    ) -> None:
        compiled = compile_classifier(
            TRUNK, HEAD_LIST, MEANS_BGR, precision, calibration, evidence=True
        )
        assert compiled.precision == precision
        scores, cams, _ = compiled.run(frames(3, seed=5))
        assert np.abs(scores - exact).max() < 0.05
        assert np.abs(cams - grad_cams).mean() < 0.02 * grad_cams.max()


@pytest.mark.parametrize("precision", ["f32", "bf16", "int8"])
def test_the_trunk_s_means_are_those_of_its_features(
    precision: Precision, calibration: dict[str, Array]
) -> None:
    (features,) = compile_trunk(TRUNK, MEANS_BGR, "f32").run(frames(3, seed=5))
    exact = features.mean(axis=(1, 2))
    (alone,) = compile_trunk_means(TRUNK, MEANS_BGR, precision, calibration).run(frames(3, seed=5))
    beside = compile_classifier(
        TRUNK, HEAD_LIST, MEANS_BGR, precision, calibration, evidence=True
    ).run(frames(3, seed=5))[2]
    assert alone.shape == beside.shape == (3, 512)
    assert np.abs(alone - exact).max() < (1e-4 if precision == "f32" else 0.05) * exact.max()
    assert np.abs(beside - alone).max() < 1e-4 * exact.max()


class TestBestPrecision:
    @pytest.mark.parametrize(
        ("able", "calibration", "expected"),
        [
            (["FP32", "INT8", "BF16"], {"x": np.ones(1)}, "int8"),
            (["FP32", "INT8", "BF16"], {}, "bf16"),
            (["FP32", "BF16"], {"x": np.ones(1)}, "bf16"),
            (["FP32", "INT8"], {}, "f32"),
            (["FP32"], {"x": np.ones(1)}, "f32"),
        ],
    )
    def test_is_the_narrowest_that_processor_and_artifact_allow(
        self,
        able: list[str],
        calibration: dict[str, Array],
        expected: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        class Core:
            def get_property(self, device: str, name: str) -> list[str]:
                assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
                return able

        monkeypatch.setattr(openvino, "Core", Core)
        assert best_precision(calibration) == expected

    def test_of_this_processor_is_one_that_runs(self, calibration: dict[str, Array]) -> None:
        assert best_precision(calibration) in ("int8", "bf16", "f32")


class TestOtherWeights:
    """Each would make a graph that runs, or fails with a message for nobody."""

    def refused(self, trunk: dict[str, Any], heads: list[dict[str, Any]]) -> str:
        with pytest.raises(ValueError, match="expected") as refusal:
            compile_classifier(trunk, heads, MEANS_BGR, "f32", {})
        return str(refusal.value)

    @pytest.mark.parametrize("name", ["block3_conv2/kernel", "block1_conv1/bias"])
    def test_a_trunk_that_lacks_one_is_refused(self, name: str) -> None:
        trunk = {key: value for key, value in TRUNK.items() if key != name}
        assert f"the trunk: expected {name} of shape (" in self.refused(trunk, HEAD_LIST)

    def test_a_trunk_with_a_layer_more_is_refused(self) -> None:
        more = {"block3_conv4/kernel": TRUNK["block3_conv3/kernel"]}
        assert "block3_conv4/kernel of shape nothing" in self.refused(TRUNK | more, HEAD_LIST)

    def test_a_head_of_another_shape_is_refused(self) -> None:
        other = HEAD_LIST[1] | {"output/bias": np.zeros(4, dtype=np.float32)}
        assert "head 1: expected output/bias of shape (3,), got (4,)" in self.refused(
            TRUNK, [HEAD_LIST[0], other]
        )

    def test_an_empty_head_is_refused(self) -> None:
        assert "head 0: expected" in self.refused(TRUNK, [{}])

    def test_means_that_are_no_colour_of_a_pixel_are_refused(self) -> None:
        for means in ((103.9, 116.8, 123.7), (104.0, 117.0, 256.0), (-1.0, 117.0, 123.0)):
            with pytest.raises(ValueError, match="whole numbers from 0 to 255"):
                compile_classifier(TRUNK, HEAD_LIST, means, "f32", {})

    @pytest.mark.parametrize("name", ["block3_conv1/range", "block5_conv3/shift"])
    def test_a_calibration_that_lacks_one_is_refused(
        self, name: str, calibration: dict[str, Array]
    ) -> None:
        less = {key: value for key, value in calibration.items() if key != name}
        with pytest.raises(ValueError, match=f"the calibration: expected {name} of shape"):
            compile_classifier(TRUNK, HEAD_LIST, MEANS_BGR, "int8", less)

    def test_a_calibration_of_other_heads_is_refused(self, calibration: dict[str, Array]) -> None:
        with pytest.raises(ValueError, match=r"expected block5_conv3/shift of shape \(512,\)"):
            compile_classifier(TRUNK, HEAD_LIST[:1], MEANS_BGR, "int8", calibration)

    def test_no_head_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            compile_classifier(TRUNK, [], MEANS_BGR, "f32", {})
