"""How much of a picture is in colour, as colour Doppler and photographs are."""

import cv2
import numpy as np
import numpy.typing as npt

from models.media.square import Picture

_SIDE = 112
_BANDS = 8
"""Of lightness. A machine may tint its greys, dark ones less than light ones."""

_FEWEST = 20
"""Pixels of a band from which its tint can be told; smaller ones are compared with grey."""

_FAR = 18.0
"""Distance from a band's tint in the a and b of CIELAB (8 bits: 128 is grey), beyond which a pixel
is in colour. Compression alone moves few pixels so far."""

_DARK = 32
"""Lightness (8 bits) below which a pixel is too dark to show the picture's tint."""


def coloured_share(picture: Picture) -> float:
    """The share of a picture's pixels, 0 to 1, that are in another colour than its greys.

    One tint of the whole picture is no colour in this sense, since ultrasound machines offer brown,
    blue or green maps for their greys.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    lightness = lab[:, 0].astype(np.int64)
    colour = lab[:, 1:].astype(np.float64) - 128
    hue = _hue(colour[lightness >= _DARK])
    band = lightness * _BANDS // 256
    coloured = 0
    for n in range(_BANDS):
        members = colour[band == n]
        depth = max(0.0, float(np.median(members @ hue))) if len(members) >= _FEWEST else 0.0
        coloured += int((np.hypot(*(members - depth * hue).T) > _FAR).sum())
    return coloured / len(lab)


def _hue(colour: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The direction (2,) of a picture's tint in a and b, of length 1; (0, 0) where it has none."""
    if len(colour) < _FEWEST:
        return np.zeros(2)
    tint = np.median(colour, axis=0)
    length = float(np.hypot(*tint))
    return tint / length if length >= 1 else np.zeros(2)
