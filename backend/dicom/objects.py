"""The objects of an answer, which a peer is sent: the structured report and the picture."""

from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset

from backend.dicom.answer import Answer
from backend.dicom.picture import make_picture
from backend.dicom.report import make_report
from backend.dicom.source import Source, read_source
from models.media import sampling

DICOM = "dicom"
"""The format of a recording that came as DICOM (`models.media.formats`)."""


def report_of(path: Path, answer: Answer) -> Dataset:
    """The report alone.

    Args:
        path: the stored file of the recording, which is DICOM.
        answer: what was found.

    Raises:
        MediaError: the file cannot be read, or has no UIDs to refer to.
    """
    return make_report(read_source(path), answer)


def objects_of(path: Path, answer: Answer) -> list[Dataset]:
    """The report and the picture.

    Args:
        path: the stored file of the recording, which is DICOM.
        answer: what was found.

    Raises:
        MediaError: the file cannot be read or decoded, or has no UIDs to refer to.
    """
    source = read_source(path)
    return [make_report(source, answer), _picture(path, source, answer)]


def _picture(path: Path, source: Source, answer: Answer) -> Dataset:
    frames = sampling.Recording.open(path).frames(answer.square)
    return make_picture(source, answer, next(frames).pixels)


def to_bytes(instance: Dataset) -> bytes:
    """An instance as a file of PS3.10."""
    file = BytesIO()
    instance.save_as(file, enforce_file_format=True)
    return file.getvalue()
