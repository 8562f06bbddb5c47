"""From a contribution's recording to files of pixels alone: the one path of both its jobs.

Making the previews runs this as a trial and discards the files; de-identification stores them.
A recording that cannot be de-identified can therefore never be approved.
"""

from dataclasses import dataclass
from pathlib import Path

from backend.storage.base import MissingObjectError
from backend.tables import Contribution
from models.contract import Square
from models.media import reencode, sampling


@dataclass(frozen=True, slots=True)
class Pixels:
    """Files of the full frame, None where it was not encoded, and of the square."""

    full_frame: Path | None
    square: Path


def source_of(row: Contribution) -> tuple[str, str | None]:
    """Key and hash of the recording to read: the original, or else the de-identified copy.

    Raises:
        MissingObjectError: neither is there any more.
    """
    if row.original_key is not None:
        return row.original_key, row.sha256
    if row.deidentified_key is not None:
        return row.deidentified_key, None
    raise MissingObjectError(str(row.id))


def proposed_square(row: Contribution) -> Square:
    """The square that was proposed when the recording was imported."""
    return Square(row.square_x, row.square_y, row.square_size)


def write_pixels(
    row: Contribution,
    recording: sampling.Recording,
    part: sampling.Recording,
    square: Square,
    folder: Path,
) -> Pixels:
    """Decode every picture and re-encode it, into a folder of the caller's.

    The full frame is encoded only from the original: a de-identified copy is kept as it is.

    Raises:
        MediaError: a picture cannot be read, or has no such square.
    """
    full_frame = None
    if row.original_key is not None:
        full_frame = folder / "full_frame"
        reencode.write_full_frame(recording, full_frame)
    reencode.write_square(part, square, folder / "square")
    return Pixels(full_frame, folder / "square")
