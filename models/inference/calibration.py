"""What answering in 8-bit whole numbers needs to know of the activations, measured on frames.

For each convolution but the first, `layer/range`: the largest activation it is given, which becomes
the highest of 256 levels. For every convolution, `layer/shift` (filters,): what its sums lose on
average by rounding, to be added back to the bias (Nagel et al. 2019, Data-Free Quantization Through
Weight Equalization and Bias Correction, section 4.2, here on real frames). Without the shifts the
small errors of all layers add up to a lean towards one class.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from openvino import opset13 as op

from models.inference.engine import Array, Graph, Precision

_PERCENTILE = 99.9
"""Over the frames' own largest activations: one odd frame does not coarsen all levels."""

_BATCH = 4
_MEAN_STRIDE = 5
"""Means need fewer frames than extremes do."""


def calibrate(
    trunk: Mapping[str, Array],
    heads: Sequence[Mapping[str, Array]],
    means_bgr: Sequence[float],
    frames: npt.NDArray[np.uint8],
    progress: Callable[[int, int], None],
) -> dict[str, Array]:
    """Ranges and shifts of every convolution.

    Args:
        trunk: as an artifact holds it.
        heads: likewise, of all folds.
        means_bgr: that the network subtracts from pixels.
        frames: uint8 RGB (n, 224, 224, 3), of the kind that will be asked about.
        progress: called with layers done and layers in all.
    """

    def build(calibration: Mapping[str, Array]) -> Graph:
        graph = Graph(means_bgr, calibration)
        graph.add_heads(graph.add_trunk(trunk), heads)
        return graph

    subset = frames[::_MEAN_STRIDE]
    float_graph = build({})
    names = list(float_graph.pre_activations)
    progress(0, len(names))
    found = _ranges(float_graph, frames)
    expected = _means(float_graph, names, subset, "f32")
    for done, name in enumerate(names, start=1):
        # In order: each layer is given what the layers before it, shifted already, make of frames.
        (measured,) = _means(build(found), [name], subset, "int8")
        found[f"{name}/shift"] = expected[done - 1] - measured
        progress(done, len(names))
    return found


def _ranges(graph: Graph, frames: npt.NDArray[np.uint8]) -> dict[str, Array]:
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
    graph: Graph, names: Sequence[str], frames: npt.NDArray[np.uint8], precision: Precision
) -> list[Array]:
    means = [
        op.reduce_mean(graph.pre_activations[name], op.constant(np.array([2, 3]))) for name in names
    ]
    return [np.concatenate(each).mean(axis=0) for each in _run(graph, means, frames, precision)]


def _run(
    graph: Graph, outputs: Sequence[Any], frames: npt.NDArray[np.uint8], precision: Precision
) -> list[list[Array]]:
    engine = graph.compile_outputs(outputs, precision)
    parts = [engine.run(frames[at : at + _BATCH]) for at in range(0, len(frames), _BATCH)]
    return [list(each) for each in zip(*parts, strict=True)]
