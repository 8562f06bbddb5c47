"""Contact sheets of drawings, so that people can judge them by eye."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.contract import SIGN_NAMES, SIGNS
from models.media.contact_sheet import contact_sheet
from models.media.square import Picture
from models.phantom.draw import Drawing

_CELL = 224
_COLUMNS = 8
_LETTERS = 0.33


def sheet(drawings: Sequence[Drawing], captions: Sequence[str] | None = None) -> Picture:
    """Drawings in rows of eight with a caption each, uint8 RGB.

    Args:
        drawings: at least one.
        captions: a text for each; by default the signs that it shows.

    Raises:
        ValueError: no drawing.
    """
    captions = captions or [signs_of(drawing) for drawing in drawings]
    cells = [_cell(drawing, text) for drawing, text in zip(drawings, captions, strict=True)]
    return contact_sheet(cells, len(cells), width=_CELL * _COLUMNS, columns=_COLUMNS)


def signs_of(drawing: Drawing) -> str:
    """The signs that a drawing shows, for people: `A-lines, Effusion`."""
    shown = zip(SIGNS, drawing.signs.tolist(), strict=True)
    return ", ".join(SIGN_NAMES[name] for name, present in shown if present)


def _cell(drawing: Drawing, text: str) -> Picture:
    picture = cv2.resize(drawing.picture, (_CELL, _CELL), interpolation=cv2.INTER_CUBIC)
    cell = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    place = (3, _CELL - 5)
    cv2.putText(cell, text, place, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, (255, 255, 0), 1)
    return cell
