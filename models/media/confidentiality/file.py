"""A DICOM file of ultrasound, de-identified as a whole: header, pixels and what lies between."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import RLELossless

from models.atomic_files import atomic_replace
from models.contract import Square
from models.media import limits
from models.media.confidentiality.header import Deidentifier
from models.media.dicom.elements import items, whole
from models.media.dicom.header import no_quotation, read_header
from models.media.dicom.identity import identity
from models.media.formats import MediaError
from models.media.masking import TextBox, is_inside
from models.media.sampling import Picture, Recording
from models.media.text.search import find_text

_STALE = (
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "ICCProfile",
    "ColorSpace",
    "LargestImagePixelValue",
    "LargestPixelValueInSeries",
    "ModalityLUTSequence",
    "PaletteColorLookupTableUID",
    "PixelAspectRatio",
    "PixelPaddingRangeLimit",
    "PixelPaddingValue",
    "PlanarConfiguration",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "SmallestImagePixelValue",
    "SmallestPixelValueInSeries",
    "VOILUTFunction",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
)
"""What describes pixels as they were stored, and is wrong of those written here."""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """What was written: frames, and how many boxes of text inside the field are black."""

    sop_instance_uid: str
    frames: int
    masked: int


def deidentify_file(source: Path, target: Path, by: Deidentifier) -> Deidentified:
    """Write a de-identified copy of a DICOM file; the target is there whole or not at all.

    The pictures are decoded and written anew, 8 bits deep and without loss (RLE), so that nothing
    is left between them, such as a comment of a JPEG. Everything outside the ultrasound regions is
    black, or outside the proposed square where the file has no regions; inside it, so is text that
    may name a person.

    Raises:
        MediaError: see `models.media.sources.open_source`; `too_long` where the frames are more
            than `LIMITS.inflated_bytes` together.
        OSError: the system does not let a file be read or written.
    """
    recording = Recording.open(source)
    if recording.format.name != "dicom":
        raise MediaError("unsupported_type", "This file is no DICOM file.")
    header = read_header(source)
    with no_quotation():
        known = identity(header.dataset)
        width, height = whole(header.dataset, "Columns"), whole(header.dataset, "Rows")
        fields = _regions(header.dataset)
    probe = recording.probe()
    is_resized = (probe.width, probe.height) != (width, height)
    if is_resized or not fields:
        fields = [_rectangle(probe.square)]
    names = [box for box in find_text(recording, known) if box.name_like]
    dataset = header.dataset
    with no_quotation():
        by(dataset)
        if is_resized:
            dataset.pop("SequenceOfUltrasoundRegions", None)
        frames = _write_pixels(dataset, recording, names, fields)
    with atomic_replace(target) as scratch, no_quotation():
        _with_new_meta(dataset).save_as(scratch, enforce_file_format=True)
    masked = sum(any(_is_within(box, field) for field in fields) for box in names)
    return Deidentified(str(dataset.SOPInstanceUID), frames, masked)


_Rectangle = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two outside."""


def _regions(dataset: FileDataset) -> list[_Rectangle]:
    """The ultrasound regions of the file, whatever they show."""
    found = []
    for item in items(dataset, "SequenceOfUltrasoundRegions"):
        corners = [whole(item, f"RegionLocation{end}") for end in ("MinX0", "MinY0")]
        ends = [whole(item, f"RegionLocation{end}") for end in ("MaxX1", "MaxY1")]
        if None in corners or None in ends:
            continue
        left, top = (max(0, int(each or 0)) for each in corners)
        right, bottom = (1 + int(each or 0) for each in ends)
        found.append((left, top, right, bottom))
    return found


def _rectangle(square: Square) -> _Rectangle:
    return square.x, square.y, square.x + square.size, square.y + square.size


def _is_within(box: TextBox, field: _Rectangle) -> bool:
    left, top, right, bottom = field
    size = max(right - left, bottom - top)
    return is_inside(box, Square(left, top, size))


def _write_pixels(
    dataset: FileDataset,
    recording: Recording,
    boxes: Sequence[TextBox],
    fields: Sequence[_Rectangle],
) -> int:
    """Put the recording's pictures, covered, into the data set; how many they are."""
    source = recording.covered(boxes).source
    encoded: list[bytes] = []
    size = 0
    is_grey: bool | None = None
    for picture in source.read(range(len(source.times_s))):
        framed = np.zeros_like(picture)
        for left, top, right, bottom in fields:
            framed[top:bottom, left:right] = picture[top:bottom, left:right]
        if is_grey is None:
            is_grey = bool((framed == framed[..., :1]).all())
            _describe(dataset, framed, is_grey=is_grey)
        pixels = np.rint(framed.mean(axis=2)).astype(np.uint8) if is_grey else framed
        encoded.append(_encoded(pixels))
        size += len(encoded[-1])
        if size > limits.LIMITS.inflated_bytes:
            raise MediaError(
                "too_long", "This recording is too long to be written anew. Cut out a part of it."
            )
    dataset.PixelData = encapsulate(encoded)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    if len(encoded) > 1 or "NumberOfFrames" in dataset:
        dataset.NumberOfFrames = len(encoded)
    return len(encoded)


def _encoded(pixels: Picture) -> bytes:
    samples = 1 if pixels.ndim == 2 else 3
    return get_encoder(RLELossless).encode(
        np.ascontiguousarray(pixels).tobytes(),
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        samples_per_pixel=samples,
        number_of_frames=1,
        photometric_interpretation="MONOCHROME2" if samples == 1 else "RGB",
        pixel_representation=0,
        bits_allocated=8,
        bits_stored=8,
        planar_configuration=0,
    )


def _describe(dataset: FileDataset, picture: Picture, *, is_grey: bool) -> None:
    """The Image Pixel module of the pictures that are written."""
    lossy = bool(dataset.file_meta.get("TransferSyntaxUID")) and (
        dataset.file_meta.TransferSyntaxUID.is_compressed
    )
    for keyword in _STALE:
        dataset.pop(keyword, None)
    dataset.Rows, dataset.Columns = picture.shape[:2]
    dataset.SamplesPerPixel = 1 if is_grey else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if is_grey else "RGB"
    if not is_grey:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    kinds = list(dataset.get("ImageType") or ())
    if kinds:
        dataset.ImageType = ["DERIVED", *kinds[1:]]
    if lossy and "LossyImageCompression" not in dataset:
        dataset.LossyImageCompression = "01"


def _with_new_meta(dataset: FileDataset) -> FileDataset:
    """The data set in a file of its own: an empty preamble, and a group 0002 written anew."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = RLELossless
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    made = FileDataset("", dataset, preamble=b"\0" * 128, file_meta=meta)
    made.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    return made
