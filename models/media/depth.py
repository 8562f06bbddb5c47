"""Conversion from 16 bits per value to 8, by the number of bits in use.

Scanners store 10, 12 or 14 bits in 16; read as 16 they would be nearly black. PNG and TIFF do not
record the depth reliably, so it is inferred from the brightest value of the whole recording.
"""

import numpy as np
import numpy.typing as npt

from models.media.square import Picture

Pixels16 = npt.NDArray[np.uint16]

_DEPTHS = (8, 10, 12, 14, 16)


def bits_used(brightest: int) -> int:
    """The smallest usual depth (8, 10, 12, 14 or 16 bits) that holds this value, 0 to 65535."""
    return next(bits for bits in _DEPTHS if brightest < 1 << bits)


def to_eight_bits(deep: Pixels16, bits: int) -> Picture:
    """The upper 8 of `bits` bits; an array of any shape, each value below 2 ** `bits`."""
    return np.asarray(deep >> (bits - 8), dtype=np.uint8)
