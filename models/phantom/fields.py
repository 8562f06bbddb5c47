"""Random fields for drawings: smooth curves, smooth fields, and speckle from a stock.

White noise and speckle are made once, from a fixed seed. A drawing takes shifted, mirrored pieces
of them, which is some twenty times cheaper than filtering noise anew for every field.
"""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

Grid = npt.NDArray[np.float32]
"""A field on the polar grid (depths, lines), or a curve over one of its axes."""

_SEED = 20_200_426
_SIDE = 512
"""Side of the stock of white noise: small enough to stay in a processor's cache."""

_SPECKLE_DEPTHS, _SPECKLE_LINES = 320, 224
AXIAL_SIZES = (0.4, 0.65, 0.95)
LATERAL_SIZES = (0.8, 1.2, 1.8, 2.6)
"""Standard deviations of the point spread, in cells of the polar grid."""


@cache
def _white() -> Grid:
    """White noise of unit variance, (512, 512)."""
    return np.random.default_rng(_SEED).standard_normal((_SIDE, _SIDE), dtype=np.float32)


@cache
def _speckle(axial: int, lateral: int) -> Grid:
    """A complex Gaussian field of unit mean power, (2, depths, lines): real and imaginary part."""
    rng = np.random.default_rng((_SEED, axial, lateral))
    parts = []
    for _ in range(2):
        noise = rng.standard_normal((_SPECKLE_DEPTHS, _SPECKLE_LINES), dtype=np.float32)
        part = cv2.GaussianBlur(
            noise, (0, 0), sigmaX=LATERAL_SIZES[lateral], sigmaY=AXIAL_SIZES[axial]
        )
        parts.append(part / (part.std() * np.sqrt(2.0)))
    return np.asarray(parts, dtype=np.float32)


_TAPS = np.arange(-1, 3)
"""Knots that weigh on a place, counted from the knot before it."""

_FRACTIONS = 512


@cache
def _tap_weights() -> Grid:
    """Weights of `_TAPS` for 512 places between two knots, (512, 4).

    Gaussian weights of standard deviation 0.5, scaled so that the sum of independent knots has
    unit variance at every place.
    """
    places = (np.arange(_FRACTIONS) + 0.5) / _FRACTIONS
    weights = np.exp(-2.0 * np.square(places[:, None] - _TAPS))
    weights /= np.sqrt(np.square(weights).sum(axis=1, keepdims=True))
    return weights.astype(np.float32)


def _taps(positions: Grid) -> tuple[npt.NDArray[np.int32], Grid]:
    """The knot before each position, (n,), and the weights of `_TAPS`, (n, 4)."""
    fine = np.floor(positions * np.float32(_FRACTIONS)).astype(np.int32)
    return fine >> 9, _tap_weights()[fine & (_FRACTIONS - 1)]


def curve(rng: np.random.Generator, positions: Grid, scale: float) -> Grid:
    """A smooth random curve of unit variance over these positions.

    Args:
        rng: chooses the curve; the same state gives the same curve at any positions.
        positions: places in any unit, such as centimetres, (n,).
        scale: distance over which the curve changes, in the same unit.
    """
    start = int(rng.integers(0, _SIDE * _SIDE))
    before, weights = _taps(positions * np.float32(1 / scale))
    knots = _white().ravel()[(before[:, None] + (_TAPS + start)) % (_SIDE * _SIDE)]
    return as_grid(np.einsum("nk,nk->n", knots, weights))


def field(
    rng: np.random.Generator, depths: Grid, lines: Grid, scale_depth: float, scale_line: float
) -> Grid:
    """A smooth random field of unit variance (depths, lines) over ascending places; see `curve`."""
    start = rng.integers(0, _SIDE, 2)
    rows, down = _matrix(depths * np.float32(1 / scale_depth), int(start[0]))
    columns, across = _matrix(lines * np.float32(1 / scale_line), int(start[1]))
    return product(product(down, _white()[rows[:, None], columns]), across.T)


def _matrix(positions: Grid, start: int) -> tuple[npt.NDArray[np.int64], Grid]:
    """The knots that ascending positions need, (k,), and the weights as a matrix (n, k)."""
    before, weights = _taps(positions)
    first, last = before[0] - 1, before[-1] + 2
    matrix = np.zeros((len(positions), last - first + 1), dtype=np.float32)
    places = before[:, None] + (_TAPS - first)
    matrix[np.arange(len(positions))[:, None], places] = weights
    return (np.arange(first, last + 1) + start) % _SIDE, matrix


_NOTHING = np.empty((0, 0), dtype=np.float32)


def product(left: Grid, right: Grid) -> Grid:
    """The matrix product, in OpenCV: NumPy's library starts threads, which cost more than these."""
    return as_grid(cv2.gemm(left, right, 1.0, _NOTHING, 0.0))


def complex_speckle(
    rng: np.random.Generator, shape: tuple[int, int], axial: int, lateral: int
) -> Grid:
    """A new fully developed complex speckle field of unit mean power, (2, depths, lines).

    The echo of many scatterers within one resolution cell is a complex Gaussian (Wagner, Smith,
    Sandrik and Lopez, IEEE Trans. Sonics Ultrason. 30, 1983). The sum of two independent pieces
    of the stock is such a field again, and hardly ever the same one.

    Args:
        rng: chooses the pieces.
        shape: depths and lines, at most 320 and 224.
        axial: index into `AXIAL_SIZES`.
        lateral: index into `LATERAL_SIZES`.
    """
    stock = _speckle(axial, lateral)
    pieces = []
    for _ in range(2):
        top = int(rng.integers(0, stock.shape[1] - shape[0] + 1))
        left = int(rng.integers(0, stock.shape[2] - shape[1] + 1))
        pieces.append(stock[:, top : top + shape[0], left : left + shape[1]])
    return (pieces[0] + pieces[1][:, ::-1]) * np.float32(np.sqrt(0.5))


def magnitude(speckle: Grid) -> Grid:
    """The envelope of a complex speckle field, (depths, lines), of unit mean (Rayleigh)."""
    return as_grid(cv2.magnitude(speckle[0], speckle[1]) * np.float32(2.0 / np.sqrt(np.pi)))


def white_noise(rng: np.random.Generator, height: int, width: int) -> Grid:
    """White noise of unit variance, (height, width); from the stock where it is large enough."""
    if max(height, width) > _SIDE:
        return rng.standard_normal((height, width), dtype=np.float32)
    top = int(rng.integers(0, _SIDE - height + 1))
    left = int(rng.integers(0, _SIDE - width + 1))
    return _white()[top : top + height, left : left + width]


def as_grid(array: npt.ArrayLike) -> Grid:
    """The array in single precision; not copied if it has that already."""
    return np.asarray(array, dtype=np.float32)


def step(distance: Grid, width: float) -> Grid:
    """0 well below zero, 1 well above it, linear over `width` in between."""
    rising = distance * np.float32(1.0 / width) + np.float32(0.5)
    return as_grid(np.minimum(np.maximum(rising, 0), 1))


def ridge(distance: Grid, width: float) -> Grid:
    """A Gaussian of unit height and this standard deviation."""
    return fading(np.square(distance) * np.float32(0.5 / width**2))


def fading(exponent: Grid) -> Grid:
    """exp(-exponent), and 1e-11 at the least.

    Denormal numbers, which a Gaussian has in its tails, take a processor a hundred times longer.
    """
    return as_grid(np.exp(-np.minimum(exponent, np.float32(25))))
