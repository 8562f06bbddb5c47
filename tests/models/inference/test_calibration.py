"""What is measured for whole numbers: how far activations reach, and what rounding takes away."""

import numpy as np
import pytest
from openvino import opset13 as op

from models.inference.calibration import calibrate
from models.inference.engine import Array, Graph, Precision
from tests.models import small_artifact
from tests.models.small_artifact import MEANS_BGR, frames

TRUNK = small_artifact.trunk()
HEADS = [small_artifact.head(fold) for fold in range(2)]
CONVOLUTIONS = {name.partition("/")[0] for name in TRUNK} | {"block5_conv3"}

DULL = np.full((8, 224, 224, 3), 115, dtype=np.uint8)
VIVID = frames(6, seed=9)


def measured(pictures: Array) -> dict[str, Array]:
    return calibrate(TRUNK, HEADS, MEANS_BGR, pictures, lambda _done, _total: None)


@pytest.fixture(scope="module")
def found() -> dict[str, Array]:
    return measured(VIVID)


def test_every_convolution_has_a_shift_and_every_one_but_the_first_a_range(
    found: dict[str, Array],
) -> None:
    assert set(found) == {f"{name}/shift" for name in CONVOLUTIONS} | {
        f"{name}/range" for name in CONVOLUTIONS - {"block1_conv1"}
    }
    for name, value in found.items():
        assert value.dtype == np.float32
        assert np.isfinite(value).all()
        if name.endswith("/range"):
            assert value.shape == ()
            assert 0 < value < 10_000
    assert found["block5_conv3/shift"].shape == (2 * 512,)


def test_ranges_see_every_frame(found: dict[str, Array]) -> None:
    together = measured(np.concatenate([DULL, VIVID]))
    for name, top in found.items():
        if name.endswith("/range"):
            assert together[name] == pytest.approx(top, rel=0.02), name


def test_shifts_give_back_what_rounding_takes_from_the_sums(found: dict[str, Array]) -> None:
    def mean(calibration: dict[str, Array], name: str) -> Array:
        graph = Graph(MEANS_BGR, calibration)
        graph.add_heads(graph.add_trunk(TRUNK), HEADS)
        pre_activations = op.reduce_mean(
            graph.pre_activations[name], op.constant(np.array([0, 2, 3]))
        )
        precision: Precision = "int8" if calibration else "f32"
        return graph.compile_outputs([pre_activations], precision).run(VIVID[::5])[0]

    bare = {name: value for name, value in found.items() if name.endswith("/range")}
    for name in ("block2_conv2", "block5_conv3"):
        exact = mean({}, name)
        off, left = np.abs(mean(bare, name) - exact), np.abs(mean(found, name) - exact)
        assert left.mean() < off.mean() / 3, name


def test_says_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    calibrate(TRUNK, HEADS, MEANS_BGR, VIVID[:1], lambda done, total: told.append((done, total)))
    assert told == [(done, 13) for done in range(14)]
