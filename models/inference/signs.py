"""The sign network as an OpenVINO graph, built from its weights, so that it needs no TensorFlow.

`models.networks.sign_network` is the reference. Batch normalisation is folded into the
convolutions, which changes nothing but rounding. In 8 bits the first convolution, the 1x1
convolutions and the matrices stay in wider numbers: together 1 % of the arithmetic.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino import opset13 as op

from models.contract import SIGN_PLACES, SIGN_SIDE
from models.inference.engine import (
    Calibration,
    Precision,
    Shape,
    check_weights,
    compile_request,
    kernel_constant,
    quantize,
)
from models.inference.evidence import Signs
from models.inference.sign_weights import Array, SignWeights, SignWeightsError

_FIRST_CONVOLUTION = "stage1_down"
_NORM_EPSILON = 1e-3  # of keras.layers.BatchNormalization
_MEAN, _SPREAD = 0.2, 0.25  # of the network's first layer


class SignEngine:
    """A compiled sign network; not thread-safe.

    Raises:
        SignWeightsError: the weights' names or shapes are not those of a sign network, or 8 bits
            are asked for and the calibration is missing or another network's.
    """

    def __init__(self, weights: SignWeights, precision: Precision) -> None:
        self.maps, self.signs, self.precision = weights.maps, weights.signs, precision
        self.units = weights.units
        calibration = weights.calibration if precision == "int8" else {}
        try:
            if precision == "int8":
                check_weights("the calibration", calibration, _calibration_shapes(weights.values))
            model = SignGraph(weights, calibration).model()
        except (ValueError, RuntimeError) as error:
            raise SignWeightsError(
                f"the weights are not those of the sign network: {error}"
            ) from error
        self._request = compile_request(model, precision)

    def run(self, frames: npt.NDArray[np.uint8]) -> Signs:
        """The signs in uint8 RGB frames (n, side, side, 3), of any side from 112 on."""
        if not len(frames):
            places = (0, SIGN_PLACES, SIGN_PLACES, len(self.maps))
            return Signs(
                np.zeros(places, dtype=np.float32), np.zeros((0, len(self.signs)), dtype=np.float32)
            )
        return self.run_with_hidden(frames)[0]

    def run_with_hidden(
        self, frames: npt.NDArray[np.uint8]
    ) -> tuple[Signs, npt.NDArray[np.float32]]:
        """The signs, and the hidden layer (n, units) from which those of the whole picture follow.

        Of one frame or more, as `run` takes them.
        """
        found = self._request.infer([grey(frames)])
        return Signs(np.array(found[0]), np.array(found[1])), np.array(found[2])


def grey(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Frames (n, side, side, 3) as the network sees them: grey, (n, 112, 112)."""
    small = [
        cv2.resize(
            cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY),
            (SIGN_SIDE, SIGN_SIDE),
            interpolation=cv2.INTER_AREA,
        )
        for frame in frames
    ]
    return np.stack(small) if small else np.zeros((0, SIGN_SIDE, SIGN_SIDE), dtype=np.uint8)


class SignGraph:
    """The network as a graph, from weights by name; without a calibration, nothing is quantised.

    How many layers there are and how wide they are follows from the weights; that they fit each
    other, and that none is left over, is checked.

    `inputs` holds the input of each convolution that 8 bits quantise, before quantisation;
    `pre_activations` its output before its ReLU.

    Raises:
        ValueError: a weight is missing, has another shape, or is not of this network.
    """

    def __init__(self, weights: SignWeights, calibration: Calibration) -> None:
        self.inputs: dict[str, Any] = {}
        self.pre_activations: dict[str, Any] = {}
        self._calibration = calibration
        self._values = {
            name: np.asarray(value, dtype=np.float32) for name, value in weights.values.items()
        }
        self._taken: set[str] = set()
        self._frames = op.parameter([-1, SIGN_SIDE, SIGN_SIDE], np.uint8, name="frames")
        self._outputs = self._network(len(weights.maps), len(weights.signs))

    def model(self) -> ov.Model:
        """The network: its maps, its signs and its hidden layer."""
        return self.model_of(self._outputs)

    def model_of(self, outputs: Sequence[Any]) -> ov.Model:
        """A part of it with other outputs."""
        return ov.Model([op.result(each) for each in outputs], [self._frames], "sign_network")

    def _network(self, maps_count: int, signs_count: int) -> Sequence[Any]:
        """The outputs, for this many maps and signs."""
        x = op.unsqueeze(op.convert(self._frames, "f32"), op.constant(np.array([1])))
        x = op.multiply(x, op.constant(np.float32(1 / (255 * _SPREAD))))
        x = op.add(x, op.constant(np.float32(-_MEAN / _SPREAD)))
        for stage in self._numbered("stage{}_down"):
            x = op.relu(self._normed(x, f"stage{stage}_down", 2))
            x = self._blocks(x, f"stage{stage}")
        context = op.relu(self._normed(x, "context_down", 2))
        context = self._blocks(context, "context")
        x = op.relu(op.add(x, self._doubled(self._biased(context, "context_back", _width(x)))))
        maps = op.sigmoid(
            op.transpose(self._biased(x, "maps", maps_count), op.constant(np.array([0, 2, 3, 1])))
        )
        summary = op.concat([pooled for part in (x, context) for pooled in _pools(part)], 1)
        hidden = op.relu(self._dense(summary, "hidden"))
        whole = op.sigmoid(self._dense(hidden, "signs", signs_count))
        if left := sorted(self._values.keys() - self._taken):
            raise ValueError(f"expected no weight {left[0]}")
        return maps, whole, hidden

    def _numbered(self, pattern: str) -> Sequence[int]:
        """1, 2, … as long as there are weights for it."""
        count = 0
        while any(name.startswith(pattern.format(count + 1)) for name in self._values):
            count += 1
        return range(1, count + 1)

    def _blocks(self, x: Any, name: str) -> Any:
        for block in self._numbered(f"{name}_block{{}}_conv1"):
            # The way around the block takes the same bytes, so that nothing is stored twice.
            x = self._quantized(x, f"{name}_block{block}_conv1")
            y = op.relu(self._convolved(x, f"{name}_block{block}_conv1", 1))
            y = self._normed(y, f"{name}_block{block}_conv2", 1)
            x = op.relu(op.add(x, y))
        return x

    def _take(self, name: str, *shape: int | None) -> Array:
        """The weight of this name, whose shape must be this one, None being any length."""
        value = self._values.get(name)
        fits = value is not None and len(value.shape) == len(shape)
        if (
            value is None
            or not fits
            or any(
                length not in (None, there)
                for length, there in zip(shape, value.shape, strict=True)
            )
        ):
            lengths = ", ".join("any" if length is None else str(length) for length in shape)
            raise ValueError(
                f"expected {name} of shape ({lengths}), "
                f"got {'nothing' if value is None else value.shape}"
            )
        self._taken.add(name)
        return value

    def _quantized(self, x: Any, name: str) -> Any:
        """The input of this convolution."""
        if name == _FIRST_CONVOLUTION:
            return x
        self.inputs[name] = x
        return quantize(x, self._calibration[f"{name}/range"]) if self._calibration else x

    def _normed(self, x: Any, name: str, stride: int) -> Any:
        """A convolution, its input quantised."""
        return self._convolved(self._quantized(x, name), name, stride)

    def _convolved(self, x: Any, name: str, stride: int) -> Any:
        """A convolution with its batch normalisation folded in."""
        kernel = self._take(f"{name}/kernel", 3, 3, _width(x), None)
        norm = {
            part: self._take(f"{name}_norm/{part}", kernel.shape[-1])
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        }
        scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + _NORM_EPSILON)
        shift = norm["beta"] - norm["moving_mean"] * scale
        quantized = bool(self._calibration) and name != _FIRST_CONVOLUTION
        if quantized:
            # During calibration there are no shifts yet.
            shift = shift + self._calibration.get(f"{name}/shift", np.float32(0))
        x = _convolution(x, kernel * scale, shift, stride, quantized=quantized)
        if name != _FIRST_CONVOLUTION:
            self.pre_activations[name] = x
        return x

    def _biased(self, x: Any, name: str, width: int) -> Any:
        kernel = self._take(f"{name}/kernel", 1, 1, _width(x), width)
        return _convolution(x, kernel, self._take(f"{name}/bias", width), 1)

    def _doubled(self, x: Any) -> Any:
        """Each place four times: twice the rows and columns."""
        sizes = op.constant(np.array([SIGN_PLACES, SIGN_PLACES]))
        return op.interpolate(
            x,
            sizes,
            "nearest",
            "sizes",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
            axes=op.constant(np.array([2, 3])),
        )

    def _dense(self, x: Any, name: str, width: int | None = None) -> Any:
        kernel = self._take(f"{name}/kernel", _width(x), width)
        product = op.matmul(x, op.constant(kernel), transpose_a=False, transpose_b=False)
        return op.add(product, op.constant(self._take(f"{name}/bias", kernel.shape[-1])))


def _width(x: Any) -> int:
    """Channels of a layer."""
    return int(x.get_output_partial_shape(0)[1].get_length())


def _calibration_shapes(values: Mapping[str, Array]) -> dict[str, Shape]:
    """Of what 8 bits need for this network's weights."""
    shapes: dict[str, Shape] = {}
    for name in {name.partition("_norm/")[0] for name in values if "_norm/" in name}:
        if name != _FIRST_CONVOLUTION and f"{name}/kernel" in values:
            shapes[f"{name}/range"] = ()
            shapes[f"{name}/shift"] = values[f"{name}/kernel"].shape[-1:]
    return shapes


def _convolution(
    x: Any, kernel: Array, bias: Array, stride: int, *, quantized: bool = False
) -> Any:
    weights = kernel_constant(kernel, quantized=quantized)
    strides = [stride, stride]
    x = op.convolution(x, weights, strides, [0, 0], [0, 0], [1, 1], auto_pad="SAME_UPPER")
    return op.add(x, op.constant(bias.reshape(1, -1, 1, 1)))


def _pools(x: Any) -> tuple[Any, Any]:
    """Mean and maximum over places."""
    places = op.constant(np.array([2, 3]))
    return op.reduce_mean(x, places, keep_dims=False), op.reduce_max(x, places, keep_dims=False)
