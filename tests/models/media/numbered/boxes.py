"""Changes to an MP4 or MOV whose index stands at the end: edit lists, matrices, atoms."""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

Edit = tuple[float, float | None]
"""Seconds shown, and from which second of the track's pictures; None shows nothing."""

_NESTED = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
_ONE, _PER_ROW_ONE = 1 << 16, 1 << 30

MATRICES = {
    # EXIF's name of an orientation: a, b, c, d of the display matrix that brings it upright
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}


class Box:
    """A box of ISO/IEC 14496-12: its kind, and its content, taken apart where that is boxes."""

    def __init__(self, kind: bytes, content: bytes) -> None:
        self.kind = kind
        self.content = b"" if kind in _NESTED else content
        self.boxes = list(boxes(content)) if kind in _NESTED else []

    def __bytes__(self) -> bytes:
        content = self.content + b"".join(map(bytes, self.boxes))
        return struct.pack(">I4s", 8 + len(content), self.kind) + content

    def all(self, kind: bytes) -> list["Box"]:
        """The boxes of a kind directly in this one."""
        return [box for box in self.boxes if box.kind == kind]

    def at(self, *way: bytes) -> "Box":
        """The first box on a way of kinds downwards."""
        box = self
        for kind in way:
            box = box.all(kind)[0]
        return box


def boxes(content: bytes) -> Iterator[Box]:
    """The boxes of a file or of a box's content."""
    place = 0
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if length < 8:  # QuickTime ends some lists with a zero
            return
        yield Box(kind, content[place + 8 : place + length])
        place += length


def change(path: Path, how: Callable[[Box], None]) -> Path:
    """Change the index of a file in place; the places of its pictures must not move."""
    parts = list(boxes(path.read_bytes()))
    kinds = [part.kind for part in parts]
    assert kinds.index(b"moov") > kinds.index(b"mdat"), "the index must stand at the end"
    how(parts[kinds.index(b"moov")])
    path.write_bytes(b"".join(map(bytes, parts)))
    return path


def tracks(index: Box, handler: bytes = b"vide") -> list[Box]:
    """The tracks of a kind, in order."""
    return [
        track for track in index.all(b"trak") if track.at(b"mdia", b"hdlr").content[8:12] == handler
    ]


def with_edits(path: Path, edits: Sequence[Edit], track: int = 0) -> Path:
    """Give a video track an edit list; its seconds count from the track's first picture."""

    def edit(index: Box) -> None:
        box = tracks(index)[track]
        (movie_scale,) = struct.unpack_from(">I", index.at(b"mvhd").content, 12)
        (scale,) = struct.unpack_from(">I", box.at(b"mdia", b"mdhd").content, 12)
        first = 0
        for old in box.all(b"edts"):
            first = struct.unpack_from(">i", old.at(b"elst").content, 12)[0]
            box.boxes.remove(old)
        rows = b"".join(
            struct.pack(
                ">Iihh",
                round(seconds * movie_scale),
                -1 if start is None else first + round(start * scale),
                1,
                0,
            )
            for seconds, start in edits
        )
        edits_box = Box(b"edts", b"")
        edits_box.boxes.append(Box(b"elst", struct.pack(">II", 0, len(edits)) + rows))
        box.boxes.insert(1, edits_box)
        length = round(sum(seconds for seconds, _ in edits) * movie_scale)
        for header, place in ((box.at(b"tkhd"), 20), (index.at(b"mvhd"), 16)):
            header.content = _put(header.content, place, struct.pack(">I", length))

    return change(path, edit)


def without_edits(path: Path) -> Path:
    """Take the edit lists away, as older writers do."""

    def drop(index: Box) -> None:
        for track in index.all(b"trak"):
            for old in track.all(b"edts"):
                track.boxes.remove(old)

    return change(path, drop)


def with_orientation(path: Path, orientation: int, *, movie: bool = False) -> Path:
    """Write the display matrix of an orientation into the video track, or into the movie."""

    def turn(index: Box) -> None:
        a, b, c, d = MATRICES[orientation]
        rows = (a * _ONE, b * _ONE, 0, c * _ONE, d * _ONE, 0, 0, 0, _PER_ROW_ONE)
        header = index.at(b"mvhd") if movie else tracks(index)[0].at(b"tkhd")
        header.content = _put(header.content, 36 if movie else 40, struct.pack(">9i", *rows))

    return change(path, turn)


def with_large_sizes(path: Path) -> Path:
    """A file whose pictures lie in a box with a size of 64 bits, as those of long recordings."""
    content = path.read_bytes()
    place = content.index(b"mdat") - 4
    (length,) = struct.unpack_from(">I", content, place)
    # FFmpeg keeps eight bytes free in front of it for this.
    assert content[place - 8 : place] == struct.pack(">I4s", 8, b"free")
    head = struct.pack(">I4sQ", 1, b"mdat", length + 8)
    path.write_bytes(content[: place - 8] + head + content[place + 8 :])
    return path


def with_open_end(path: Path) -> Path:
    """A file whose last box has no size: it goes on to the end."""
    parts = list(boxes(path.read_bytes()))
    index = bytes(parts[-1])
    assert parts[-1].kind == b"moov"
    before = b"".join(map(bytes, parts[:-1]))
    path.write_bytes(before + bytes(4) + index[4:])
    return path


def _put(content: bytes, place: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + len(new) :]
