"""What networks made for millions of pictures need to learn from a thousand."""

import keras

_MOMENTUM = 0.9


def shorten_batch_norm_memory(model: keras.Model) -> keras.Model:
    """Let batch normalisation's running means follow within tens of steps, and return the model.

    Made for hundreds of thousands of steps, they would still be near where they started when a
    short training ends, and answers would be noise.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    return model
