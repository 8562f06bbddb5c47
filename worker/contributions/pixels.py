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
from models.media.dicom.header import no_quotation, read_header
from models.media.dicom.identity import identity
from models.media.masking import TextBox, is_masked
from models.media.text.search import find_text


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


def text_in(path: Path, recording: sampling.Recording) -> list[TextBox]:
    """Where text is burned into a recording, for one that was imported before it was looked for.

    Raises:
        MediaError: it cannot be decoded.
    """
    known: list[str] = []
    if recording.format.name == "dicom":
        header = read_header(path)
        with no_quotation():
            known = identity(header.dataset)
    return find_text(recording, known)


def masks(row: Contribution, square: Square) -> list[TextBox]:
    """The boxes of text that are painted black in what is kept of this square."""
    return [box for box in row.text_boxes or () if is_masked(box, square)]


def write_pixels(
    row: Contribution,
    recording: sampling.Recording,
    part: sampling.Recording,
    square: Square,
    folder: Path,
) -> Pixels:
    """Decode every picture and re-encode it, into a folder of the caller's.

    Text is black in both files, as was decided or where nobody did (`is_masked`); the full frame is
    black outside the proposed and this square. It is encoded only from the original: a
    de-identified copy is kept as it is.

    Raises:
        MediaError: a picture cannot be read, or has no such square.
    """
    full_frame = None
    if row.original_key is not None:
        full_frame = folder / "full_frame"
        fields = (proposed_square(row), square)
        reencode.write_full_frame(recording.covered(masks(row, square), fields), full_frame)
    reencode.write_square(part.covered(masks(row, square)), square, folder / "square")
    return Pixels(full_frame, folder / "square")
