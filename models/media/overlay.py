"""Maps over a frame: as one small grey picture for storage, and in colour for people.

The stored picture is a PNG, 14 wide and 140 high: the maps of `SIGN_MAPS`, then Grad-CAM of each of
`CLASSES`, one below the other; 0 to 255 stands for 0 to 1.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from models.contract import (
    CAM_COLOUR,
    CLASS_NAMES,
    CLASSES,
    MAP_COLOURS,
    MAP_NAMES,
    SIGN_MAPS,
    SIGN_PLACES,
)
from models.media.contact_sheet import contact_sheet
from models.media.square import Picture

MAPS = (*SIGN_MAPS, *CLASSES)
"""Keys of the maps, in the order of the stored picture."""

LAYER_SIDE = 512
"""Side in pixels of a layer over a frame."""

Grey = npt.NDArray[np.uint8]

_SHAPE = (len(MAPS) * SIGN_PLACES, SIGN_PLACES)
_CELL = 320
_COLUMNS = 4
_LETTERS = 0.5
_CAPTION = 26
_OPACITY = 0.6


def to_grey(signs: npt.NDArray[np.float32] | None, cams: npt.NDArray[np.float32] | None) -> Grey:
    """A frame's maps (10, 14, 14), 0 to 255.

    Args:
        signs: the sign network's maps (14, 14, 7), 0 to 1; None for none, which is 0 everywhere.
        cams: Grad-CAM of each class (3, 14, 14), 0 to 1; None for none.
    """
    maps = np.zeros((len(MAPS), SIGN_PLACES, SIGN_PLACES), dtype=np.float32)
    if signs is not None:
        maps[: len(SIGN_MAPS)] = signs.transpose(2, 0, 1)
    if cams is not None:
        maps[len(SIGN_MAPS) :] = cams
    grey: Grey = np.rint(255 * np.clip(maps, 0, 1)).astype(np.uint8)
    return grey


def encode(maps: Grey) -> bytes:
    """A frame's maps (10, 14, 14) as the stored picture."""
    if maps.dtype != np.uint8 or maps.shape != (len(MAPS), SIGN_PLACES, SIGN_PLACES):
        raise ValueError(
            f"expected uint8 maps of shape {(len(MAPS), SIGN_PLACES, SIGN_PLACES)}, "
            f"got {maps.dtype} {maps.shape}"
        )
    return _png(maps.reshape(_SHAPE))


def decode(content: bytes) -> Grey:
    """The maps (10, 14, 14) of a stored picture.

    Raises:
        ValueError: it is not such a picture.
    """
    picture = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint8 or picture.shape != _SHAPE:
        raise ValueError(
            f"expected a grey picture of {_SHAPE[1]} by {_SHAPE[0]} pixels, "
            f"got {'none' if picture is None else picture.shape}"
        )
    return np.asarray(picture, dtype=np.uint8).reshape(len(MAPS), SIGN_PLACES, SIGN_PLACES)


def without_cams(maps: Grey) -> Grey:
    """The same maps (10, 14, 14), black where Grad-CAM would tell of the class."""
    found = maps.copy()
    found[len(SIGN_MAPS) :] = 0
    return found


def layer_png(maps: Grey, key: str, side: int = LAYER_SIDE) -> bytes:
    """One map as a coloured, transparent PNG of this side, to lay over its frame.

    Raises:
        KeyError: there is no such map, see `MAPS`.
    """
    if key not in MAPS:
        raise KeyError(f"expected one of {', '.join(MAPS)}, got {key!r}")
    layer = np.empty((side, side, 4), dtype=np.uint8)
    layer[..., :3] = _colour(key)
    layer[..., 3] = _enlarged(maps[MAPS.index(key)], (side, side))
    return _png(np.asarray(cv2.cvtColor(layer, cv2.COLOR_RGBA2BGRA), dtype=np.uint8))


def drawn_over(frame: Picture, maps: Grey, key: str, opacity: float = _OPACITY) -> Picture:
    """A frame (h, w, 3), uint8 RGB, with one of its maps over it in its colour."""
    height, width = frame.shape[:2]
    values = _enlarged(maps[MAPS.index(key)], (width, height)).astype(np.float32) / 255
    weight = opacity * values[..., None]
    mixed = frame * (1 - weight) + np.array(_colour(key), dtype=np.float32) * weight
    return np.rint(mixed).astype(np.uint8)


def all_drawn_over(
    frame: Picture, maps: Grey, keys: Sequence[str], opacity: float = _OPACITY
) -> Picture:
    """A frame (h, w, 3), uint8 RGB, with several maps over it at once.

    A place has the mean of the maps' colours, each as strong as its map, and is covered as much as
    the strongest of them says.
    """
    height, width = frame.shape[:2]
    values = np.stack([_enlarged(maps[MAPS.index(key)], (width, height)) for key in keys], axis=-1)
    shares = values.astype(np.float32) / np.maximum(values.sum(axis=-1, keepdims=True), 1)
    colours = shares @ np.array([_colour(key) for key in keys], dtype=np.float32)
    weight = opacity * values.max(axis=-1, keepdims=True).astype(np.float32) / 255
    mixed: Picture = np.rint(frame * (1 - weight) + colours * weight).astype(np.uint8)
    return mixed


def overlay_sheet(frame: Picture, maps: Grey, keys: Sequence[str] = MAPS) -> Picture:
    """A square frame, and with each of these maps over it, in one picture with captions."""
    small = np.asarray(cv2.resize(frame, (_CELL, _CELL), interpolation=cv2.INTER_AREA), np.uint8)
    cells = [small, *(_captioned(drawn_over(small, maps, key), key) for key in keys)]
    return contact_sheet(cells, len(cells), width=_CELL * _COLUMNS, columns=_COLUMNS)


def _captioned(cell: Picture, key: str) -> Picture:
    text = MAP_NAMES[key] if key in MAP_NAMES else f"Grad-CAM: {CLASS_NAMES[key]}"
    place = (6, _CELL - 8)
    cell[-_CAPTION:] //= 4  # dark, so that letters of every colour can be read
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(cell, text, place, font, _LETTERS, _colour(key), 1, cv2.LINE_AA)
    return cell


def _colour(key: str) -> Sequence[int]:
    """Red, green and blue, 0 to 255."""
    digits = MAP_COLOURS.get(key, CAM_COLOUR).removeprefix("#")
    return tuple(bytes.fromhex(digits))


def _enlarged(values: Grey, size: tuple[int, int]) -> Grey:
    """A map, smooth between its places: (width, height) pixels."""
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    is_written, content = cv2.imencode(".png", picture)
    if not is_written:
        raise ValueError(f"a picture of shape {picture.shape} could not be written as PNG")
    return content.tobytes()
