"""Looking for burned-in text in a recording: a few pictures of it tell of all."""

from collections.abc import Collection, Sequence

import numpy as np

from models.media.masking import TextBox
from models.media.sampling import Recording
from models.media.square import Picture
from models.media.text.names import is_name_like
from models.media.text.reader import Line, read_lines

MOST_BOXES = 100
"""Boxes that are kept of one recording: those that may name a person first, then the largest."""

_STILL_FRAMES = 8
_MARGIN = 0.2
"""Of a line's height, added on each side, so that no edge of a letter stays."""

_SAME_SHARE = 0.5
"""Boxes that share more of the smaller one's area are one."""


def find_text(recording: Recording, known: Collection[str] = ()) -> list[TextBox]:
    """Where text stands in a recording; takes about a second.

    Looked at are the darkest value of every pixel over the recording, in which the moving picture
    fades and lettering stays, and the first and the last sampled frame, which may be titles.

    Args:
        recording: opened, whole.
        known: names and numbers of the patient from the file's header, searched for as well; they
            are forgotten afterwards, as is what was read.

    Raises:
        MediaError: it cannot be decoded.
    """
    pictures = _pictures(recording)
    if not pictures:
        return []
    height, width = pictures[0].shape[:2]
    boxes: list[TextBox] = []
    for place, picture in enumerate(pictures):
        for line in read_lines(picture, closely=place == 0):
            box = _box(line, width, height, is_name_like=is_name_like(line.text, known))
            boxes = _joined(boxes, box)
    boxes.sort(key=lambda box: (not box.name_like, -box.width * box.height))
    return sorted(boxes[:MOST_BOXES], key=lambda box: (box.y, box.x))


def _pictures(recording: Recording) -> list[Picture]:
    """The pictures to look at, of one size."""
    places = recording.sampled()
    step = max(1, len(places) // _STILL_FRAMES)
    wanted = sorted({*places[::step], places[-1]})
    frames = list(recording.source.read(wanted))
    if len(frames) < 2:
        return frames
    return [np.min(frames, axis=0), frames[0], frames[-1]]


def _box(line: Line, width: int, height: int, *, is_name_like: bool) -> TextBox:
    margin = max(2, round(_MARGIN * min(line.height, line.width)))
    left, top = max(0, line.x - margin), max(0, line.y - margin)
    right = min(width, line.x + line.width + margin)
    bottom = min(height, line.y + line.height + margin)
    return TextBox(left, top, right - left, bottom - top, is_name_like)


def _joined(boxes: Sequence[TextBox], box: TextBox) -> list[TextBox]:
    """The boxes with one more, which takes up those that it shares most with."""
    apart = []
    for other in boxes:
        if _shared(box, other) <= _SAME_SHARE:
            apart.append(other)
            continue
        left, top = min(box.x, other.x), min(box.y, other.y)
        right = max(box.x + box.width, other.x + other.width)
        bottom = max(box.y + box.height, other.y + other.height)
        named = box.name_like or other.name_like
        box = TextBox(left, top, right - left, bottom - top, named)
    return [*apart, box]


def _shared(one: TextBox, other: TextBox) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(one.width * one.height, other.width * other.height)
