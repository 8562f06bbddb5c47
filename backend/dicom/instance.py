"""One instance as it was sent: its identifiers and the digest of its data set, nothing of a person.

A sender's file meta information, and ours around a data set that came by C-STORE, differ from one
transfer to the next while the data set stays the same: the digest leaves them out.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from models.media.dicom.bounded import quiet
from models.media.dicom.header import read_header
from models.media.formats import MediaError

_PREAMBLE = 128
_GROUP_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"
_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The UIDs of an instance, of its SOP class, its study and its series, and its encoding's."""

    sop_instance: str
    sop_class: str
    study: str
    series: str
    transfer_syntax: str


def read_identifiers(path: Path) -> Identifiers:
    """The identifiers in the header of a DICOM file.

    Raises:
        MediaError: `unreadable_file` where the header cannot be read or lacks one of them,
            `truncated_file`; the message quotes nothing of the header.
    """
    header = read_header(path)
    with quiet():
        return Identifiers(
            sop_instance=_uid(header.dataset, "SOPInstanceUID"),
            sop_class=_uid(header.dataset, "SOPClassUID"),
            study=_uid(header.dataset, "StudyInstanceUID"),
            series=_uid(header.dataset, "SeriesInstanceUID"),
            transfer_syntax=str(header.transfer_syntax),
        )


def _uid(dataset: Dataset, keyword: str) -> str:
    """The value of an element that holds one UID (PS3.5, section 9.1)."""
    found = str(dataset.get(keyword, "") or "")
    if not _UID.fullmatch(found):
        raise MediaError(
            "unreadable_file",
            f"This DICOM instance has no valid {keyword}, by which it would be known.",
        )
    return found


def data_set_sha256(path: Path) -> str:
    """The SHA-256, in hexadecimal, of a DICOM file without its preamble and group 0002.

    Of a file that does not begin with both as PS3.10, section 7.1, has them, it is that of the
    whole file.

    Raises:
        OSError: the system does not let the file be read.
    """
    with path.open("rb") as file:
        head = file.read(_PREAMBLE + 4 + len(_GROUP_LENGTH) + 4)
        begins = head[_PREAMBLE + 4 :]
        if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM" and begins.startswith(_GROUP_LENGTH):
            length = int.from_bytes(begins[len(_GROUP_LENGTH) :], "little")
            file.seek(len(head) + length)
        else:
            file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()
