"""The inference engine: one trunk and all heads as one OpenVINO graph, in low precision.

The graph is built from an artifact's weights, so that inference needs no TensorFlow. Training, and
the reference implementation for this engine, use Keras (`models.networks`).
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset13 as op

from models.contract import CLASSES, FRAME_SIDE, HIDDEN_UNITS, TRUNK_BLOCKS

Array = npt.NDArray[Any]
Precision = Literal["int8", "bf16", "f32"]
Calibration = Mapping[str, Array]
Shape = tuple[int, ...]

_HEAD_CONVOLUTION = "block5_conv3"
_FIRST_CONVOLUTION = "block1_conv1"
_NORM_EPSILON = 1e-3  # of keras.layers.BatchNormalization
_PADDED_SIDE = FRAME_SIDE + 2
_ACTIVATION_LEVELS = 256
_WEIGHT_LEVELS = 255


def _convolution_shapes(name: str, inputs: int, filters: int) -> dict[str, Shape]:
    return {f"{name}/kernel": (3, 3, inputs, filters), f"{name}/bias": (filters,)}


def _trunk_shapes() -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    inputs = 3
    for block, (convolutions, filters) in enumerate(TRUNK_BLOCKS, start=1):
        for n in range(1, convolutions + 1):
            shapes |= _convolution_shapes(f"block{block}_conv{n}", inputs, filters)
            inputs = filters
    return shapes


FILTERS = TRUNK_BLOCKS[-1][1]
_PLACES = FRAME_SIDE // 16
_TRUNK_SHAPES = _trunk_shapes()
_HEAD_SHAPES = _convolution_shapes(_HEAD_CONVOLUTION, FILTERS, FILTERS) | {
    "hidden/kernel": (FILTERS, HIDDEN_UNITS),
    "hidden/bias": (HIDDEN_UNITS,),
    **{
        f"hidden_norm/{name}": (HIDDEN_UNITS,)
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    },
    "output/kernel": (HIDDEN_UNITS, len(CLASSES)),
    "output/bias": (len(CLASSES),),
}


def _calibration_shapes(heads: int) -> dict[str, Shape]:
    biases = {name: shape for name, shape in _TRUNK_SHAPES.items() if name.endswith("/bias")}
    shapes = {name.replace("/bias", "/shift"): shape for name, shape in biases.items()}
    shapes[f"{_HEAD_CONVOLUTION}/shift"] = (heads * FILTERS,)
    ranges = [name.replace("/shift", "/range") for name in shapes]
    return shapes | {name: () for name in ranges if not name.startswith(_FIRST_CONVOLUTION)}


class Engine:
    """A compiled network; not thread-safe."""

    def __init__(self, model: ov.Model, border: Array, precision: Precision) -> None:
        self.precision = precision
        self._border = border
        self._request = compile_request(model, precision)

    def run(self, frames: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        """The graph's outputs for uint8 RGB frames (n, 224, 224, 3)."""
        # A border of the mean colour replaces both zero padding and mean subtraction.
        padded = np.empty((len(frames), _PADDED_SIDE, _PADDED_SIDE, 3), dtype=np.uint8)
        padded[:] = self._border
        padded[:, 1:-1, 1:-1] = frames
        found = self._request.infer([padded])
        return [np.array(found[n]) for n in range(len(found))]


def compile_request(model: ov.Model, precision: Precision) -> Any:
    """A request for a graph on this processor; what is not quantised is computed in bfloat16 where
    it can be, unless all is to be float32."""
    hint = "f32" if precision == "f32" else "bf16"
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint}
    return ov.Core().compile_model(model, "CPU", settings).create_infer_request()


def best_precision(calibration: Calibration) -> Precision:
    """The fastest precision that this processor supports and the artifact is calibrated for."""
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if "INT8" in capabilities and calibration:
        return "int8"
    return "bf16" if "BF16" in capabilities else "f32"


def compile_classifier(
    trunk: Mapping[str, Array],
    heads: Sequence[Mapping[str, Array]],
    means_bgr: Sequence[float],
    precision: Precision,
    calibration: Calibration,
    *,
    evidence: bool = False,
) -> Engine:
    """An engine whose output is the softmax scores (models, n, 3).

    With `evidence`, a second output is Grad-CAM of each class (n, 3, 14, 14), see `Graph.add_cams`,
    and a third the trunk's channels, their means over all places (n, 512).

    Raises:
        ValueError: there is no head, or the weights' names or shapes are not POCOVID-Net's.
    """
    if not heads:
        raise ValueError("expected at least one head, got none")
    check_weights("the trunk", trunk, _TRUNK_SHAPES)
    for n, head in enumerate(heads):
        check_weights(f"head {n}", head, _HEAD_SHAPES)
    if precision == "int8":
        check_weights("the calibration", calibration, _calibration_shapes(len(heads)))
    graph = Graph(means_bgr, calibration if precision == "int8" else {})
    features = graph.add_trunk(trunk)
    outputs = [graph.add_heads(features, heads)]
    if evidence:
        outputs += [graph.add_cams(heads), _means(features)]
    return graph.compile_outputs(outputs, precision)


def compile_trunk(
    trunk: Mapping[str, Array],
    means_bgr: Sequence[float],
    precision: Precision,
    blocks: int = len(TRUNK_BLOCKS),
) -> Engine:
    """An engine whose only output is the trunk's features (n, 14, 14, 512).

    Args:
        trunk: all its weights.
        means_bgr: channel means subtracted from pixels, 0 to 255.
        precision: of the computation.
        blocks: number of blocks; with fewer than all, the output is the last one's pooling layer,
            for example (n, 28, 28, 256) for 3.

    Raises:
        ValueError: the weights' names or shapes are not those of VGG-16's trunk.
    """
    check_weights("the trunk", trunk, _TRUNK_SHAPES)
    trunk = {name: value for name, value in trunk.items() if int(name[5]) <= blocks}
    graph = Graph(means_bgr, {})
    features = op.transpose(graph.add_trunk(trunk), op.constant(np.array([0, 2, 3, 1])))
    return graph.compile_outputs([features], precision)


def compile_trunk_means(
    trunk: Mapping[str, Array],
    means_bgr: Sequence[float],
    precision: Precision,
    calibration: Calibration,
) -> Engine:
    """An engine whose only output is the trunk's channels, their means over all places (n, 512).

    Raises:
        ValueError: the weights' names or shapes are not those of VGG-16's trunk.
    """
    check_weights("the trunk", trunk, _TRUNK_SHAPES)
    graph = Graph(means_bgr, calibration if precision == "int8" else {})
    return graph.compile_outputs([_means(graph.add_trunk(trunk))], precision)


class Graph:
    """A graph under construction.

    `inputs` holds the input of each convolution but the first, before quantisation;
    `pre_activations` the output of each convolution before its ReLU. Without a calibration,
    nothing is quantised. `hidden` is the heads' hidden layer after its ReLU (models, n, 64), and
    `last` the output of their convolution (n, models * 512, 14, 14), once there are heads.
    """

    hidden: Any
    last: Any

    def __init__(self, means_bgr: Sequence[float], calibration: Calibration) -> None:
        self.inputs: dict[str, ov.Output] = {}
        self.pre_activations: dict[str, ov.Output] = {}
        self._calibration = calibration
        self._border = np.asarray(means_bgr[::-1]).astype(np.uint8)
        if self._border.tolist() != list(means_bgr[::-1]):
            raise ValueError(f"expected means in whole numbers from 0 to 255, got {means_bgr}")
        self._frames = op.parameter(
            [-1, _PADDED_SIDE, _PADDED_SIDE, 3], np.uint8, name="framed_frames"
        )

    def compile_outputs(self, outputs: Sequence[Any], precision: Precision) -> Engine:
        """An engine with these outputs."""
        results = [op.result(each) for each in outputs]
        return Engine(ov.Model(results, [self._frames], "pocovidnet"), self._border, precision)

    def add_trunk(self, trunk: Mapping[str, Array]) -> Any:
        """Add the trunk; its layers and pooling follow from the weights' names."""
        names = sorted({name.partition("/")[0] for name in trunk})
        x = None
        for name, after in itertools.pairwise([*names, _HEAD_CONVOLUTION]):
            kernel = np.asarray(trunk[f"{name}/kernel"], dtype=np.float32)
            bias = np.asarray(trunk[f"{name}/bias"], dtype=np.float32)
            x = (
                self._first_convolution(kernel, bias)
                if x is None
                else self._convolve(x, name, kernel, bias)
            )
            x = self._quantize_for(x, after)
            if after.partition("_")[0] != name.partition("_")[0]:
                x = _pool(x)
        return x

    def add_heads(self, features: Any, heads: Sequence[Mapping[str, Array]]) -> Any:
        """Add all heads: one wide convolution, then a batch of small matrix products."""

        stacked = _stacked(heads)
        kernel = np.concatenate(list(stacked[f"{_HEAD_CONVOLUTION}/kernel"]), axis=-1)
        bias = stacked[f"{_HEAD_CONVOLUTION}/bias"].reshape(-1)
        self.last = self._convolve(features, _HEAD_CONVOLUTION, kernel, bias)
        x = _pool(self.last)
        x = _means(x)
        x = op.reshape(x, op.constant(np.array([0, len(heads), -1])), special_zero=True)
        x = op.transpose(x, op.constant(np.array([1, 0, 2])))
        self.hidden = op.relu(_dense(x, *_folded_hidden(stacked)))
        x = _dense(self.hidden, stacked["output/kernel"], stacked["output/bias"])
        return op.softmax(x, 2)

    def add_cams(self, heads: Sequence[Mapping[str, Array]]) -> Any:
        """Add Grad-CAM (Selvaraju et al. 2017) on block5_conv3, the mean over the heads' maps.

        Of each class before the softmax, (n, 3, 14, 14), 0 and more. Between the convolution and
        the classes lie a maximum over 2 x 2 places, of which there are as many whatever the frame
        shows, a mean over those, and two dense layers with a ReLU. So a channel's gradient, the
        mean over all places, is a product of weights: that of the hidden units which are active.
        """
        stacked = _stacked(heads)
        hidden, _ = _folded_hidden(stacked)
        active = op.convert(op.greater(self.hidden, op.constant(np.float32(0))), "f32")
        by_unit = op.constant(stacked["output/kernel"].transpose(0, 2, 1)[:, None])
        products = op.multiply(op.unsqueeze(active, op.constant(np.array([2]))), by_unit)
        # (models, n, 3, 64) to (models, n * 3, 512), and from there to (n, 3, models * 512).
        products = _reshaped(products, [len(heads), -1, HIDDEN_UNITS])
        to_channels = op.constant(np.ascontiguousarray(hidden.transpose(0, 2, 1)))
        gradient = op.matmul(products, to_channels, transpose_a=False, transpose_b=False)
        gradient = _reshaped(gradient, [len(heads), -1, len(CLASSES), FILTERS])
        gradient = op.transpose(gradient, op.constant(np.array([1, 2, 0, 3])))
        gradient = _reshaped(gradient, [-1, len(CLASSES), len(heads) * FILTERS])
        places = _reshaped(self.last, [0, len(heads) * FILTERS, -1])
        maps = op.matmul(gradient, places, transpose_a=False, transpose_b=False)
        maps = op.multiply(maps, op.constant(np.float32(1 / (_PLACES**2 * len(heads)))))
        return _reshaped(op.relu(maps), [0, len(CLASSES), _PLACES, _PLACES])

    def _first_convolution(self, kernel: Array, bias: Array) -> Any:
        """The first convolution, on raw RGB pixels with a border of the mean colour.

        Mean subtraction is folded into the bias, and the BGR order into the kernel.
        """
        kernel = kernel[:, :, ::-1]
        x = op.convert(self._frames, "f32")
        if self._calibration:
            # Pixels already have 256 levels.
            x = quantize(x, 255)
        bias = bias - np.einsum("yxio,i->o", kernel, self._border.astype(np.float32))
        x = op.transpose(x, op.constant(np.array([0, 3, 1, 2])))
        return self._convolve(x, _FIRST_CONVOLUTION, kernel, bias, padding=0)

    def _convolve(self, x: Any, name: str, kernel: Array, bias: Array, padding: int = 1) -> Any:
        weights = kernel_constant(kernel, quantized=bool(self._calibration))
        if self._calibration:
            # During calibration there are no shifts yet.
            bias = bias + self._calibration.get(f"{name}/shift", np.float32(0))
        pads = [padding, padding]
        x = op.convolution(x, weights, [1, 1], pads, pads, [1, 1])
        x = op.add(x, op.constant(np.float32(bias).reshape(1, -1, 1, 1)))
        self.pre_activations[name] = x
        return op.relu(x)

    def _quantize_for(self, x: Any, name: str) -> Any:
        """Quantise the input of this convolution, before pooling, which is faster on bytes."""
        self.inputs[name] = x
        if not self._calibration:
            return x
        return quantize(x, self._calibration[f"{name}/range"])


def quantize(x: Any, largest: Any) -> Any:
    """Activations of 0 and more in 256 levels up to the largest."""
    return _fake_quantize(x, np.float32(0), np.float32(largest), _ACTIVATION_LEVELS)


def kernel_constant(kernel: Array, *, quantized: bool) -> Any:
    """A convolution's kernel (height, width, inputs, filters); 255 levels for each filter."""
    weights = op.constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
    if not quantized:
        return weights
    largest = np.abs(kernel).max(axis=(0, 1, 2)).reshape(-1, 1, 1, 1).astype(np.float32)
    return _fake_quantize(weights, -largest, largest, _WEIGHT_LEVELS)


def _fake_quantize(x: Any, low: Any, high: Any, count: int) -> Any:
    return op.fake_quantize(x, low, high, low, high, count)


def check_weights(part: str, weights: Mapping[str, Array], expected: Mapping[str, Shape]) -> None:
    """Refuse weights of another network: a graph without one of the layers might still run."""
    found = {name: value.shape for name, value in weights.items()}
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            raise ValueError(
                f"{part}: expected {name} of shape {expected.get(name, 'nothing')}, "
                f"got {found.get(name, 'nothing')}"
            )


def _stacked(heads: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """The heads' weights by name, (models, …)."""
    return {
        name: np.stack([np.asarray(head[name], dtype=np.float32) for head in heads])
        for name in heads[0]
    }


def _folded_hidden(stacked: Mapping[str, Array]) -> tuple[Array, Array]:
    """The hidden layers' kernel and bias, batch normalisation folded in: a scale and a shift."""
    variance = stacked["hidden_norm/moving_variance"]
    scale = stacked["hidden_norm/gamma"] / np.sqrt(variance + _NORM_EPSILON)
    shift = stacked["hidden_norm/beta"] - stacked["hidden_norm/moving_mean"] * scale
    return stacked["hidden/kernel"] * scale[:, None], stacked["hidden/bias"] * scale + shift


def _reshaped(x: Any, shape: Sequence[int]) -> Any:
    """In another shape; 0 keeps a dimension, -1 is what is left."""
    return op.reshape(x, op.constant(np.array(shape)), special_zero=True)


def _means(x: Any) -> Any:
    """Of each channel over all places: (n, channels)."""
    return op.reduce_mean(x, op.constant(np.array([2, 3])), keep_dims=False)


def _pool(x: Any) -> Any:
    return op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)


def _dense(x: Any, weights: Array, bias: Array) -> Any:
    product = op.matmul(x, op.constant(weights), transpose_a=False, transpose_b=False)
    return op.add(product, op.constant(bias[:, None]))
