"""From 16 bits for each point to 8, by the bits that are used.

Scanners write 10, 12 or 14 bits into 16: taken as 16 they would be nearly black. Nothing in PNG or
TIFF says reliably how many are meant, so the brightest point of the whole recording tells.
"""

import numpy as np
import numpy.typing as npt

from models.media.square import Picture

Pixels16 = npt.NDArray[np.uint16]

_DEPTHS = (8, 10, 12, 14, 16)


def bits_used(brightest: int) -> int:
    """The usual depth, 8 to 16 bits, that holds the brightest value (0 to 65535)."""
    return next(bits for bits in _DEPTHS if brightest < 1 << bits)


def to_eight_bits(deep: Pixels16, bits: int) -> Picture:
    """The upper 8 of so many bits; values of any shape, each below 2 to the power of `bits`."""
    return np.asarray(deep >> (bits - 8), dtype=np.uint8)
