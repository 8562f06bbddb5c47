"""DICOM files as a source of pictures and their times."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
    UncompressedTransferSyntaxes,
)

from models.media.acquisition import Acquisition
from models.media.clips import Clip
from models.media.dicom.decoding import Decoder
from models.media.dicom.description import Description, describe
from models.media.dicom.frames import check_native, compressed_frames, video_stream
from models.media.dicom.header import Header, no_quotation, open_content
from models.media.dicom.objects import check_object, notes_of_capture
from models.media.dicom.regions import find_field
from models.media.dicom.times import Timing, frame_times
from models.media.dicom.video import is_video, open_clip
from models.media.formats import MediaError, truncated
from models.media.limits import check_length
from models.media.square import Picture

_MIN_STORED_SHARE = 0.95
"""Share of the announced frames that a stream of video must hold, as of any other clip."""

_READ_HERE = {
    *UncompressedTransferSyntaxes,
    *JPEGTransferSyntaxes,
    *JPEGLSTransferSyntaxes,
    *JPEG2000TransferSyntaxes,
    RLELossless,
}
_MORE = "The file holds more frames than its header announces: only those announced are read."


class DicomSource:
    """An ultrasound image or clip in DICOM: opened by its header, decoded frame by frame.

    Raises:
        MediaError: `unsupported_type` for what is no ultrasound picture; `unreadable_file`,
            `truncated_file`, `no_frames`, or a limit of size or length.
    """

    def __init__(self, path: Path) -> None:
        self._decoder = Decoder(path)
        with open_content(path) as (header, file):
            with no_quotation():
                check_object(header)
                video = is_video(header.transfer_syntax)
                if not video and header.transfer_syntax not in _READ_HERE:
                    raise _unknown_syntax(header.transfer_syntax)
                self._description = describe(header, is_video=video)
            # Without a look at any element, so that others may look at theirs meanwhile.
            self._clip = _video(path, file, header, self._description) if video else None
            if self._clip is not None:
                # Pictures are of the stream's size, whatever the header says.
                width, height = self._clip.size
                self._description = replace(
                    self._description, columns=width, rows=height, aspect=1.0
                )
            more = not video and _check_frames(header, file, self._description)
            with no_quotation():
                timing = _timing(header, self._description, self._clip)
                found = find_field(header.dataset, self._description)
                origin = notes_of_capture(header)
        is_clip = video or self._description.frames > 1
        self.times_s: Sequence[float] = timing.times_s if is_clip else (0.0,)
        self.duration_s: float | None = timing.duration_s if is_clip else None
        if is_clip:
            check_length(timing.times_s, timing.duration_s)
        self.acquisition = _with_notes(found, origin, timing, is_clip=is_clip, more=more)

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The pictures at these indices; no other frame is decoded, except in a stream of video."""
        if self._clip is not None:
            yield from self._clip.read(indices)
            return
        for picture in self._decoder.read(indices):
            yield self._square_pixels(picture)

    def _square_pixels(self, picture: Picture) -> Picture:
        width = self._description.shown_width
        if picture.shape[1] == width:
            return picture
        size = (width, picture.shape[0])
        resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return np.asarray(resized, dtype=np.uint8)


def _video(path: Path, file: BinaryIO, header: Header, description: Description) -> Clip:
    """The stream of video as a clip of the announced frames.

    Raises:
        MediaError: see `models.media.dicom.video.open_clip`; `truncated_file`.
    """
    assert header.pixels is not None  # noqa: S101  # `check_object` has seen to it
    spans = video_stream(file, header.pixels)
    clip = open_clip(path, file, spans, header.transfer_syntax)
    if len(clip.times_s) < _MIN_STORED_SHARE * description.frames:
        raise truncated()
    return clip


def _timing(header: Header, description: Description, clip: Clip | None) -> Timing:
    if clip is None:
        return frame_times(header.dataset, description.frames)
    return frame_times(header.dataset, len(clip.times_s), clip.times_s if clip.has_clock else None)


def _check_frames(header: Header, file: BinaryIO, description: Description) -> bool:
    """Whether more frames are stored than announced.

    Raises:
        MediaError: `truncated_file` where fewer are; `unreadable_file`.
    """
    assert header.pixels is not None  # noqa: S101  # `check_object` has seen to it
    if header.transfer_syntax.is_encapsulated:
        return compressed_frames(file, header.pixels, description.frames)[1]
    return check_native(file, header.pixels, description)


def _with_notes(
    found: Acquisition, origin: Sequence[str], timing: Timing, *, is_clip: bool, more: bool
) -> Acquisition:
    notes = [*origin, *found.notes]
    if is_clip and timing.note is not None:
        notes.append(timing.note)
    if more:
        notes.append(_MORE)
    return replace(found, notes=tuple(notes))


def _unknown_syntax(syntax: UID) -> MediaError:
    named = f" ({syntax.name})" if syntax.name != str(syntax) else ""
    return MediaError(
        "unreadable_file",
        f"The pixels of this DICOM file are compressed in a way that is not read here{named}. "
        "Export it uncompressed, or export the picture as PNG or the clip as MP4.",
    )
