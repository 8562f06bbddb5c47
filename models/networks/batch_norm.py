"""Batch normalisation for short trainings."""

import keras

_MOMENTUM = 0.9


def shorten_batch_norm_memory(model: keras.Model) -> keras.Model:
    """Lower the momentum of batch normalisation's running statistics, and return the model.

    With the default for hundreds of thousands of steps, the statistics would still be close to
    their initial values after a short training, and predictions would be noise.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    return model
