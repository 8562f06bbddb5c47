"""What the networks say of a batch of frames, before anything is concluded from it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Signs:
    """Probabilities, 0 to 1, for n frames.

    `maps` (n, 14, 14, k): of each sign at each place; `whole` (n, m): of each sign anywhere.
    """

    maps: npt.NDArray[np.float32]
    whole: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the networks say of n frames.

    Attributes:
        softmax: each POCOVID-Net's scores (models, n, 3).
        signs: what the sign network says; None where the artifact has none.
        cams: Grad-CAM of each class (n, 3, 14, 14), the mean over the models, 0 to 1: a frame's
            strongest place of all classes is 1. None where nobody asked for it.
        coloured: share of each frame (n,) that is in colour, 0 to 1, see `models.media.colour`; the
            networks see grey. None where nobody looked.
    """

    softmax: npt.NDArray[np.float32]
    signs: Signs | None = None
    cams: npt.NDArray[np.float32] | None = None
    coloured: npt.NDArray[np.float64] | None = None
