"""The compiled network refuses what would make another one, and narrow numbers stay close."""

from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
import pytest

from models.engine import Precision, answering, best_precision, calibrate
from tests.models import small_artifact
from tests.models.small_artifact import MEANS_BGR, frames

TRUNK = small_artifact.trunk()
HEAD_LIST = [small_artifact.head(fold) for fold in range(2)]


DULL = np.full((8, 224, 224, 3), 115, dtype=np.uint8)
VIVID = frames(1, seed=9)


@pytest.fixture(scope="module")
def ranges() -> dict[str, float]:
    """More frames than are measured at once, of which the last excites most."""
    return calibrate(TRUNK, HEAD_LIST, MEANS_BGR, np.concatenate([DULL, VIVID]))


@pytest.fixture(scope="module")
def exact() -> npt.NDArray[np.float32]:
    """What single precision answers for the frames that the other precisions are asked about."""
    (scores,) = answering(TRUNK, HEAD_LIST, MEANS_BGR, "f32", {}).run(frames(3, seed=5))
    return scores


def test_the_answer_is_a_distribution_of_each_model_for_each_frame(
    exact: npt.NDArray[np.float32],
) -> None:
    assert exact.shape == (2, 3, 3)
    assert exact.dtype == np.float32
    assert exact.sum(axis=2) == pytest.approx(1, abs=1e-5)
    assert exact.min() >= 0


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_narrow_numbers_answer_nearly_the_same(
    precision: Precision, ranges: dict[str, float], exact: npt.NDArray[np.float32]
) -> None:
    compiled = answering(TRUNK, HEAD_LIST, MEANS_BGR, precision, ranges)
    assert compiled.precision == precision
    (scores,) = compiled.run(frames(3, seed=5))
    assert np.abs(scores - exact).max() < 0.05


def test_calibration_measures_every_convolution_but_the_first(ranges: dict[str, float]) -> None:
    convolutions = {name.partition("/")[0] for name in TRUNK} | {"block5_conv3"}
    assert set(ranges) == convolutions - {"block1_conv1"}
    assert all(0 < top < 10_000 for top in ranges.values())


def test_calibration_sees_every_frame(ranges: dict[str, float]) -> None:
    of_the_last = calibrate(TRUNK, HEAD_LIST, MEANS_BGR, VIVID)
    assert ranges == pytest.approx(of_the_last, rel=0.02)


class TestBestPrecision:
    @pytest.mark.parametrize(
        ("able", "ranges", "expected"),
        [
            (["FP32", "INT8", "BF16"], {"x": 1.0}, "int8"),
            (["FP32", "INT8", "BF16"], {}, "bf16"),
            (["FP32", "BF16"], {"x": 1.0}, "bf16"),
            (["FP32", "INT8"], {}, "f32"),
            (["FP32"], {"x": 1.0}, "f32"),
        ],
    )
    def test_is_the_narrowest_that_processor_and_artifact_allow(
        self,
        able: list[str],
        ranges: dict[str, float],
        expected: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        class Core:
            def get_property(self, device: str, name: str) -> list[str]:
                assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
                return able

        monkeypatch.setattr(openvino, "Core", Core)
        assert best_precision(ranges) == expected

    def test_of_this_processor_is_one_that_runs(self, ranges: dict[str, float]) -> None:
        assert best_precision(ranges) in ("int8", "bf16", "f32")


class TestOtherWeights:
    """Each would make a graph that runs, or fails with a message for nobody."""

    def refused(self, trunk: dict[str, Any], heads: list[dict[str, Any]]) -> str:
        with pytest.raises(ValueError, match="expected") as refusal:
            answering(trunk, heads, MEANS_BGR, "f32", {})
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
                answering(TRUNK, HEAD_LIST, means, "f32", {})

    def test_no_head_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            answering(TRUNK, [], MEANS_BGR, "f32", {})
