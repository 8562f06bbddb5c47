"""DICOM instances of every kind that is read, made from one small drawn clip."""

import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
import pydicom.data
from av.video.stream import VideoStream
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    generate_uid,
)

from models.media.dicom.bounded import quiet
from models.media.dicom.header import read_header

PYDICOM = Path(pydicom.data.__file__).parent / "test_files"
US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
US_CLIP = "1.2.840.10008.5.1.4.1.1.3.1"
US_IMAGE_RETIRED = "1.2.840.10008.5.1.4.1.1.6"
US_CLIP_RETIRED = "1.2.840.10008.5.1.4.1.1.3"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CAPTURE_BYTE = "1.2.840.10008.5.1.4.1.1.7.2"
CAPTURE_WORD = "1.2.840.10008.5.1.4.1.1.7.3"
CAPTURE_COLOUR = "1.2.840.10008.5.1.4.1.1.7.4"
PATIENT = "Lindqvist^Elsa^Maria"
WIDTH, HEIGHT, FRAMES = 96, 64, 4

Values = npt.NDArray[np.generic]


def grey(frames: int = FRAMES, depth: int = 8) -> Values:
    """Smooth grey pictures that change from one to the next: (frames, HEIGHT, WIDTH)."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    clip = [
        0.5 + 0.3 * np.sin(rows / 7 + n) + 0.2 * np.cos(columns / 11 - n) for n in range(frames)
    ]
    top = (1 << depth) - 1
    values: Values = np.rint(np.stack(clip) * top).astype(np.uint8 if depth == 8 else np.uint16)
    return values


def colours(frames: int = FRAMES, depth: int = 8) -> Values:
    """The same in three colours: (frames, HEIGHT, WIDTH, 3)."""
    shade = grey(frames, depth)
    top = (1 << depth) - 1
    return np.stack([shade, shade // 2, top - shade], axis=3)


def dataset(values: Values, sop_class: str = US_CLIP, **elements: Any) -> FileDataset:
    """An uncompressed instance of (frames, rows, columns[, 3]) values, with a patient's name."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = UID(sop_class), meta.MediaStorageSOPInstanceUID
    made.Modality = "US" if sop_class in (US_IMAGE, US_CLIP) else "OT"
    made.PatientName, made.PatientID = PATIENT, "190312-4471"
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.SamplesPerPixel = 3 if values.ndim == 4 else 1
    made.PhotometricInterpretation = "RGB" if values.ndim == 4 else "MONOCHROME2"
    if values.ndim == 4:
        made.PlanarConfiguration = 0
    if len(values) > 1:
        made.NumberOfFrames = len(values)
        made.FrameTime = 50
        made.FrameIncrementPointer = 0x00181063
    made.Rows, made.Columns = values.shape[1:3]
    made.BitsAllocated = 8 * values.itemsize
    made.BitsStored, made.HighBit = made.BitsAllocated, made.BitsAllocated - 1
    made.PixelRepresentation = int(values.dtype.kind == "i")
    made.PixelData = padded(values.tobytes())
    made["PixelData"].VR = "OB" if values.itemsize == 1 else "OW"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def padded(content: bytes) -> bytes:
    """An even number of bytes."""
    return content + b"\0" * (len(content) % 2)


def saved(made: FileDataset, path: Path, *, whole: bool = True, syntax: UID | None = None) -> Path:
    """Write an instance, with its preamble and group 0002 or, if not `whole`, without both."""
    if syntax is not None:
        made.file_meta.TransferSyntaxUID = syntax
    written = made.file_meta.TransferSyntaxUID
    if whole:
        made.save_as(path, enforce_file_format=True)
    else:
        bare = Dataset(made)
        bare.save_as(
            path, implicit_vr=written.is_implicit_VR, little_endian=written.is_little_endian
        )
    return path


def region(
    corners: tuple[int, int, int, int], spatial: int = 1, data: int = 1, cm: float | None = 0.02
) -> Dataset:
    """An item of the Sequence of Ultrasound Regions; the last corner belongs to it."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = spatial, data, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = corners[:2]
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = corners[2:]
    if cm is not None:
        item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
        item.PhysicalDeltaX = item.PhysicalDeltaY = cm
    return item


def regions(*items: Dataset) -> Items:
    """The sequence of these regions."""
    return Items(items)


def stream(
    codec: str, form: str, frames: int = 12, rate: int = 20, options: dict[str, str] | None = None
) -> bytes:
    """A stream of video as FFmpeg writes it: of a bare or of a contained kind."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        video = cast("VideoStream", container.add_stream(codec, rate=rate, options=options or {}))
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.bit_rate = 2_000_000
        for number, picture in enumerate(colours(frames)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return file.getvalue()


def video_dataset(content: bytes, syntax: str, frames: int = 12, pieces: int = 1) -> FileDataset:
    """A clip whose pixels are a stream of video, in one fragment or in several."""
    made = dataset(colours(1), US_CLIP)
    made.PhotometricInterpretation = "YBR_PARTIAL_420"
    made.NumberOfFrames, made.FrameTime = frames, 50
    step = -(-len(content) // pieces) // 2 * 2 + 2
    parts = [padded(content[at : at + step]) for at in range(0, len(content), step)]
    made.PixelData = encapsulate([b"".join(parts)], fragments_per_frame=pieces, has_bot=False)
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = UID(syntax)
    return made


@dataclass(frozen=True)
class Instance:
    """One row of the table: how it is made, and what is to be read of it.

    `reference` names the program of DCMTK that decodes it, `largest` and `mean` how far the shades
    may be from its own; where it has no decoder, it decodes what was compressed (`.first`).
    """

    name: str
    make: Callable[[Path], Path]
    frames: int = FRAMES
    reference: str = "dcm2pnm"
    largest: int = 0
    mean: float = 0.0


def dcmtk(program: str, *arguments: str | Path) -> None:
    """Run a program of DCMTK."""
    subprocess.run([program, *map(str, arguments)], check=True, capture_output=True)


def decoded_by_dcmtk(program: str, path: Path) -> Values:
    """All pictures as a program of DCMTK shows them: uint8 (frames, rows, columns, 3)."""
    source = path if program else path.with_suffix(".first")
    with quiet():
        header = read_header(source).dataset
        options = ["-O"]  # no overlays
        if "VOILUTSequence" in header:
            options += ["+Wl", "1"]
        elif "WindowWidth" in header:
            options += ["+Wi", "1"]
            if header.get("VOILUTFunction") == "SIGMOID":
                options += ["+Wfs"]
    folder = path.parent / f"{path.name}.shown"
    folder.mkdir()
    dcmtk(program or "dcm2pnm", "+Fa", *options, source, folder / "frame")
    shown = sorted(folder.iterdir(), key=lambda each: int(each.suffixes[0][1:]))
    return np.stack([np.array(Image.open(each).convert("RGB")) for each in shown])
