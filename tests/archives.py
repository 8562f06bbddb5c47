"""ZIPs made on the spot: good ones, and each kind that must not get in."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial

from tests import media_files


def packed(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A plain ZIP."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def pictures(count: int) -> dict[str, bytes]:
    """Distinct small pictures by name."""
    return {f"ward/{n:03}.png": media_files.image(seed=n) for n in range(count)}


def with_raw_name(name: str) -> bytes:
    """A ZIP whose only entry has a name that no honest program writes."""
    honest = "x" * len(name)
    return packed({honest: media_files.image()}).replace(honest.encode(), name.encode())


class _StoredName(zipfile.ZipInfo):
    """An entry whose name is written as these bytes, without the flag of UTF-8."""

    stored = b""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's own name
        return self.stored, self.flag_bits


def with_stored_names(names: Mapping[bytes, bytes]) -> bytes:
    """Pictures under names as these bytes, each with an extra field."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, (name, extra) in enumerate(names.items()):
            info = _StoredName(name.decode("cp437"))
            info.stored, info.extra = name, extra
            archive.writestr(info, media_files.image(seed=number))
    return file.getvalue()


def unicode_path(name: bytes, said: str) -> bytes:
    """Info-ZIP's extra field with the name of an entry in Unicode."""
    value = b"\1" + struct.pack("<L", zlib.crc32(name)) + said.encode()
    return struct.pack("<HH", 0x7075, len(value)) + value


def with_symlink() -> bytes:
    """A ZIP with a link to a file of the system."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("lung.png")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def bomb() -> bytes:
    """Kilobytes that unpack to a thousand times as much: three files of 20 MB of nothing."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for n in range(3):
            with archive.open(f"{n}.mp4", "w", force_zip64=True) as entry:
                for _ in range(20):
                    entry.write(bytes(1_000_000))
    return file.getvalue()


def lying_about_sizes() -> bytes:
    """A ZIP whose directory says that a file is small, which it is not."""
    content = bytearray(packed({"a.png": bytes(5_000_000)}))
    directory = content.index(b"PK\1\2")
    struct.pack_into("<L", content, directory + 24, 100)
    return bytes(content)


def announcing_a_huge_directory() -> bytes:
    """A ZIP whose end tells of a list of entries of 4 GB."""
    content = bytearray(packed(pictures(1)))
    struct.pack_into("<L", content, content.rindex(b"PK\5\6") + 12, 0xFFFFFFF0)
    return bytes(content)


def with_many_entries(count: int = 100_000) -> bytes:
    """A ZIP of so many empty files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for n in range(count):
            archive.writestr(f"{n}", b"")
    return file.getvalue()


def encrypted(name: str = "secret.png") -> bytes:
    """A ZIP whose entry says that it needs a password."""
    content = bytearray(packed({name: media_files.image()}))
    for start, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(start) + flags] |= 1
    return bytes(content)


def damaged() -> bytes:
    """A ZIP whose entry has other bytes than were packed."""
    content = bytearray(packed({"lung.png": media_files.image()}, zipfile.ZIP_STORED))
    content[content.index(b"IDAT") + 20] ^= 0xFF
    return bytes(content)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (bomb, "archive_bomb"),
    "a parent folder": (partial(with_raw_name, "../../etc/cron.d/x.png"), "archive_unsafe"),
    "a parent folder, Windows": (partial(with_raw_name, "..\\..\\evil.png"), "archive_unsafe"),
    "an absolute name": (partial(with_raw_name, "/etc/cron.d/evil.png"), "archive_unsafe"),
    "a drive": (partial(with_raw_name, "C:\\windows\\evil.png"), "archive_unsafe"),
    "a symlink": (with_symlink, "archive_unsafe"),
    "100,000 entries": (with_many_entries, "archive_too_many_files"),
    "1,001 entries": (partial(with_many_entries, 1001), "archive_too_many_files"),
    "a huge directory": (announcing_a_huge_directory, "archive_too_many_files"),
    "no end": (lambda: packed(pictures(3))[:-40], "archive_damaged"),
    "no files": (lambda: packed({"folder/": b""}), "archive_empty"),
}
"""Archives that are refused as a whole, before a byte of them is unpacked."""


def office_open_xml(folder: str) -> bytes:
    """What Word, Excel and PowerPoint save, as far as a ZIP's list of files tells."""
    names = ("[Content_Types].xml", "_rels/.rels", f"{folder}/document.xml", f"{folder}/styles.xml")
    return packed(dict.fromkeys(names, b"<?xml version='1.0'?><x/>"))


def open_document(kind: str) -> bytes:
    """What LibreOffice saves."""
    kind = f"application/vnd.oasis.opendocument.{kind}"
    return packed({"mimetype": kind.encode(), "content.xml": b"<x/>"})


OFFICE: dict[str, tuple[Callable[[], bytes], str]] = {
    "XLSX": (partial(office_open_xml, "xl"), "spreadsheet"),
    "ODS": (partial(open_document, "spreadsheet"), "spreadsheet"),
    "DOCX": (partial(office_open_xml, "word"), "office_document"),
    "PPTX": (partial(office_open_xml, "ppt"), "office_document"),
    "ODT": (partial(open_document, "text"), "office_document"),
}
"""Files of office programs, which are ZIPs inside, and the code of their refusal."""

FAILING: dict[str, tuple[Callable[[], bytes], str]] = {
    "an archive in it": (lambda: packed({"x.zip": packed(pictures(1))}), "nested_archive"),
    "an archive by its bytes": (lambda: packed({"x.mp4": packed(pictures(1))}), "nested_archive"),
    "a compressed file": (lambda: packed({"x.dcm.gz": gzip.compress(b"DICM")}), "nested_archive"),
    "a spreadsheet": (lambda: packed({"x.xlsx": office_open_xml("xl")}), "spreadsheet"),
    "a text": (lambda: packed({"x.docx": office_open_xml("word")}), "office_document"),
    "an old spreadsheet": (lambda: packed({"x.XLS": b"\xd0\xcf\x11\xe0" * 200}), "spreadsheet"),
    "a password": (encrypted, "archive_encrypted"),
    "damage": (damaged, "archive_damaged"),
    "a lie about a size": (lying_about_sizes, "archive_damaged"),
    "an empty file": (lambda: packed({"lung.png": b""}), "empty_file"),
    "no recording": (lambda: packed({"letter.doc": b"Dear all" * 50}), "unsupported_type"),
    "a broken recording": (
        lambda: packed({"lung.mp4": media_files.truncated(media_files.video(seconds=3))}),
        "truncated_file",
    ),
}
"""Archives with one file that cannot be taken in; the others of an archive can."""
