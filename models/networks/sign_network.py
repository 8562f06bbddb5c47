"""The sign network: where a frame shows the signs of lung ultrasound, and which it shows at all.

Residual blocks (He et al. 2016) down to 14x14 places, a context path at 7x7 (half the resolution,
added back, as in feature pyramids, Lin et al. 2017), a map for each sign, and a hidden layer on
the mean and the maximum over the places for what concerns the whole picture. Small enough to run
beside POCOVID-Net in little time: about 0.24 billion multiplications a frame.
"""

from typing import Any

import keras

from models.contract import SIGN_SIDE

_WIDTHS = ((24, 1), (48, 2), (96, 2))
"""Filters and residual blocks after each halving of the resolution, from 112 to 14 pixels."""

_CONTEXT_WIDTH = 128
_CONTEXT_BLOCKS = 2
_HIDDEN = 128
_MEAN, _SPREAD = 0.2, 0.25
"""Of grey values from 0 to 1, in drawings and in recordings alike."""


def sign_network(maps: int, signs: int) -> keras.Model:
    """Grey frames of values 0 to 255, (n, 112, 112, 1), to logits of maps and of signs.

    Outputs are `maps`, (n, 14, 14, maps), and `signs`, (n, signs); their sigmoids are
    probabilities. Outputs are computed in float32 whatever the layers between compute in.

    Args:
        maps: number of signs with a place.
        signs: number of outputs about the whole picture.
    """
    layers = keras.layers
    inputs = keras.Input((SIGN_SIDE, SIGN_SIDE, 1), name="frame")
    x = layers.Rescaling(1 / (255 * _SPREAD), offset=-_MEAN / _SPREAD, name="scale")(inputs)
    for stage, (width, blocks) in enumerate(_WIDTHS, start=1):
        x = _convolution(x, width, 2, f"stage{stage}_down")
        for block in range(1, blocks + 1):
            x = _residual(x, f"stage{stage}_block{block}")
    context = _convolution(x, _CONTEXT_WIDTH, 2, "context_down")
    for block in range(1, _CONTEXT_BLOCKS + 1):
        context = _residual(context, f"context_block{block}")
    back = layers.Conv2D(x.shape[-1], 1, name="context_back")(context)
    back = layers.UpSampling2D(2, name="context_up")(back)
    x = layers.ReLU(name="features")(layers.Add(name="with_context")([x, back]))
    places = layers.Conv2D(maps, 1, dtype="float32", name="maps")(x)
    summary = layers.Concatenate(name="summary")(
        [
            pool(name=f"{name}_{kind}")(part)
            for name, part in (("features", x), ("context", context))
            for kind, pool in (
                ("mean", layers.GlobalAveragePooling2D),
                ("maximum", layers.GlobalMaxPooling2D),
            )
        ]
    )
    hidden = layers.Dense(_HIDDEN, activation="relu", name="hidden")(summary)
    whole = layers.Dense(signs, dtype="float32", name="signs")(hidden)
    return keras.Model(inputs, {"maps": places, "signs": whole}, name="sign_network")


def _convolution(x: Any, filters: int, stride: int, name: str) -> Any:
    x = _normed(x, filters, stride, name)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _residual(x: Any, name: str) -> Any:
    filters = x.shape[-1]
    y = _convolution(x, filters, 1, f"{name}_conv1")
    y = _normed(y, filters, 1, f"{name}_conv2")
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.Add(name=f"{name}_sum")([x, y]))


def _normed(x: Any, filters: int, stride: int, name: str) -> Any:
    layers = keras.layers
    x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(momentum=0.99, name=f"{name}_norm")(x)
