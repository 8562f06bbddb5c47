"""A video model on the trunk's features of each frame."""

import keras

from models.contract import CLASSES

_WIDTH = 64
_DROPOUT = 0.5


def temporal(features: int, frames: int) -> keras.Model:
    """A convolution over neighbouring frames, then attention over all of them.

    Inputs: pooled trunk features of a clip's frames, (n, frames, features), and a mask
    (n, frames), 1 for frames and 0 for padding. Output: softmax scores (n, 3). A single frame is
    a clip of length one.

    Args:
        features: of each frame.
        frames: in each clip, at least 2.
    """
    layers, ops = keras.layers, keras.ops
    clip = keras.Input((frames, features), name="features")
    mask = keras.Input((frames,), name="there")
    present = ops.expand_dims(mask, -1)
    x = layers.LayerNormalization(name="norm")(clip)
    x = layers.Dropout(_DROPOUT, name="dropout_features")(x)
    x = layers.Dense(_WIDTH, activation="relu", name="frame")(x) * present
    neighbours = layers.Conv1D(_WIDTH, 3, padding="same", activation="relu", name="time")(x)
    x = (x + neighbours) * present
    weight = layers.Dense(1, name="attention")(x) - 1e4 * (1 - present)
    x = ops.sum(x * ops.softmax(weight, axis=1), axis=1)
    x = layers.Dropout(_DROPOUT, name="dropout")(x)
    x = layers.Dense(len(CLASSES), activation="softmax", name="output")(x)
    return keras.Model([clip, mask], x, name="temporal")
