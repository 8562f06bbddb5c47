"""ResNet-50 as in COVNet: features of each frame, max-pooled over the frames of a clip."""

import keras

from models.contract import CLASSES
from models.networks.batch_norm import shorten_batch_norm_memory

_FEATURES = 2048


def covnet(side: int, frames: int) -> keras.Model:
    """ResNet-50 over a clip, as Li et al. use it on the slices of a CT (COVNet, Radiology 2020).

    RGB frames of values 0 to 255, (n, frames, side, side, 3), to softmax scores (n, 3). ResNet-50's
    23,587,712 parameters and 6,147 of the classifier, from random weights. A clip that is too
    short may repeat frames, which does not change the maximum. Weights are independent of the
    number of frames.

    Args:
        side: of the square frames in pixels, at least 32.
        frames: in each clip.
    """
    inputs = keras.Input((frames, side, side, 3), name="clip")
    backbone = keras.applications.ResNet50(
        include_top=False, weights=None, input_shape=(side, side, 3), pooling="avg"
    )
    x = keras.ops.reshape(inputs, (-1, side, side, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(x)
    x = shorten_batch_norm_memory(backbone)(x)
    x = keras.ops.max(keras.ops.reshape(x, (-1, frames, _FEATURES)), axis=1)
    x = keras.layers.Dense(len(CLASSES), activation="softmax", name="output")(x)
    return keras.Model(inputs, x, name="covnet")
