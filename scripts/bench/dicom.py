"""What a recording costs as DICOM, beside the same pictures as PNG and as MP4."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless, generate_uid

from models.media import reencode, sampling

Row = dict[str, Any]

_REPEATS = 3
_H264 = "1.2.840.10008.1.2.4.102"
_CLIP, _STILL = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6.1"


def dicom(files: Sequence[Path]) -> Row:
    """Seconds of an upload's probe with preview, and of the frames that a screening decodes."""
    found: Row = {}
    with TemporaryDirectory() as scratch:
        for path in files:
            recording = sampling.Recording.open(path)
            for name, made in _made(recording, Path(scratch)).items():
                found[name] = {
                    "megabytes": made.stat().st_size / 1e6,
                    "upload_s": _seconds(partial(_upload, made)),
                    "screening_s": _seconds(partial(_frames, made)),
                }
    return found


def _made(recording: sampling.Recording, folder: Path) -> dict[str, Path]:
    """The recording in each way that is compared."""
    times_s = recording.source.times_s
    pictures = np.stack(list(recording.source.read(range(len(times_s)))))
    kind = "still" if recording.kind == "image" else "clip"
    usual = folder / f"{kind}.{reencode.suffix(recording)}"
    reencode.write_full_frame(recording, usual)
    duration_s = recording.source.duration_s
    plain = _dataset(pictures, None if duration_s is None else 1000 * duration_s / len(times_s))
    made = {f"{kind}, {usual.suffix[1:].upper()}": usual}

    def save(name: str) -> None:
        made[f"{kind}, DICOM, {name}"] = folder / f"{kind}-{len(made)}"
        plain.save_as(made[f"{kind}, DICOM, {name}"], enforce_file_format=True)

    save("uncompressed")
    uncompressed = plain.PixelData
    for name, syntax in (("RLE", RLELossless), ("JPEG 2000 lossless", JPEG2000Lossless)):
        plain.PixelData = uncompressed
        plain.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        plain.compress(syntax, generate_instance_uid=False, encoding_plugin="pylibjpeg")
        save(name)
    if kind == "clip":
        plain.PixelData = encapsulate([usual.read_bytes()], has_bot=False)
        plain.file_meta.TransferSyntaxUID = UID(_H264)
        save("H.264")
    return made


def _dataset(pictures: Any, frame_ms: float | None) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID(_STILL if frame_ms is None else _CLIP)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, generate_uid()
    made.Modality, made.PhotometricInterpretation = "US", "RGB"
    made.SamplesPerPixel, made.PlanarConfiguration = 3, 0
    made.Rows, made.Columns = pictures.shape[1:3]
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    if frame_ms is not None:
        made.NumberOfFrames, made.FrameTime = len(pictures), round(frame_ms, 6)
    content = pictures.tobytes()
    made.PixelData = content + bytes(len(content) % 2)
    made["PixelData"].VR = "OB"
    return made


def _upload(path: Path) -> None:
    recording = sampling.Recording.open(path)
    recording.probe()
    recording.preview()


def _frames(path: Path) -> None:
    recording = sampling.Recording.open(path)
    list(recording.frames(recording.proposed_square()))


def _seconds(call: Callable[[], None]) -> float:
    spent = []
    for _ in range(_REPEATS):
        before = time.perf_counter()
        call()
        spent.append(time.perf_counter() - before)
    return median(spent)
