"""Which kind of file this is, by its bytes, and whether its end is missing.

The type is never believed from a name. Knowing it before a decoder opens the file also pins the
decoder, so that a playlist under the name of a video cannot send FFmpeg elsewhere.
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


class MediaError(Exception):
    """A recording that cannot be used: a stable `code` and one sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: our name, its media type, and the demuxer for FFmpeg (None: Pillow reads)."""

    name: str
    media_type: str
    demuxer: str | None = None


FORMATS = {
    each.name: each
    for each in (
        Format("jpeg", "image/jpeg"),
        Format("png", "image/png"),
        Format("webp", "image/webp"),
        Format("bmp", "image/bmp"),
        Format("tiff", "image/tiff"),
        Format("gif", "image/gif", "gif"),
        Format("mp4", "video/mp4", "mp4"),
        Format("mov", "video/quicktime", "mov"),
        Format("avi", "video/x-msvideo", "avi"),
        Format("mpeg", "video/mpeg", "mpeg"),
        Format("webm", "video/webm", "matroska"),
    )
}
ACCEPTED = "JPEG, PNG, WebP, BMP, TIFF, GIF, MP4, MOV, AVI, MPEG or WebM"

_HEAD = 512
_MOST_PARTS = 100_000
_UNTIMED_MS = 100
_NEEDED_BOXES = {b"moov", b"mdat"}
_BARE_MPEG = Format("mpeg", "video/mpeg", "mpegvideo")
_SIGNATURES: tuple[tuple[re.Pattern[bytes], Format], ...] = tuple(
    (re.compile(pattern, re.DOTALL), form)
    for pattern, form in (
        (rb"\xff\xd8\xff", FORMATS["jpeg"]),
        (rb"\x89PNG\r\n\x1a\n", FORMATS["png"]),
        (rb"GIF8[79]a", FORMATS["gif"]),
        (rb"BM.{4}\0\0\0\0", FORMATS["bmp"]),
        (rb"II\*\0|MM\0\*", FORMATS["tiff"]),
        (rb"RIFF.{4}WEBP", FORMATS["webp"]),
        (rb"RIFF.{4}AVI ", FORMATS["avi"]),
        (rb".{4}ftypqt  ", FORMATS["mov"]),
        (rb".{4}ftyp", FORMATS["mp4"]),
        # The first byte belongs to a length, which keeps "the free text" of a document out.
        (rb"[\0-\x08].{3}(moov|mdat|wide|free|skip|pnot)", FORMATS["mov"]),
        (rb"\x00\x00\x01\xba", FORMATS["mpeg"]),
        (rb"\x00\x00\x01\xb3", _BARE_MPEG),
        (rb"\x1a\x45\xdf\xa3", FORMATS["webm"]),
    )
)
_ADVICE: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), advice)
    for pattern, advice in (
        (rb".{4}ftyp(heic|heix|mif1|avif)", "HEIC pictures are not read: export a JPEG or PNG"),
        (rb".{128}DICM", "DICOM files are not read: export a picture or a video"),
        (rb"%PDF", "this is a PDF document"),
        (rb"PK\x03\x04", "this is a ZIP archive: unpack it and choose the recordings in it"),
    )
)


def sniff(path: Path) -> Format:
    """The format of a file, from its first bytes.

    Raises:
        MediaError: `empty_file`, or `unsupported_type` with what to do instead.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise MediaError("empty_file", "The file is empty: choose the recording again.")
    for pattern, advice in _ADVICE:
        if pattern.match(head):
            raise MediaError(
                "unsupported_type", f"This type of file is not read; {advice}. Send {ACCEPTED}."
            )
    for pattern, form in _SIGNATURES:
        if pattern.match(head):
            return form
    raise MediaError(
        "unsupported_type",
        f"This is neither a picture nor a video that can be read. Send {ACCEPTED}.",
    )


def check_whole(path: Path, form: Format) -> None:
    """Refuse a file whose own structure says that its end is missing.

    Decoders are lenient here: they answer for the part that arrived, and nobody notices.

    Raises:
        MediaError: `truncated_file`.
    """
    check = {
        "gif": _gif_ends,
        "webp": _riff_is_whole,
        "avi": _riff_is_whole,
        "mp4": _boxes_are_whole,
        "mov": _boxes_are_whole,
        "webm": _segment_is_whole,
    }.get(form.name)
    if check is None:
        return
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        if not check(file, size):
            raise truncated()


def truncated() -> MediaError:
    """The error for a file that stops before its end."""
    return MediaError(
        "truncated_file",
        "The file stops before its end, as after a broken copy: copy or export it again.",
    )


def webp_durations_ms(path: Path) -> list[int]:
    """Milliseconds each frame of a WebP is shown; empty for a still (WebP container, ANMF).

    A frame without a duration counts as 100 ms, as browsers show it.
    """
    durations = []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(12)
        for _ in range(_MOST_PARTS):
            if file.tell() + 8 > size:
                break
            kind, length = struct.unpack("<4sI", file.read(8))
            start = file.tell()
            if kind == b"ANMF":
                durations.append(int.from_bytes(file.read(16)[12:15], "little") or _UNTIMED_MS)
            file.seek(start + length + length % 2)
    return durations


def _gif_ends(file: BinaryIO, size: int) -> bool:
    """Walk the blocks of GIF89a to the trailer; what follows it is no part of the picture."""
    _skip_colours(file, file.read(13)[10:11])
    while kind := file.read(1):
        if kind == b";":
            return True
        if kind == b"!":
            file.seek(1, 1)
        elif kind == b",":
            _skip_colours(file, file.read(9)[8:9])
            file.seek(1, 1)
        else:
            # Padding between blocks: what decoders jump over is not judged here.
            file.seek(max(0, size - 1024))
            return file.read().rstrip(b"\0").endswith(b";")
        while (length := file.read(1)) not in (b"", b"\0"):
            file.seek(length[0], 1)
    return False


def _skip_colours(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 * 2 ** ((flags[0] & 7) + 1), 1)


def _riff_is_whole(file: BinaryIO, size: int) -> bool:
    declared = int.from_bytes(file.read(8)[4:8], "little")
    # 0 and 2³²-1 stand for "unknown" in files written as a stream; a pad byte may be missing.
    return declared in (0, 0xFFFFFFFF) or declared + 8 <= size + 1


def _boxes_are_whole(file: BinaryIO, size: int) -> bool:
    """Walk the top level boxes of ISO/IEC 14496-12; the index and the pictures must be there."""
    seen: set[bytes] = set()
    position = 0
    for _ in range(_MOST_PARTS):
        if position + 8 > size:
            break
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        elif length == 0:
            length = size - position
        if length < 8 or position + length > size:
            # Junk after the last box is common and harmless once the index has been seen.
            return seen >= _NEEDED_BOXES and kind not in _NEEDED_BOXES | {b"moof"}
        seen.add(kind)
        position += length
    return seen >= _NEEDED_BOXES


def _segment_is_whole(file: BinaryIO, size: int) -> bool:
    """Whether the Segment of a Matroska file (RFC 9559), which says its length, is all there."""
    file.seek(4)
    header = _ebml_length(file)
    file.seek(header or 0, 1)
    if header is None or file.read(4) != b"\x18\x53\x80\x67":
        return True
    length = _ebml_length(file)
    return length is None or file.tell() + length <= size


def _ebml_length(file: BinaryIO) -> int | None:
    """A length of variable width (RFC 8794, section 4); None where it is said to be unknown."""
    first = file.read(1) or b"\0"
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1), "big") & (1 << 7 * width) - 1
    return None if value == (1 << 7 * width) - 1 else value
