"""What the node accepts from a machine: SOP classes and transfer syntaxes, as its associations say.

The order of the transfer syntaxes is that of preference: of those that a machine offers for one
presentation context, the node takes the first of this list, so that nothing is decompressed or
compressed again on the way.
"""

from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made when imported

ULTRASOUND: dict[str, str] = {
    "1.2.840.10008.5.1.4.1.1.6.1": "Ultrasound Image Storage",
    "1.2.840.10008.5.1.4.1.1.3.1": "Ultrasound Multi-frame Image Storage",
    "1.2.840.10008.5.1.4.1.1.6": "Ultrasound Image Storage (Retired)",
    "1.2.840.10008.5.1.4.1.1.3": "Ultrasound Multi-frame Image Storage (Retired)",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.3": "Multi-frame Grayscale Word Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image Storage",
}
"""SOP classes (PS3.4, table B.5-1) by their UIDs."""

TRANSFER_SYNTAXES: dict[str, str] = {
    "1.2.840.10008.1.2.4.102": "MPEG-4 AVC/H.264 High Profile, Level 4.1",
    "1.2.840.10008.1.2.4.103": "MPEG-4 AVC/H.264 BD-compatible High Profile, Level 4.1",
    "1.2.840.10008.1.2.4.104": "MPEG-4 AVC/H.264 High Profile, Level 4.2 for 2D Video",
    "1.2.840.10008.1.2.4.105": "MPEG-4 AVC/H.264 High Profile, Level 4.2 for 3D Video",
    "1.2.840.10008.1.2.4.106": "MPEG-4 AVC/H.264 Stereo High Profile, Level 4.2",
    "1.2.840.10008.1.2.4.107": "HEVC/H.265 Main Profile, Level 5.1",
    "1.2.840.10008.1.2.4.108": "HEVC/H.265 Main 10 Profile, Level 5.1",
    "1.2.840.10008.1.2.4.100": "MPEG-2 Main Profile, Main Level",
    "1.2.840.10008.1.2.4.101": "MPEG-2 Main Profile, High Level",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline (Process 1)",
    "1.2.840.10008.1.2.4.51": "JPEG Extended (Processes 2 and 4)",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless (Process 14)",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless (Process 14, Selection Value 1)",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near-Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.5": "RLE Lossless",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
}
"""Transfer syntaxes (PS3.5, chapter 10 and annex A) by their UIDs."""


def contexts() -> list[PresentationContext]:
    """The presentation contexts that an association may have: C-ECHO, and each of the above."""
    made = [_context(str(Verification), ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])]
    return made + [_context(sop_class, list(TRANSFER_SYNTAXES)) for sop_class in ULTRASOUND]


def _context(abstract: str, transfer: list[str]) -> PresentationContext:
    context = PresentationContext()
    context.abstract_syntax = abstract
    context.transfer_syntax = transfer  # type: ignore[assignment]  # its setter takes texts
    return context
