"""The child process that decodes pixels: `python -m models.media.dicom.child`.

Decoders of compressed pixels are written in C and read whatever a file holds. Here one can crash,
loop or eat memory without harm to anybody: the process has bounds of its own and serves one file.

It reads lines of JSON: a path, then lists of indices, one list after the other. For each index it
writes a message of one byte and two numbers, and a picture (P, height and width), or once for the
list an error as JSON (E, its length, 0). It ends with its input.
"""

import json
import resource
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder

from models.media.dicom.description import Description, describe
from models.media.dicom.frames import check_native, compressed_frames, read_spans
from models.media.dicom.header import Header, PixelElement, no_quotation, open_content
from models.media.dicom.messages import ERROR, HEAD, PICTURE, undecodable
from models.media.dicom.values import ToPicture
from models.media.formats import MediaError
from models.media.limits import LIMITS
from models.media.square import Picture


def main() -> int:
    """Serve one file."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMITS.decoder_bytes, LIMITS.decoder_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path = Path(json.loads(sys.stdin.readline()))
    output = sys.stdout.buffer
    for line in sys.stdin:
        indices = [int(index) for index in json.loads(line)]
        _allow_time(len(indices))
        try:
            for picture in pictures(path, indices):
                output.write(HEAD.pack(PICTURE, picture.shape[0], picture.shape[1]))
                output.write(picture.data)
                output.flush()
        except MediaError as error:
            answer = json.dumps([error.code, error.message]).encode()
            output.write(HEAD.pack(ERROR, len(answer), 0) + answer)
            output.flush()
    return 0


def pictures(path: Path, indices: Sequence[int]) -> Iterator[Picture]:
    """The pictures at these indices, in this order; only these frames are read and decoded.

    Raises:
        MediaError: the file cannot be read.
    """
    with no_quotation(undecodable), open_content(path) as (header, file):
        description = describe(header, is_video=False)
        to_picture = ToPicture(header, description)
        for values, photometric, bits in _decoded(header, description, file, indices):
            yield to_picture(values, photometric, bits)


def _decoded(
    header: Header, description: Description, file: BinaryIO, indices: Sequence[int]
) -> Iterator[tuple[npt.NDArray[np.generic], str, int]]:
    """Values, photometric interpretation and bits in use of each wanted frame."""
    assert header.pixels is not None  # noqa: S101  # `describe` has seen to it
    decoder = get_decoder(header.transfer_syntax)
    options = _options(description, header.pixels)
    encapsulated = header.transfer_syntax.is_encapsulated
    if encapsulated:
        frames, _ = compressed_frames(file, header.pixels, description.frames)
    else:
        check_native(file, header.pixels, description)
    for index in indices:
        if encapsulated:
            source = encapsulate([read_spans(file, frames[index])], has_bot=False)
            values, found = decoder.as_array(source, index=0, **options | {"number_of_frames": 1})
        else:
            file.seek(header.pixels.offset)
            values, found = decoder.as_array(file, index=index, **options)
        photometric = str(found["photometric_interpretation"])
        if description.photometric.startswith("YBR_PARTIAL") and photometric.startswith("YBR"):
            photometric = description.photometric
        yield values, photometric, min(int(found["bits_stored"]), 8 * values.itemsize)


def _options(description: Description, pixels: PixelElement) -> dict[str, Any]:
    """What pydicom has to know of the pixels."""
    photometric = description.photometric
    partial = photometric.startswith("YBR_PARTIAL")
    return {
        "rows": description.rows,
        "columns": description.columns,
        "number_of_frames": description.frames,
        "samples_per_pixel": description.samples,
        # Half the chroma is stored alike in both ranges, and pydicom fills in that of the full one.
        "photometric_interpretation": "YBR_FULL_422" if partial else photometric,
        "bits_allocated": description.bits_allocated,
        "bits_stored": description.bits_stored,
        "pixel_representation": int(description.signed),
        "planar_configuration": description.planar,
        "pixel_keyword": "PixelData",
        "pixel_vr": pixels.vr,
        "as_rgb": not partial,
        "raw": False,
    }


def _allow_time(frames: int) -> None:
    """Bound the processor time of a read by the number of frames that it asks for."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime + LIMITS.decoder_start_s
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds + frames * LIMITS.decoder_frame_s), hard))


if __name__ == "__main__":
    sys.exit(main())
