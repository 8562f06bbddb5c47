"""Files that were sent for a submission, read from the pieces in which they lie in the storage."""

import io
import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from backend.storage.base import MissingObjectError, Storage
from backend.storage.keys import pieces_folder, upload_key
from backend.storage.private_files import private_folder
from backend.submissions.uploads import repository
from backend.tables import UploadPiece
from worker import process
from worker.task import reading, transaction

_BUFFER_BYTES = 256 * 1024


@contextmanager
def opened(upload_id: UUID, size: int) -> Iterator[BinaryIO]:
    """The file, to read and to seek in: nothing is copied, and of a bucket only what is read comes.

    Args:
        upload_id: the file.
        size: its bytes.

    Raises:
        MissingObjectError: bytes of it are not in the storage, now or when they are read.
    """
    with reading() as session:
        pieces = repository.pieces(session, upload_id)
    if not pieces:  # it came before files were kept in pieces
        pieces = [UploadPiece(start=0, bytes=size, key=upload_key(upload_id))]
    if sum(piece.bytes for piece in pieces) != size:
        raise MissingObjectError(pieces_folder(upload_id))
    joined = _Joined(process.current().storage, pieces)
    with io.BufferedReader(joined, _BUFFER_BYTES) as file:
        yield cast("BinaryIO", file)


@contextmanager
def local(file: BinaryIO) -> Iterator[Path]:
    """A copy of the file that `opened` gave, in a private folder while the context lasts."""
    with private_folder(process.current().settings.incoming_dir) as folder:
        path = folder / "arrived"
        file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, _BUFFER_BYTES)
        yield path


def delete(upload_id: UUID) -> None:
    """Delete the bytes of a file that is imported or refused."""
    storage = process.current().storage
    storage.delete_folder(pieces_folder(upload_id))
    storage.delete(upload_key(upload_id))
    with transaction() as session:
        repository.delete_pieces(session, upload_id)


class _Joined(io.RawIOBase):
    """Stored pieces as one file."""

    def __init__(self, storage: Storage, pieces: Sequence[UploadPiece]) -> None:
        self._storage = storage
        self._pieces = pieces
        self._starts = [piece.start for piece in pieces]
        self._size = pieces[-1].start + pieces[-1].bytes
        self._at = 0
        self._source: BinaryIO | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read on from another place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        place = max(0, base + offset)
        if place != self._at:
            self._let_go()
        self._at = place
        return place

    def readinto(self, buffer: Any) -> int:
        """Read what one piece has of it."""
        if self._at >= self._size or not len(buffer):
            return 0
        piece = self._pieces[bisect_right(self._starts, self._at) - 1]
        end = piece.start + piece.bytes
        if self._source is None:
            self._source = self._storage.open(piece.key, self._at - piece.start)
        content = self._source.read(min(len(buffer), end - self._at))
        if not content:
            raise MissingObjectError(piece.key)
        buffer[: len(content)] = content
        self._at += len(content)
        if self._at == end:
            self._let_go()
        return len(content)

    def close(self) -> None:
        """Let go of the storage."""
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None
