"""What an answer takes from the instance that it is about: patient, study, identifiers, frames.

It is read from the stored file whenever an answer is written, and kept nowhere else.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from pydicom import config, uid
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.valuerep import validate_value

from models.media import sampling
from models.media.dicom.bounded import quiet
from models.media.dicom.header import read_header
from models.media.formats import MediaError

CHARACTER_SET = "ISO_IR 192"
"""UTF-8, in which every text of a source can be written."""

_NAMESPACE = UUID("5f0d7a0e-6c52-4f0e-9d0b-6d3f7f1a2c41")
"""Of the UIDs that are made here."""

_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_TEXTS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""Elements of the patient's and the study's module that a new instance of the study repeats."""

_SEXES = ("M", "F", "O")


@dataclass(frozen=True, slots=True)
class Source:
    """An instance that an answer refers to.

    `evidence` holds its patient, study and identifiers, `number` is its Instance Number, and
    `frames` are the numbers, from 1, of those frames that were screened, in their order; none
    for an instance of a single frame.
    """

    evidence: Dataset
    number: int
    frames: tuple[int, ...]

    @property
    def study(self) -> str:
        """Its Study Instance UID."""
        return str(self.evidence.StudyInstanceUID)


def read_source(path: Path) -> Source:
    """Read the stored file of a recording that is DICOM.

    Raises:
        MediaError: it cannot be read, or lacks one of the UIDs by which it can be referred to.
    """
    header = read_header(path)
    evidence = Dataset()
    with quiet():
        for keyword in _UIDS:
            value = str(header.dataset.get(keyword, "") or "")
            if not uid.UID(value).is_valid:
                raise MediaError("unreadable_file", f"This DICOM instance has no valid {keyword}.")
            setattr(evidence, keyword, value)
        for keyword in _TEXTS:
            setattr(evidence, keyword, _valid(header.dataset, keyword))
        if evidence.PatientSex not in _SEXES:
            evidence.PatientSex = ""
        number = _whole(header.dataset, "InstanceNumber", 1)
        several = _whole(header.dataset, "NumberOfFrames", 1) > 1
    evidence.SpecificCharacterSet = CHARACTER_SET
    sampled = sampling.Recording.open(path).sampled() if several else []
    return Source(evidence, number, tuple(index + 1 for index in sampled))


def _valid(dataset: Dataset, keyword: str) -> str:
    """The text of an element, or none where it breaks the rules of its kind (PS3.5, table 6.2-1).

    What a machine has put there may be written into no new instance.
    """
    text = str(dataset.get(keyword, "") or "").strip()
    try:
        validate_value(dictionary_VR(keyword), text, config.RAISE)
        text.encode()
    except ValueError:
        return ""
    return text


def _whole(dataset: Dataset, keyword: str, otherwise: int) -> int:
    try:
        found = int(str(dataset.get(keyword, "") or otherwise))
    except ValueError:
        return otherwise
    return found if 0 < found < 1 << 31 else otherwise


def make_uid(*parts: object) -> str:
    """A UID that is always the same for the same parts (PS3.5, annex B.2)."""
    return f"2.25.{uuid5(_NAMESPACE, '/'.join(map(str, parts))).int}"
