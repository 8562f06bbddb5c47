"""POCOVID-Net in Keras: the complete network, and its two parts, trunk and head.

Layers have their names in the literature.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from models.contract import CLASSES, FRAME_SIDE, HIDDEN_UNITS, TRUNK_BLOCKS

DROPOUT = 0.5
MEAN_BGR = (104.0, 117.0, 123.0)
"""Channel means of ImageNet in the order blue, green, red (VGG-16, Simonyan and Zisserman)."""

FEATURE_SHAPE = (FRAME_SIDE // 16, FRAME_SIDE // 16, 512)
"""Shape of the trunk's output for one frame: (14, 14, 512)."""


def preprocess(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Preprocess uint8 RGB frames (n, 224, 224, 3) to float32 BGR minus the ImageNet means.

    Raises:
        ValueError: another shape or dtype; frames scaled to 0..1 must not be mistaken for pixels.
    """
    expected = (FRAME_SIDE, FRAME_SIDE, 3)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != expected:
        raise ValueError(
            f"expected uint8 RGB frames of shape (n, {FRAME_SIDE}, {FRAME_SIDE}, 3), "
            f"got {frames.dtype} {frames.shape}"
        )
    return frames[..., ::-1].astype(np.float32) - np.asarray(MEAN_BGR, dtype=np.float32)


def trunk() -> keras.Model:
    """VGG-16 up to block5_conv2: (n, 224, 224, 3) preprocessed to (n, 14, 14, 512); frozen."""
    inputs = keras.Input((FRAME_SIDE, FRAME_SIDE, 3), name="frame")
    model = keras.Model(inputs, _trunk_layers(inputs), name="trunk")
    model.trainable = False
    return model


def head() -> keras.Model:
    """The trained part: block5_conv3 and later layers, (n, 14, 14, 512) to softmax (n, 3)."""
    inputs = keras.Input(FEATURE_SHAPE, name="features")
    return keras.Model(inputs, _head_layers(inputs), name="head")


def pocovidnet() -> keras.Model:
    """POCOVID-Net for one fold: preprocessed frames (n, 224, 224, 3) to softmax scores (n, 3).

    2,392,963 trainable and 12,355,008 frozen parameters (paper, section 4.1).
    """
    inputs = keras.Input((FRAME_SIDE, FRAME_SIDE, 3), name="frame")
    model = keras.Model(inputs, _head_layers(_trunk_layers(inputs)), name="pocovidnet")
    trained = {layer.name for layer in head().layers}
    for layer in model.layers:
        layer.trainable = layer.name in trained
    return model


def _trunk_layers(x: Any) -> Any:
    for block, (convolutions, filters) in enumerate(TRUNK_BLOCKS, start=1):
        for n in range(1, convolutions + 1):
            x = _convolution(filters, f"block{block}_conv{n}")(x)
        if block < len(TRUNK_BLOCKS):
            x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return x


def _head_layers(x: Any) -> Any:
    layers = keras.layers
    x = _convolution(FEATURE_SHAPE[-1], "block5_conv3")(x)
    x = layers.MaxPooling2D(2, name="block5_pool")(x)
    # Full precision whatever the convolutions use: it is cheap from here on.
    exact = "float32"
    x = layers.GlobalAveragePooling2D(name="pool", dtype=exact)(x)
    x = layers.Dense(HIDDEN_UNITS, name="hidden", dtype=exact)(x)
    x = layers.BatchNormalization(name="hidden_norm", dtype=exact)(x)
    x = layers.ReLU(name="hidden_relu", dtype=exact)(x)
    x = layers.Dropout(DROPOUT, name="dropout", dtype=exact)(x)
    return layers.Dense(len(CLASSES), activation="softmax", name="output", dtype=exact)(x)


def _convolution(filters: int, name: str) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)
