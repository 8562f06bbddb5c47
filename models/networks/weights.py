"""A network's weights by name, for saving and loading."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def to_numpy(variable: Any) -> Array:
    """A copy of a variable's value, with any backend."""
    # Not ascontiguousarray, which turns a scalar into an array.
    return np.array(variable.numpy(), order="C")


def get_weights(model: keras.Model) -> dict[str, Array]:
    """A network's weights by `layer/variable`."""
    return {
        f"{layer.name}/{variable.name}": to_numpy(variable)
        for layer in model.layers
        for variable in layer.weights
    }


def set_weights(model: keras.Model, weights: dict[str, Array]) -> None:
    """Set weights named as in `get_weights`; others keep their values.

    Raises:
        ValueError: the network has no weight of this name, or one of another shape.
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
