"""NASNetMobile of Zoph et al., as implemented in Keras."""

import keras

from models.contract import CLASSES
from models.networks.batch_norm import shorten_batch_norm_memory


def nasnetmobile(side: int) -> keras.Model:
    """NASNetMobile: RGB frames of values 0 to 255, (n, side, side, 3), to softmax scores (n, 3).

    Keras's 4,269,716 parameters and 3,171 of the classifier, from random weights.

    Args:
        side: of the square frames in pixels, at least 32.
    """
    inputs = keras.Input((side, side, 3), name="frame")
    backbone = keras.applications.NASNetMobile(
        include_top=False, weights=None, input_shape=(side, side, 3), pooling="avg"
    )
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(inputs)
    x = shorten_batch_norm_memory(backbone)(x)
    x = keras.layers.Dense(len(CLASSES), activation="softmax", name="output")(x)
    return keras.Model(inputs, x, name="nasnetmobile")
