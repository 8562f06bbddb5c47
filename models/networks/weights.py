"""A network's weights by name, to be kept, shipped and put back."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def to_numpy(variable: Any) -> Array:
    """A variable's value as an array of its own, whatever the backend."""
    # Not ascontiguousarray: a single number must stay one.
    return np.array(variable.numpy(), order="C")


def get_weights(model: keras.Model) -> dict[str, Array]:
    """A network's weights by `layer/variable`."""
    return {
        f"{layer.name}/{variable.name}": to_numpy(variable)
        for layer in model.layers
        for variable in layer.weights
    }


def set_weights(model: keras.Model, weights: dict[str, Array]) -> None:
    """Put weights, named as `get_weights` names them, into a network.

    Raises:
        ValueError: a name that the network does not have, or another shape.
    """
    slots = {
        f"{layer.name}/{variable.name}": variable
        for layer in model.layers
        for variable in layer.weights
    }
    for name, value in weights.items():
        if name not in slots:
            raise ValueError(f"{model.name} has no weight {name!r}; it has {sorted(slots)}")
        if tuple(slots[name].shape) != value.shape:
            raise ValueError(
                f"{name} must have shape {tuple(slots[name].shape)}, got {value.shape}"
            )
        slots[name].assign(value.astype(np.float32))
