"""Which DICOM objects are recordings of ultrasound, and how all others are refused by name."""

from pydicom.uid import UID

from models.media.dicom.elements import word
from models.media.dicom.header import Header
from models.media.formats import MediaError
from models.media.origin import PHOTOGRAPH, SCREEN

ULTRASOUND = {
    "1.2.840.10008.5.1.4.1.1.6.1": "Ultrasound Image Storage",
    "1.2.840.10008.5.1.4.1.1.3.1": "Ultrasound Multi-frame Image Storage",
    "1.2.840.10008.5.1.4.1.1.6": "Ultrasound Image Storage (Retired)",
    "1.2.840.10008.5.1.4.1.1.3": "Ultrasound Multi-frame Image Storage (Retired)",
}
SECONDARY_CAPTURE = {
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.3": "Multi-frame Grayscale Word Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image Storage",
}
_DIRECTORY = "1.2.840.10008.1.3.10"
_UNNAMED = ("", "US", "OT", "SC")
"""Modalities of a captured screen that may be ultrasound: itself, other, or none stated."""

_SCANNED = ("DF", "SD", "SI")
"""Conversion types of film, documents and other pictures that were put under a scanner."""

_MODALITIES = {
    "AR": "an autorefraction",
    "BMD": "a bone density measurement",
    "CR": "a computed radiograph",
    "CT": "a CT",
    "DOC": "a document",
    "DX": "a digital X-ray",
    "ECG": "an ECG",
    "EPS": "an electrophysiology recording",
    "ES": "an endoscopy",
    "GM": "a microscopy",
    "HD": "a haemodynamic recording",
    "IO": "a dental X-ray",
    "IVOCT": "an intravascular optical coherence tomogram",
    "IVUS": "an intravascular ultrasound",
    "KO": "a selection of key objects",
    "MG": "a mammogram",
    "MR": "an MR",
    "NM": "a nuclear medicine image",
    "OCT": "an optical coherence tomogram",
    "OP": "an ophthalmic photograph",
    "PR": "a presentation state",
    "PT": "a PET",
    "PX": "a panoramic X-ray",
    "RF": "a fluoroscopy",
    "RG": "a radiograph",
    "RTDOSE": "a radiotherapy dose",
    "RTIMAGE": "a radiotherapy image",
    "RTPLAN": "a radiotherapy plan",
    "RTSTRUCT": "a radiotherapy structure set",
    "SEG": "a segmentation",
    "SM": "a slide microscopy",
    "SR": "a structured report",
    "XA": "an X-ray angiogram",
    "XC": "a photograph",
}
_SEND = "Choose the ultrasound image or clip itself."


def check_object(header: Header) -> None:
    """Refuse what is no recording of ultrasound, by the name of what it is.

    Only names of the standard are quoted, never a value of the file.

    Raises:
        MediaError: `unsupported_type`; `no_frames` for an image without pixels.
    """
    class_uid = _class_uid(header)
    modality = word(header.dataset, "Modality")
    if class_uid == _DIRECTORY or "DirectoryRecordSequence" in header.dataset:
        raise MediaError(
            "unsupported_type",
            "This is a DICOMDIR, the table of contents of a disc: choose the image files that lie "
            "beside it.",
        )
    known = class_uid in ULTRASOUND or (class_uid in SECONDARY_CAPTURE and modality in _UNNAMED)
    if not known and not (class_uid == "" and modality == "US"):
        raise MediaError(
            "unsupported_type",
            f"This DICOM file holds {_name(class_uid, modality)}, not ultrasound. {_SEND}",
        )
    if header.pixels is None:
        raise MediaError(
            "no_frames",
            "This DICOM file says that it is an image, but holds no pixels. Export it again.",
        )


def notes_of_capture(header: Header) -> tuple[str, ...]:
    """Notes on how a Secondary Capture came to be, by its Conversion Type (PS3.3, C.8.6.1)."""
    if _class_uid(header) not in SECONDARY_CAPTURE:
        return ()
    return (PHOTOGRAPH,) if word(header.dataset, "ConversionType") in _SCANNED else (SCREEN,)


def _class_uid(header: Header) -> str:
    meta = header.dataset.file_meta
    return str(header.dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "")


def _name(class_uid: str, modality: str) -> str:
    """What an object is, in words of the standard."""
    captured = class_uid in SECONDARY_CAPTURE
    if captured and modality in _MODALITIES:
        return f"a screen captured from {_MODALITIES[modality]} ({modality})"
    # The name of a UID that the standard does not know is the UID itself.
    named = UID(class_uid).name
    if named != class_uid:
        named = named.replace(" (Retired)", "").removesuffix(" Storage")
        by_modality = _MODALITIES.get(modality)
        return f"{by_modality} ({named})" if by_modality else f"an object of another kind ({named})"
    if modality in _MODALITIES:
        return f"{_MODALITIES[modality]} ({modality})"
    return "an object of a kind that is not known here"
