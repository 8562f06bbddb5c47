"""From a contribution's recording to files of pixels alone: the one path of both its jobs.

Previews are made this way before anybody may approve, and drop what was encoded; de-identification
stores it. So what cannot be de-identified is never approved.
"""

from dataclasses import dataclass
from pathlib import Path

from backend.storage.base import MissingObjectError
from backend.tables import Contribution
from models.contract import Square
from models.media import reencode, sampling


@dataclass(frozen=True, slots=True)
class Pixels:
    """The whole recording, where it was encoded too, and the recording on its square."""

    whole: Path | None
    square: Path


def source_of(row: Contribution) -> tuple[str, str | None]:
    """Key and hash of the recording to read: the original, or else the de-identified copy.

    Raises:
        MissingObjectError: neither is there any more.
    """
    if row.original_key is not None:
        return row.original_key, row.sha256
    if row.whole_key is not None:
        return row.whole_key, None
    raise MissingObjectError(str(row.id))


def proposed_square(row: Contribution) -> Square:
    """The square that was found when the recording came."""
    return Square(row.square_x, row.square_y, row.square_size)


def write_pixels(
    row: Contribution,
    recording: sampling.Recording,
    part: sampling.Recording,
    square: Square,
    folder: Path,
) -> Pixels:
    """Decode every picture and encode it anew, into a folder of the caller's.

    The whole recording is encoded only from an original: the copy that was made of one stays.

    Raises:
        MediaError: a picture cannot be read, or has no such square.
    """
    whole = None
    if row.original_key is not None:
        whole = folder / "whole"
        reencode.write_full_frame(recording, whole)
    reencode.write_square(part, square, folder / "square")
    return Pixels(whole, folder / "square")
