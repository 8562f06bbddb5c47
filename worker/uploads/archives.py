"""Archives: what is in a ZIP, looked at before a byte of it is unpacked, then one file at a time.

What only somebody with bad intent, or a broken program, packs has the whole archive refused. What
happens on any ward's hard disk, such as a ZIP in the ZIP, is that one file's own failure.
"""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from backend.storage.private_files import private_folder
from backend.submissions.fields import unusable
from backend.submissions.manifest import SPREADSHEET
from backend.submissions.uploads import limits
from models.data import file_names

_BATCH_BYTES = 1024 * 1024
_LONGEST_TAIL = 22 + 65535  # the record at a ZIP's end, and the longest comment
_END, _END64, _LOCATOR64 = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_STARTS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_SYMLINK = 0o120000
_FILE_KINDS = 0o170000
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_UNICODE_PATH = 0x7075
_OFFICE_PARTS = ("mimetype", "[Content_Types].xml", "Index/Document.iwa")
_OFFICE_TYPES = (b"application/vnd.oasis.", b"application/vnd.sun.xml")

OFFICE_DOCUMENT = (
    "It is a text or a presentation: send the recordings themselves, as the device saved them."
)


class RefusedFileError(Exception):
    """A file that is refused: a code for programs and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: its place, its name with folders, and why it cannot be unpacked."""

    place: int
    name: str
    bytes: int
    refusal: RefusedFileError | None = None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One file that was unpacked, with what was counted and hashed on the way."""

    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Archive:
    """An archive that was looked at: its files in order, manifests first.

    `skipped` counts the files that computers keep for themselves, which nobody means to send.
    """

    entries: tuple[Entry, ...]
    skipped: int
    _zip: zipfile.ZipFile

    @contextmanager
    def unpacked(self, entry: Entry, folder: Path) -> Iterator[Unpacked]:
        """One file in a private folder below `folder`, there while the context lasts.

        Raises:
            RefusedFileError: its own refusal, or its bytes are damaged.
            OSError: the folder cannot be written to.
        """
        if entry.refusal is not None:
            raise entry.refusal
        digest, size = hashlib.sha256(), 0
        info = self._zip.infolist()[entry.place]
        # others unpack files of the same name at the same time: neither folder nor name is shared,
        # and what the archive calls the file never touches the disk
        with private_folder(folder) as own:
            path = own / "unpacked"
            with _damage_named(), path.open("wb") as target, self._zip.open(info) as source:
                while batch := source.read(_BATCH_BYTES):
                    digest.update(batch)
                    size += len(batch)
                    target.write(batch)
            yield Unpacked(path, size, digest.hexdigest())


def is_archive(file: BinaryIO) -> bool:
    """Whether the file begins as a ZIP does, whatever it is called."""
    file.seek(0)
    return file.read(4) in _STARTS


@contextmanager
def opened(file: BinaryIO, most_file_bytes: int) -> Iterator[Archive]:
    """Look at an archive.

    Args:
        file: the ZIP, open while the context lasts.
        most_file_bytes: what one file of it may hold.

    Raises:
        RefusedFileError: the archive is damaged, a bomb, or would write where it must not.
    """
    if _directory_bytes(file) > limits.MAX_DIRECTORY_BYTES:
        raise _too_many()
    with _damage_named():
        archive = zipfile.ZipFile(file)
    with archive:
        infos = archive.infolist()
        if len(infos) > limits.MAX_ENTRIES:
            raise _too_many(len(infos))
        names = _names(infos)
        for name, info in zip(names, infos, strict=True):
            _check_name(name, info)
        _refuse_office(archive)
        there = [place for place, info in enumerate(infos) if not info.is_dir()]
        files = [place for place in there if not file_names.is_junk(names[place])]
        if not files:
            raise RefusedFileError("archive_empty", "The archive holds no files.")
        _check_size([infos[place] for place in files])
        entries = [_entry(place, names[place], infos[place], most_file_bytes) for place in files]
        entries = list(_without_doubles(entries))
        entries.sort(key=lambda entry: not is_manifest(entry.name))
        yield Archive(tuple(entries), len(there) - len(files), archive)


def is_manifest(name: str) -> bool:
    """Whether a file is a table by its name, which is all that tells a table."""
    return name.casefold().endswith((".csv", ".tsv"))


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError,
            RuntimeError, UnicodeDecodeError) as error:  # fmt: skip
        raise RefusedFileError(
            "archive_damaged",
            "This part of the archive cannot be read: pack it anew, as a plain ZIP.",
        ) from error


def _too_many(count: int | None = None) -> RefusedFileError:
    counted = "more" if count is None else f"{count:,}"
    return RefusedFileError(
        "archive_too_many_files",
        f"The archive holds {counted} entries, and {limits.MAX_ENTRIES:,} are the most. "
        "Split it into several.",
    )


def _check_name(name: str, info: zipfile.ZipInfo) -> None:
    """Refuse an archive that would write outside of its own folder."""
    absolute = name.startswith("/") or (len(name) > 1 and name[1] == ":")
    link = (info.external_attr >> 16) & _FILE_KINDS == _SYMLINK
    if absolute or ".." in PurePosixPath(name).parts or link or "\0" in name:
        raise RefusedFileError(
            "archive_unsafe",
            "The archive holds a link, or a name that leads out of its folder. Pack the "
            "recordings themselves, in plain folders.",
        )


def _names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """The entries' names as text, whatever the archive says or leaves open of their letters."""
    written = [
        info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8_NAME else "cp437")
        for info in infos
    ]
    found = file_names.decode_names(written)
    for place, info in enumerate(infos):
        found[place] = (_unicode_path(info, written[place]) or found[place]).replace("\\", "/")
    return found


def _unicode_path(info: zipfile.ZipInfo, written: bytes) -> str | None:
    """The name in Info-ZIP's extra field, if it is that of these bytes."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        value, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(value) > 5 and value[0] == 1:
            (checksum,) = struct.unpack_from("<L", value, 1)
            if checksum == zlib.crc32(written):
                try:
                    return value[5:].decode()
                except UnicodeDecodeError:
                    return None
    return None


def _refuse_office(archive: zipfile.ZipFile) -> None:
    """Spreadsheets and texts of office programs are ZIPs too, which nobody means to unpack.

    Raises:
        RefusedFileError: it is one.
    """
    names = set(archive.namelist())
    if not names.intersection(_OFFICE_PARTS):
        return
    kind = b""
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
        with _damage_named():
            kind = archive.read("mimetype")
    if names.isdisjoint(_OFFICE_PARTS[1:]) and not kind.startswith(_OFFICE_TYPES):
        return
    inside = any(name.startswith(("xl/", "Index/Tables/")) for name in names)
    if inside or b"spreadsheet" in kind or b".calc" in kind:
        raise RefusedFileError("spreadsheet", SPREADSHEET)
    raise RefusedFileError("office_document", OFFICE_DOCUMENT)


def _check_size(infos: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(info.file_size for info in infos)
    packed = max(1, sum(info.compress_size for info in infos))
    if unpacked > limits.MAX_UNPACKED_BYTES:
        raise RefusedFileError(
            "archive_too_large",
            f"Unpacked, the archive would be larger than {limits.MAX_UNPACKED_BYTES / 1e9:g} GB. "
            "Split it into several.",
        )
    if unpacked > limits.SMALL_BYTES and unpacked / packed > limits.MAX_RATIO:
        raise RefusedFileError(
            "archive_bomb",
            f"Unpacked, the archive would be {unpacked / packed:.0f} times as large as it is, "
            "which no recordings are. Send the files by themselves.",
        )


def _entry(place: int, name: str, info: zipfile.ZipInfo, most_file_bytes: int) -> Entry:
    refusal: RefusedFileError | None = None
    if (reason := unusable("file_name", name)) is not None:
        refusal = RefusedFileError("bad_name", reason)
    elif info.flag_bits & _ENCRYPTED:
        refusal = RefusedFileError(
            "archive_encrypted", "It is encrypted. Pack it without a password."
        )
    elif name.casefold().endswith(_ARCHIVES):
        refusal = nested()
    elif file_names.is_spreadsheet(name):
        refusal = RefusedFileError("spreadsheet", SPREADSHEET)
    elif file_names.is_office_document(name):
        refusal = RefusedFileError("office_document", OFFICE_DOCUMENT)
    elif info.file_size == 0:
        refusal = RefusedFileError("empty_file", "The file is empty.")
    elif info.file_size > most_file_bytes:
        refusal = RefusedFileError(
            "file_too_large",
            f"The file is larger than {most_file_bytes / 1e6:g} MB. Trim it or export it smaller.",
        )
    return Entry(place, name, info.file_size, refusal)


def nested() -> RefusedFileError:
    """The answer to an archive in an archive."""
    return RefusedFileError(
        "nested_archive", "It is an archive in the archive. Unpack it, and send what is in it."
    )


def _without_doubles(entries: list[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in entries:
        name = file_names.canonical(entry.name)
        if name in seen:
            yield replace(
                entry,
                refusal=RefusedFileError(
                    "duplicate_name", "Another file of the archive has the same name."
                ),
            )
        else:
            seen.add(name)
            yield entry


def _directory_bytes(file: BinaryIO) -> int:
    """Size of the list of entries, from the record at the end; `zipfile` reads it as a whole."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _LONGEST_TAIL - 20 - 56))
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + 22:
        raise RefusedFileError(
            "archive_damaged", "The archive's end is missing, as after a broken copy: pack it anew."
        )
    (listed,) = struct.unpack_from("<L", tail, end + 12)
    locator = end - 20
    if locator >= 0 and tail[locator : locator + 4] == _LOCATOR64:
        record = locator - 56
        if record < 0 or tail[record : record + 4] != _END64:
            raise RefusedFileError("archive_damaged", "The archive's list of files is damaged.")
        (listed,) = struct.unpack_from("<Q", tail, record + 40)
    return int(listed)
