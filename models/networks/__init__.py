"""The networks in Keras, a build function for each, and access to their weights.

Independent of the Keras backend: TensorFlow by default, PyTorch or JAX through KERAS_BACKEND.
"""

from models.networks.covidnet import covidnet
from models.networks.covnet import covnet
from models.networks.nasnet import nasnetmobile
from models.networks.pocovidnet import (
    FEATURE_SHAPE,
    MEAN_BGR,
    head,
    pocovidnet,
    preprocess,
    trunk,
)
from models.networks.temporal import temporal
from models.networks.weights import Array, get_weights, set_weights, to_numpy

__all__ = [
    "FEATURE_SHAPE",
    "MEAN_BGR",
    "Array",
    "covidnet",
    "covnet",
    "get_weights",
    "head",
    "nasnetmobile",
    "pocovidnet",
    "preprocess",
    "set_weights",
    "temporal",
    "to_numpy",
    "trunk",
]
