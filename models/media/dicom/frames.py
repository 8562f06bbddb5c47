"""Where the frames are in a file: without decoding, and without reading the pixels."""

import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from typing_extensions import Buffer

from models.media import limits
from models.media.dicom.description import Description
from models.media.dicom.header import PixelElement
from models.media.formats import MediaError, truncated

Span = tuple[int, int]
"""Offset and length of some bytes of the file."""

_ITEM, _DELIMITER = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_UNDEFINED = 0xFFFFFFFF
_FRAGMENTS_PER_FRAME = 8
_FIRST_BYTES = (b"\xff\xd8", b"\xff\x4f", b"\0\0\0\x0cjP")
"""How a compressed frame begins: JPEG and JPEG-LS, JPEG 2000, and JPEG 2000 in its own file."""


def check_native(file: BinaryIO, pixels: PixelElement, description: Description) -> bool:
    """Refuse uncompressed pixels that do not hold all announced frames.

    Returns:
        Whether there is room for at least one more frame than was announced.

    Raises:
        MediaError: `truncated_file`; `unreadable_file` where the pixels are compressed after all.
    """
    if pixels.length is None:
        raise wrong_syntax()
    size = file.seek(0, io.SEEK_END)
    announced = description.frame_bytes * description.frames
    if pixels.offset + announced > size or announced > pixels.length:
        raise truncated()
    return pixels.length >= announced + max(description.frame_bytes, 2)


def compressed_frames(
    file: BinaryIO, pixels: PixelElement, count: int
) -> tuple[list[list[Span]], bool]:
    """The fragments of each announced frame, and whether there are more frames than announced.

    Args:
        file: holds the pixels.
        pixels: where they are.
        count: the number of announced frames.

    Raises:
        MediaError: `truncated_file` where fewer are stored; `unreadable_file` where the fragments
            cannot be told apart, or the pixels are not compressed after all.
    """
    table, fragments = _fragments(file, pixels)
    if len(fragments) < count:
        raise truncated()
    if len(fragments) == count:
        return [[fragment] for fragment in fragments], False
    if count == 1 and len(table) <= 1:
        starts = _beginnings(file, fragments)
        if len(starts) <= 1:
            return [fragments], False
    else:
        starts = _by_table(table, fragments) or _beginnings(file, fragments)
    if len(starts) < count or starts[0] != 0:
        raise MediaError(
            "unreadable_file",
            "The frames of this DICOM file cannot be told apart: its header and its pixels "
            "contradict each other. Export it again.",
        )
    ends = [*starts[1:], len(fragments)]
    frames = [fragments[a:b] for a, b in zip(starts, ends, strict=True)]
    return frames[:count], len(frames) > count


def video_stream(file: BinaryIO, pixels: PixelElement) -> list[Span]:
    """The fragments of a stream of video, which belong together.

    Raises:
        MediaError: see `compressed_frames`.
    """
    _, fragments = _fragments(file, pixels)
    if not fragments:
        raise truncated()
    return fragments


def _fragments(file: BinaryIO, pixels: PixelElement) -> tuple[list[int], list[Span]]:
    """The basic offset table, and the place of each fragment (PS3.5, A.4)."""
    if pixels.length is not None:
        raise wrong_syntax()
    size = file.seek(0, io.SEEK_END)
    file.seek(pixels.offset)
    most = limits.LIMITS.frames * _FRAGMENTS_PER_FRAME
    spans: list[Span] = []
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise truncated()
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) == _DELIMITER:
            break
        if (group, element) != _ITEM or length == _UNDEFINED:
            raise wrong_syntax()
        offset = file.tell()
        if offset + length > size:
            raise truncated()
        spans.append((offset, length))
        if len(spans) > most:
            raise MediaError(
                "unreadable_file",
                "The pixels of this DICOM file are in more pieces than any clip needs. Export it "
                "again.",
            )
        file.seek(length, io.SEEK_CUR)
    if not spans:
        raise truncated()
    (offset, length), *fragments = spans
    file.seek(offset)
    entries = min(length // 4, limits.LIMITS.frames)
    table = list(struct.unpack(f"<{entries}L", file.read(4 * entries)))
    return table, [span for span in fragments if span[1]]


def _by_table(table: Sequence[int], fragments: Sequence[Span]) -> list[int]:
    """The first fragment of each frame by the offset table; empty where the table is wrong."""
    first = fragments[0][0]
    places = {offset - first: place for place, (offset, _) in enumerate(fragments)}
    starts = [places.get(entry, -1) for entry in table]
    ascending = all(a < b for a, b in itertools.pairwise(starts))
    return starts if starts and starts[0] == 0 and ascending else []


def _beginnings(file: BinaryIO, fragments: Sequence[Span]) -> list[int]:
    """The first fragment of each frame by how frames begin."""
    starts = []
    for place, (offset, length) in enumerate(fragments):
        file.seek(offset)
        if file.read(min(length, 6)).startswith(_FIRST_BYTES):
            starts.append(place)
    return starts


def read_spans(file: BinaryIO, spans: Sequence[Span]) -> bytes:
    """The bytes of these spans, joined.

    Raises:
        MediaError: `truncated_file`.
    """
    parts = []
    for offset, length in spans:
        file.seek(offset)
        parts.append(file.read(length))
        if len(parts[-1]) < length:
            raise truncated()
    return b"".join(parts)


class JoinedSpans(io.RawIOBase):
    """A file of these spans of another one, which is closed with it: a stream without copying."""

    def __init__(self, file: BinaryIO, spans: Sequence[Span]) -> None:
        self._file = file
        self._spans = list(spans)
        self._size = sum(length for _, length in spans)
        self._position = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be moved in."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer as far as the current span reaches."""
        view = memoryview(buffer)
        for offset, length in self._from_position():
            self._file.seek(offset)
            content = self._file.read(min(length, len(view)))
            view[: len(content)] = content
            self._position += len(content)
            return len(content)
        return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position of the joined stream."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, min(base + offset, self._size))
        return self._position

    def tell(self) -> int:
        """The position in the joined stream."""
        return self._position

    def close(self) -> None:
        """Close the other file too."""
        self._file.close()
        super().close()

    def _from_position(self) -> Iterator[Span]:
        begin = 0
        for offset, length in self._spans:
            if self._position < begin + length:
                inside = self._position - begin
                yield offset + inside, length - inside
            begin += length


def joined(path: Path, spans: Sequence[Span]) -> BinaryIO:
    """The stream that these spans of a file make together, opened for reading."""
    return io.BufferedReader(JoinedSpans(path.open("rb"), spans))


def wrong_syntax() -> MediaError:
    """The error for pixels that are not stored as the transfer syntax says."""
    return MediaError(
        "unreadable_file",
        "The pixels of this DICOM file are not stored as its header says (its transfer syntax is "
        "wrong). Export it again.",
    )
