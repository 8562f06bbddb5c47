"""Two ImageNet networks in Keras as teachers of a trunk.

SqueezeNet 1.1 (Iandola et al. 2016) up to fire9, and GoogLeNet (Szegedy et al. 2015, the weights of
the Berkeley Vision and Learning Center) up to inception_4e. Both take the input of VGG-16: BGR
minus the channel means, 224 pixels a side.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from models.contract import FRAME_SIDE
from models.networks import Array
from models.training.trunk import TrunkError, read_file

_NEIGHBOURS = 2  # channels on either side in GoogLeNet's response normalisation, as published
_ALPHA, _BETA = 1e-4, 0.75


def load(path: Path) -> keras.Model:
    """The network whose weights are in a file, detected by their names: frames to feature maps.

    Args:
        path: a file with `LAYER.weight` (out, in, height, width) and `LAYER.bias`.

    Returns:
        A model from preprocessed frames (n, 224, 224, 3) to maps of 13 or 14 pixels a side.

    Raises:
        TrunkError: the file does not exist, or has the weights of neither network.
    """
    weights = read_file(path)
    for first_layer, build in _NETWORKS.items():
        if f"{first_layer}.weight" in weights:
            try:
                return build(weights)
            except (KeyError, ValueError) as error:
                raise TrunkError(f"{path} is not complete: {error}") from error
    raise TrunkError(f"{path} holds neither SqueezeNet nor GoogLeNet.")


def _squeezenet(weights: Mapping[str, Array]) -> keras.Model:
    def fire(n: int, x: Any) -> Any:
        squeezed = _convolve(weights, f"fire{n}.squeeze1x1", x)
        wide = [_convolve(weights, f"fire{n}.expand{side}", squeezed) for side in ("1x1", "3x3")]
        return keras.layers.Concatenate()(wide)

    frame = keras.Input((FRAME_SIDE, FRAME_SIDE, 3))
    x = _pool(_convolve(weights, "conv1", frame, strides=2, padding="valid"))
    x = _pool(fire(3, fire(2, x)))
    x = _pool(fire(5, fire(4, x)))
    for n in range(6, 10):
        x = fire(n, x)
    return keras.Model(frame, x, name="squeezenet")


def _googlenet(weights: Mapping[str, Array]) -> keras.Model:
    def inception(name: str, x: Any) -> Any:
        name = f"inception_{name}"
        pooled = keras.layers.MaxPooling2D(3, strides=1, padding="same")(x)
        parts = [_convolve(weights, f"{name}.1x1", x)]
        for side in ("3x3", "5x5"):
            reduced = _convolve(weights, f"{name}.{side}_reduce", x)
            parts.append(_convolve(weights, f"{name}.{side}", reduced))
        parts.append(_convolve(weights, f"{name}.pool_proj", pooled))
        return keras.layers.Concatenate()(parts)

    frame = keras.Input((FRAME_SIDE, FRAME_SIDE, 3))
    x = keras.layers.ZeroPadding2D(3)(frame)
    x = _ResponseNorm()(_pool(_convolve(weights, "conv1.7x7_s2", x, strides=2, padding="valid")))
    x = _convolve(weights, "conv2.3x3", _convolve(weights, "conv2.3x3_reduce", x))
    x = _pool(_ResponseNorm()(x))
    x = _pool(inception("3b", inception("3a", x)))
    for letter in "abcde":
        x = inception(f"4{letter}", x)
    return keras.Model(frame, x, name="googlenet")


_NETWORKS: Mapping[str, Callable[[Mapping[str, Array]], keras.Model]] = {
    "fire2.squeeze1x1": _squeezenet,
    "conv1.7x7_s2": _googlenet,
}


class _ResponseNorm(keras.layers.Layer):  # type: ignore[misc]
    """Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3)."""

    def call(self, x: Any) -> Any:
        width, channels = 2 * _NEIGHBOURS + 1, x.shape[-1]
        squares = keras.ops.pad(keras.ops.square(x), [[0, 0]] * 3 + [[_NEIGHBOURS] * 2])
        total = sum(squares[..., n : n + channels] for n in range(width))
        return x / keras.ops.power(1 + _ALPHA / width * total, _BETA)


def _convolve(
    weights: Mapping[str, Array], name: str, x: Any, strides: int = 1, padding: str = "same"
) -> Any:
    kernel = weights[f"{name}.weight"].transpose(2, 3, 1, 0)
    layer = keras.layers.Conv2D(
        kernel.shape[-1], kernel.shape[:2], strides=strides, padding=padding, activation="relu"
    )
    y = layer(x)
    layer.set_weights([kernel, weights[f"{name}.bias"]])
    return y


def _pool(x: Any) -> Any:
    """Max pooling, 3x3 with stride 2, with Caffe's rounding up of the output size.

    For an even side, "same" padding adds one row at the end; an odd side needs none.
    """
    return keras.layers.MaxPooling2D(3, strides=2, padding="valid" if x.shape[1] % 2 else "same")(x)
