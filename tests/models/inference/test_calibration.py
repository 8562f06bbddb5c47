"""What is measured for whole numbers: how far activations reach, and what rounding takes away."""

import numpy as np
import pytest
from openvino import opset13 as op

from models.inference import calibration
from models.inference.engine import Array, Graph, Precision
from tests.models import small_artifact
from tests.models.conftest import Measured
from tests.models.small_artifact import FOLDS, MEANS_BGR

TRUNK = small_artifact.trunk()
HEADS = [small_artifact.head(fold) for fold in range(FOLDS)]
CONVOLUTIONS = {name.partition("/")[0] for name in TRUNK} | {"block5_conv3"}

DULL = np.full((2, 224, 224, 3), 115, dtype=np.uint8)
VIVID = small_artifact.calibration_frames()


def graph(calibrated: dict[str, Array]) -> Graph:
    made = Graph(MEANS_BGR, calibrated)
    made.add_heads(made.add_trunk(TRUNK), HEADS)
    return made


@pytest.fixture(scope="module")
def found(measured: Measured) -> dict[str, Array]:
    """What VIVID has given."""
    return measured.calibration


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
    assert found["block5_conv3/shift"].shape == (FOLDS * 512,)


def test_ranges_see_every_frame(found: dict[str, Array], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "_BATCH", len(DULL))  # the first batch is dull, the others not
    together = calibration._ranges(graph({}), np.concatenate([DULL, VIVID]))
    assert set(together) == {name for name in found if name.endswith("/range")}
    for name, top in together.items():
        assert top == pytest.approx(found[name], rel=0.02), name


def test_shifts_give_back_what_rounding_takes_from_the_sums(found: dict[str, Array]) -> None:
    names = ("block2_conv2", "block5_conv3")

    def means(calibrated: dict[str, Array]) -> list[Array]:
        made = graph(calibrated)
        outputs = [
            op.reduce_mean(made.pre_activations[name], op.constant(np.array([0, 2, 3])))
            for name in names
        ]
        precision: Precision = "int8" if calibrated else "f32"
        return made.compile_outputs(outputs, precision).run(VIVID[:1])

    bare = {name: value for name, value in found.items() if name.endswith("/range")}
    for name, exact, off, left in zip(names, means({}), means(bare), means(found), strict=True):
        assert np.abs(left - exact).mean() < np.abs(off - exact).mean() / 3, name


def test_says_how_far_it_is(measured: Measured) -> None:
    assert measured.told == [(done, 13) for done in range(14)]
