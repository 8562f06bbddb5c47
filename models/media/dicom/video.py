"""Streams of video inside DICOM: MPEG-2, H.264 and HEVC, bare or in a container (PS3.5, 8.2.5)."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from pydicom.uid import UID

from models.media.clips import Clip
from models.media.dicom.frames import Span, joined, read_spans, wrong_syntax
from models.media.formats import Format

_HEAD = 512
_CODECS = {
    "1.2.840.10008.1.2.4.100": ("mpeg2video", "mpeg1video"),
    "1.2.840.10008.1.2.4.101": ("mpeg2video", "mpeg1video"),
    "1.2.840.10008.1.2.4.102": ("h264",),
    "1.2.840.10008.1.2.4.103": ("h264",),
    "1.2.840.10008.1.2.4.104": ("h264",),
    "1.2.840.10008.1.2.4.105": ("h264",),
    "1.2.840.10008.1.2.4.106": ("h264",),
    "1.2.840.10008.1.2.4.107": ("hevc",),
    "1.2.840.10008.1.2.4.108": ("hevc",),
}
"""Codecs, as FFmpeg names them, of each transfer syntax; those cut into fragments add `.1`."""

_CONTAINERS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), demuxer)
    for pattern, demuxer in (
        (rb"\x47.{187}\x47", "mpegts"),
        (rb"\x00\x00\x01\xba", "mpeg"),
        (rb".{4}ftyp", "mp4"),
    )
)
_START_CODE = re.compile(rb"\x00\x00\x00?\x01")
_BARE = {"mpeg2video": "mpegvideo", "h264": "h264", "hevc": "hevc"}
"""Demuxers of bare streams by codec."""


def is_video(syntax: UID) -> bool:
    """Whether the pixels of this transfer syntax are one stream of video."""
    return _codecs(syntax) != ()


def open_clip(path: Path, file: BinaryIO, spans: Sequence[Span], syntax: UID) -> Clip:
    """The stream of video in a file as a clip; nothing is copied.

    Args:
        path: of the file.
        file: the same, opened.
        spans: of the stream in it.
        syntax: the transfer syntax, which names the codec.

    Raises:
        MediaError: `unreadable_file` where it is no such stream; see also `Clip`.
    """
    offset, length = spans[0]
    head = read_spans(file, [(offset, min(length, _HEAD))])
    codecs = _codecs(syntax)
    demuxer = next((name for pattern, name in _CONTAINERS if pattern.match(head)), None)
    if demuxer is None and _START_CODE.match(head):
        demuxer = _BARE[codecs[0]]
    if demuxer is None:
        raise wrong_syntax()
    stream = Format("dicom", "application/dicom", demuxer)
    clip = Clip(path, stream, lambda: joined(path, spans))
    if clip.codec not in codecs:
        raise wrong_syntax()
    return clip


def _codecs(syntax: UID) -> tuple[str, ...]:
    return _CODECS.get(syntax, _CODECS.get(syntax.removesuffix(".1"), ()))
