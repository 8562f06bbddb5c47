"""File formats, detected by content, and truncated files.

A file's name is never trusted. Knowing the format before a decoder opens the file also fixes the
demuxer, so that a playlist named as a video cannot make FFmpeg open other files.
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


class MediaError(Exception):
    """A recording that cannot be used: a stable `code` and one sentence for users."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def cause(self) -> str | None:
        """The type of the underlying library error, which is safe to log."""
        return None if self.__cause__ is None else type(self.__cause__).__name__


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: our name, its media type, and the demuxer for FFmpeg (None: Pillow reads)."""

    name: str
    media_type: str
    demuxer: str | None = None


FORMATS = {
    format_.name: format_
    for format_ in (
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
        Format("dicom", "application/dicom"),
    )
}
ACCEPTED = "JPEG, PNG, WebP, BMP, TIFF, GIF, MP4, MOV, AVI, MPEG, WebM or DICOM"

_HEAD = 512
_PREAMBLE = 128
"""Bytes before the mark of a DICOM file, which are free for any use."""

_MAX_CHUNKS = 100_000
_SHORTEST_KEPT_MS, _DEFAULT_DELAY_MS = 10, 100
"""Browsers show an animation's frame with a delay up to the first for the second."""

_MPEG_TAIL = 1 << 18
_FIRST_SYSTEM_CODE = 0xBB
"""Start codes from here on are those of packets with a length (ISO/IEC 13818-1, table 2-22)."""

_REQUIRED_BOXES = {b"moov", b"mdat"}
_BARE_MPEG = Format("mpeg", "video/mpeg", "mpegvideo")
_SIGNATURES: tuple[tuple[re.Pattern[bytes], Format], ...] = tuple(
    (re.compile(pattern, re.DOTALL), file_format)
    for pattern, file_format in (
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
        # Without a preamble, a DICOM file begins with group 0002 or 0008: explicit VR, implicit VR,
        # and explicit VR with the big end first.
        (rb"[\x02\x08]\0.\0(AE|CS|DA|LO|OB|SH|UI|UL|UN)", FORMATS["dicom"]),
        (rb"[\x02\x08]\0[\0-\x20]\0.[\0\x01]\0\0", FORMATS["dicom"]),
        (rb"\0[\x02\x08]\0.(AE|CS|DA|LO|OB|SH|UI|UL|UN)", FORMATS["dicom"]),
    )
)
_CONVERT = "convert it to MP4 (H.264), with VLC or HandBrake for example"
_EXPORT_STILL = "export it as JPEG or PNG"
_HEIC = f"This is a HEIC picture, as iPhones take them: {_EXPORT_STILL}"
_AVIF = f"This is an AVIF picture: {_EXPORT_STILL}"
_RAW = f"This is a camera's raw file: {_EXPORT_STILL}"
_SOUND = "This is an audio file without any picture"
_ARCHIVE = "unpack it and choose the recordings in it"
_ADVICE: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), advice)
    for pattern, advice in (
        # Pictures.
        (rb".{4}ftyp(avif|avis)", _AVIF),
        (rb".{4}ftyp(mif1|msf1|miaf)(.{4}){0,8}(avif|avis)", _AVIF),
        (rb".{4}ftyp(heic|heix|heim|heis|hevc|hevx|hevm|hevs|mif1|msf1|miaf)", _HEIC),
        (rb".{4}ftypcrx |II\*\0.{4}CR\x02|FUJIFILMCCD-RAW|IIU\0|II[RS]O|IIR[OS]|MMOR|FOVb", _RAW),
        (rb"II\+\0|MM\0\+", "This is a BigTIFF: save it as TIFF, or as PNG"),
        (
            rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
            f"This is a JPEG 2000 picture: {_EXPORT_STILL}",
        ),
        (rb"\xff\x0a|\0\0\0\x0cJXL ", f"This is a JPEG XL picture: {_EXPORT_STILL}"),
        (rb"8BPS", f"This is a Photoshop file (PSD): {_EXPORT_STILL}"),
        (rb"(\xef\xbb\xbf)?\s*(<\?xml.*)?<svg[\s>]", f"This is an SVG drawing: {_EXPORT_STILL}"),
        (rb"%!PS", f"This is a PostScript drawing: {_EXPORT_STILL}"),
        (rb"\0\0[\x01\x02]\0[\x01-\x40]\0", f"This is a Windows icon: {_EXPORT_STILL}"),
        (rb"P[1-7]\s+[#\d]", f"This is a PNM picture: {_EXPORT_STILL}"),
        # What scanners and research programs write.
        (
            rb".{344}n[+i]1\0|(\x1c\x02\0\0|\0\0\x02\x1c)n[+i]2\0",
            "This is a NIfTI volume: export its pictures as PNG, or as a video",
        ),
        (rb"NRRD000", "This is an NRRD volume: export its pictures as PNG, or as a video"),
        (rb"\x89HDF\r\n\x1a\n", "This is an HDF5 file: export its pictures as PNG, or as a video"),
        # Clips.
        (
            rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
            f"This is a Windows Media file (WMV, ASF): {_CONVERT}",
        ),
        (
            rb"\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47.{191}\x47",
            f"This is an MPEG transport stream (AVCHD: MTS, M2TS, TS): {_CONVERT}",
        ),
        (rb"FLV\x01", f"This is a Flash video (FLV): {_CONVERT}"),
        (rb"[FC]WS.", f"This is a Flash film (SWF): {_CONVERT}"),
        (rb"OggS", f"This is an Ogg file: {_CONVERT}"),
        (rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", f"This is an MXF file: {_CONVERT}"),
        (rb"\.RMF", f"This is a RealMedia file: {_CONVERT}"),
        (rb"YUV4MPEG2", f"This is a raw video (Y4M): {_CONVERT}"),
        (rb"\x1f\x07\0", f"This is a DV video: {_CONVERT}"),
        (
            rb"\0\0(\0)?\x01[\x09\x27\x67\x40\x42\x46]",
            f"This is a bare video stream (H.264 or H.265) without a container: {_CONVERT}",
        ),
        # What else lies in such folders.
        (rb"ID3|\xff[\xe2-\xe3\xf2-\xf3\xfa-\xfb\xf1\xf9]|fLaC|RIFF.{4}WAVE", _SOUND),
        (rb"%PDF", "This is a PDF document: export the pictures in it"),
        (
            rb"PK\x03\x04.{26}(\[Content_Types\]|_rels/|mimetypeapplication/vnd)",
            "This is an Office document or a spreadsheet: export the pictures in it",
        ),
        (rb"PK\x03\x04", f"This is a ZIP archive: {_ARCHIVE}"),
        (rb"PK\x05\x06", "This is an empty ZIP archive"),
        (rb"7z\xbc\xaf\x27\x1c", f"This is a 7-Zip archive: {_ARCHIVE}"),
        (rb"Rar!", f"This is a RAR archive: {_ARCHIVE}"),
        (rb"\x1f\x8b", f"This file is compressed (gzip): {_ARCHIVE}"),
        (rb"\xd0\xcf\x11\xe0", "This is an Office document or a folder's picture cache"),
        (rb"\0\x05\x16[\0\x07]\0\x02", "This is a companion file of macOS, not the recording"),
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
    if head[_PREAMBLE:].startswith(b"DICM"):
        # The preamble may be the header of another format, so that both can be read.
        return FORMATS["dicom"]
    for pattern, advice in _ADVICE:
        if pattern.match(head):
            raise MediaError("unsupported_type", f"{advice}. Send {ACCEPTED}.")
    for pattern, file_format in _SIGNATURES:
        if pattern.match(head):
            return file_format
    raise MediaError(
        "unsupported_type",
        f"This is neither a picture nor a video that can be read. Send {ACCEPTED}.",
    )


def check_complete(path: Path, file_format: Format) -> None:
    """Refuse a file that is truncated according to its own structure.

    Decoders are lenient: they silently decode the part that is there.

    Raises:
        MediaError: `truncated_file`.
    """
    check = {
        "gif": _gif_is_complete,
        "webp": _riff_is_complete,
        "avi": _riff_is_complete,
        "mp4": _boxes_are_complete,
        "mov": _boxes_are_complete,
        "webm": _segment_is_complete,
        "mpeg": _packets_are_complete,
    }.get(file_format.name)
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


def displayed_ms(delay_ms: float) -> float:
    """Milliseconds for which browsers show a frame with this delay, as in GIF, WebP and APNG."""
    return delay_ms if delay_ms > _SHORTEST_KEPT_MS else _DEFAULT_DELAY_MS


def webp_durations_ms(path: Path) -> list[float]:
    """Milliseconds each frame of a WebP is shown; empty for a still (WebP container, ANMF).

    A frame of at most 10 ms counts as 100 ms, as browsers show it.
    """
    durations: list[float] = []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(12)
        for _ in range(_MAX_CHUNKS):
            if file.tell() + 8 > size:
                break
            kind, length = struct.unpack("<4sI", file.read(8))
            start = file.tell()
            if kind == b"ANMF":
                durations.append(displayed_ms(int.from_bytes(file.read(16)[12:15], "little")))
            file.seek(start + length + length % 2)
    return durations


def png_durations_ms(path: Path) -> list[float]:
    """Milliseconds each frame of an animated PNG is shown; empty for a still (PNG 3, acTL, fcTL).

    A frame of at most 10 ms counts as 100 ms, as browsers show it.

    Raises:
        MediaError: `truncated_file` if announced frames are missing.
    """
    durations: list[float] = []
    announced, ended = 0, False
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(8)
        for _ in range(_MAX_CHUNKS):
            if file.tell() + 8 > size:
                break
            length, kind = struct.unpack(">I4s", file.read(8))
            start = file.tell()
            if kind == b"acTL":
                announced = int.from_bytes(file.read(4), "big")
            elif kind == b"IDAT" and not announced:
                return []  # a still, whatever follows
            elif kind == b"fcTL" and announced:
                numerator, denominator = struct.unpack(">20x2H", file.read(24).ljust(24, b"\0"))
                durations.append(displayed_ms(1000 * numerator / (denominator or 100)))
            elif kind == b"IEND":
                ended = True
                break
            file.seek(start + length + 4)
    if announced and (not ended or announced > len(durations)):
        raise truncated()
    return durations


def count_avi_frames(path: Path, stream: int) -> int:
    """The number of chunks of an AVI's video stream, including empty ones.

    An empty chunk stands for a dropped frame: the previous one stays on screen.
    """
    chunk_ids = {b"%02ddc" % stream, b"%02ddb" % stream}
    count = 0
    with path.open("rb") as file:
        size = file.seek(0, 2)
        position = 0
        while position + 8 <= size:
            file.seek(position)
            kind, length = struct.unpack("<4sI", file.read(8))
            if kind in (b"RIFF", b"LIST"):
                # Inside the pictures' lists; over every other list.
                has_frames = kind == b"RIFF" or file.read(4) in (b"movi", b"rec ")
                if has_frames:
                    position += 12
                    continue
            elif kind in chunk_ids:
                count += 1
            position += 8 + length + length % 2
    return count


def _gif_is_complete(file: BinaryIO, size: int) -> bool:
    """Walk the blocks of GIF89a to the trailer; anything after it is ignored."""
    _skip_colour_table(file, file.read(13)[10:11])
    while kind := file.read(1):
        if kind == b";":
            return True
        if kind == b"!":
            file.seek(1, 1)
        elif kind == b",":
            _skip_colour_table(file, file.read(9)[8:9])
            file.seek(1, 1)
        else:
            # Padding between blocks, which decoders skip.
            file.seek(max(0, size - 1024))
            return file.read().rstrip(b"\0").endswith(b";")
        while (length := file.read(1)) not in (b"", b"\0"):
            file.seek(length[0], 1)
    return False


def _skip_colour_table(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 * 2 ** ((flags[0] & 7) + 1), 1)


def _riff_is_complete(file: BinaryIO, size: int) -> bool:
    declared = int.from_bytes(file.read(8)[4:8], "little")
    # 0 and 2³²-1 stand for "unknown" in files written as a stream; a pad byte may be missing.
    return declared in (0, 0xFFFFFFFF) or declared + 8 <= size + 1


def _boxes_are_complete(file: BinaryIO, size: int) -> bool:
    """Walk the top-level boxes of ISO/IEC 14496-12; moov and mdat must be present."""
    seen: set[bytes] = set()
    position = 0
    for _ in range(_MAX_CHUNKS):
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
            return seen >= _REQUIRED_BOXES and kind not in _REQUIRED_BOXES | {b"moof"}
        seen.add(kind)
        position += length
    return seen >= _REQUIRED_BOXES


def _segment_is_complete(file: BinaryIO, size: int) -> bool:
    """Whether the Segment of a Matroska file (RFC 9559) has its full length."""
    file.seek(4)
    header = _ebml_length(file)
    file.seek(header or 0, 1)
    if header is None or file.read(4) != b"\x18\x53\x80\x67":
        return True
    length = _ebml_length(file)
    return length is None or file.tell() + length <= size


def _packets_are_complete(file: BinaryIO, size: int) -> bool:
    """Whether the last packet of an MPEG program stream is complete.

    Walks from the last pack (ISO/IEC 13818-1, 2.5.3); a stream without packs passes.
    """
    start = max(0, size - _MPEG_TAIL)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"\0\0\x01\xba")
    if at < 0:
        return True
    second = tail[at + 4 : at + 5] or b"\0"
    # A pack header of MPEG-2 ends with up to seven stuffing bytes, that of MPEG-1 has none.
    stuffing = tail[at + 13 : at + 14] or b"\0"
    at += 14 + (stuffing[0] & 7) if second[0] >> 6 == 1 else 12
    while (
        tail[at : at + 3] == b"\0\0\x01"
        and len(tail) >= at + 4
        and tail[at + 3] >= _FIRST_SYSTEM_CODE
    ):
        if len(tail) < at + 6:
            return False
        at += 6 + int.from_bytes(tail[at + 4 : at + 6], "big")
    return at <= len(tail)


def _ebml_length(file: BinaryIO) -> int | None:
    """A variable-size length (RFC 8794, section 4); None if it is marked as unknown."""
    first = file.read(1) or b"\0"
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1), "big") & (1 << 7 * width) - 1
    return None if value == (1 << 7 * width) - 1 else value
