"""COVID-Net of Wang and Wong: projection-expansion blocks with long-range connections."""

from typing import Any

import keras

from models.contract import CLASSES

STAGES = ((3, 56), (4, 112), (6, 216), (3, 424))
"""Blocks and width of each stage (COVID-Net, figure 2)."""

_STEM = 56
_HIDDEN = 512


def covidnet(side: int) -> keras.Model:
    """COVID-Net: RGB frames of values 0 to 255, (n, side, side, 3), to softmax scores (n, 3).

    Within a stage each block receives the sum of all previous blocks and of a 1×1 convolution of
    the stage's input. At 224 pixels it has 12.1 million parameters; the paper's Table 1 gives
    11.75 million, but does not state every width.

    Args:
        side: of the square frames in pixels, a multiple of 32.

    Raises:
        ValueError: the side is not a multiple of 32.
    """
    if side < 32 or side % 32:
        raise ValueError(f"expected a side that 32 divides, got {side}")
    layers = keras.layers
    inputs = keras.Input((side, side, 3), name="frame")
    x = layers.Rescaling(1 / 255, name="scale")(inputs)
    x = layers.Conv2D(_STEM, 7, 2, padding="same", activation="relu", name="conv1")(x)
    for number, (blocks, width) in enumerate(STAGES, start=1):
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
        block_outputs = [_pointwise(x, width, f"conv{number}_1x1")]
        summed = x
        for block in range(1, blocks + 1):
            block_outputs.append(_pepx(summed, width, f"pepx{number}_{block}"))
            summed = layers.Add(name=f"sum{number}_{block}")(list(block_outputs))
        x = summed
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(_HIDDEN, activation="relu", name="hidden")(x)
    x = layers.Dense(len(CLASSES), activation="softmax", name="output")(x)
    return keras.Model(inputs, x, name="covidnet")


def _pepx(x: Any, width: int, name: str) -> Any:
    """Projection, expansion, depthwise 3×3, projection, extension."""
    summed = x.shape[-1]
    narrow, wide = summed // 2, 3 * summed // 4
    x = _pointwise(x, narrow, f"{name}_project1")
    x = _pointwise(x, wide, f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(
        3, padding="same", activation="relu", name=f"{name}_depthwise"
    )(x)
    x = _pointwise(x, narrow, f"{name}_project2")
    return _pointwise(x, width, f"{name}_extend")


def _pointwise(x: Any, filters: int, name: str) -> Any:
    return keras.layers.Conv2D(filters, 1, activation="relu", name=name)(x)
