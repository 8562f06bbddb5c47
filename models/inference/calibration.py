"""Calibration of 8-bit inference: activation ranges and bias corrections, measured on frames.

For each convolution of POCOVID-Net but the first, `layer/range`: the largest input activation,
which becomes the highest of 256 levels. For every convolution, `layer/shift` (filters,): the mean
quantisation error of its output, added back to the bias (Nagel et al. 2019, Data-Free Quantization
Through Weight Equalization and Bias Correction, section 4.2, here on real frames). Without this
correction the errors of all layers accumulate to a bias towards one class.

The same for the sign network's 3x3 convolutions but the first, which is not quantised.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from openvino import opset13 as op

from models.inference.engine import Array, Calibration, Graph, Precision, compile_request
from models.inference.sign_weights import SignWeights
from models.inference.signs import SignGraph, grey

_PERCENTILE = 99.9
"""Of the frames' maximum activations, so that a single outlier does not coarsen all levels."""

FRAME_STEP = 4
"""Every fourth frame of the training recordings is enough to calibrate on."""

_BATCH = 4
_MEAN_STRIDE = 5
"""Use every fifth frame: means need fewer frames than maxima."""


def calibrate(
    trunk: Mapping[str, Array],
    heads: Sequence[Mapping[str, Array]],
    means_bgr: Sequence[float],
    frames: npt.NDArray[np.uint8],
    progress: Callable[[int, int], None],
) -> dict[str, Array]:
    """Activation ranges and bias corrections of every convolution.

    Args:
        trunk: weights of the trunk, as in an artifact.
        heads: weights of all heads, as in an artifact.
        means_bgr: channel means subtracted from pixels, 0 to 255.
        frames: uint8 RGB (n, 224, 224, 3), representative of the frames to be screened.
        progress: called with the number of layers done and in all.

    Returns:
        `layer/range` (scalars) and `layer/shift` (filters,) by layer.
    """

    def build(calibration: Mapping[str, Array]) -> Graph:
        graph = Graph(means_bgr, calibration)
        graph.add_heads(graph.add_trunk(trunk), heads)
        return graph

    return _measured(build, frames, progress)


def calibrate_signs(
    weights: SignWeights, frames: npt.NDArray[np.uint8], progress: Callable[[int, int], None]
) -> dict[str, Array]:
    """The same of a sign network.

    Args:
        weights: of the network, calibrated or not.
        frames: uint8 RGB (n, side, side, 3), representative of the frames to be screened.
        progress: called with the number of layers done and in all.

    Returns:
        `layer/range` (scalars) and `layer/shift` (filters,) by layer.
    """
    return _measured(lambda calibration: _Signs(weights, calibration), grey(frames), progress)


class _Compiled(Protocol):
    def run(self, frames: npt.NDArray[np.uint8]) -> list[Array]: ...


class _Network(Protocol):
    """A graph whose inner layers can be looked at."""

    inputs: dict[str, Any]
    pre_activations: dict[str, Any]

    def compile_outputs(self, outputs: Sequence[Any], precision: Precision) -> _Compiled: ...


class _Request:
    """A part of the sign network, which takes grey frames."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def run(self, frames: npt.NDArray[np.uint8]) -> list[Array]:
        found = self._request.infer([frames])
        return [np.array(found[n]) for n in range(len(found))]


class _Signs(SignGraph):
    def compile_outputs(self, outputs: Sequence[Any], precision: Precision) -> _Request:
        return _Request(compile_request(self.model_of(outputs), precision))


def _measured(
    build: Callable[[Calibration], _Network],
    frames: npt.NDArray[np.uint8],
    progress: Callable[[int, int], None],
) -> dict[str, Array]:
    subset = frames[::_MEAN_STRIDE]
    float_graph = build({})
    names = list(float_graph.pre_activations)
    progress(0, len(names))
    found = _ranges(float_graph, frames)
    expected = _means(float_graph, names, subset, "f32")
    for done, name in enumerate(names, start=1):
        # In order, since each layer's input depends on the corrected layers before it.
        (measured,) = _means(build(found), [name], subset, "int8")
        found[f"{name}/shift"] = expected[done - 1] - measured
        progress(done, len(names))
    return found


def _ranges(graph: _Network, frames: npt.NDArray[np.uint8]) -> dict[str, Array]:
    names = list(graph.inputs)
    maxima = [op.reduce_max(graph.inputs[name], op.constant(np.array([1, 2, 3]))) for name in names]
    found = _run(graph, maxima, frames, "f32")
    return {
        f"{name}/range": np.array(
            np.percentile(np.concatenate(each), _PERCENTILE), dtype=np.float32
        )
        for name, each in zip(names, found, strict=True)
    }


def _means(
    graph: _Network, names: Sequence[str], frames: npt.NDArray[np.uint8], precision: Precision
) -> list[Array]:
    means = [
        op.reduce_mean(graph.pre_activations[name], op.constant(np.array([2, 3]))) for name in names
    ]
    return [np.concatenate(each).mean(axis=0) for each in _run(graph, means, frames, precision)]


def _run(
    graph: _Network, outputs: Sequence[Any], frames: npt.NDArray[np.uint8], precision: Precision
) -> list[list[Array]]:
    engine = graph.compile_outputs(outputs, precision)
    parts = [engine.run(frames[at : at + _BATCH]) for at in range(0, len(frames), _BATCH)]
    return [list(each) for each in zip(*parts, strict=True)]
