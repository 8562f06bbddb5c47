"""The header of a DICOM file, read without its pixels and within bounds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_partial, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from models.media.dicom.bounded import BoundedReader, inflated, quiet, unreadable
from models.media.formats import MediaError, truncated

_PIXELS = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}
_META_GROUP = 0x0002
_UNDEFINED = 0xFFFFFFFF
_LARGEST_VALUE = 1 << 20
"""Bytes of the longest value that is kept: look-up tables are shorter; other values are dropped."""


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where a file's pixels are: the element's keyword and VR, and its value's place in bytes.

    `length` is None where the header gives none, as with compressed pixels.
    """

    keyword: str
    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """A data set without pixels, with the transfer syntax that its file is written in.

    Look at the data set's elements inside `models.media.dicom.bounded.quiet`. Values of more than
    a mebibyte are missing. `pixels` is None where the file has no pixels.
    """

    dataset: FileDataset
    transfer_syntax: UID
    pixels: PixelElement | None


def read_header(path: Path) -> Header:
    """Read the header of a DICOM file, with or without preamble; no pixel is read.

    Raises:
        MediaError: `unreadable_file` where it cannot be parsed, is nested too deeply or is larger
            than any picture's header; `truncated_file`.
        OSError: the system does not let the file be read.
    """
    with open_content(path) as (header, _):
        return header


@contextmanager
def open_content(path: Path) -> Iterator[tuple[Header, BinaryIO]]:
    """The header, and the open file in which `PixelElement.offset` counts: inflated if need be.

    Raises:
        MediaError: see `read_header`.
        OSError: the system does not let the file be read.
    """
    with path.open("rb") as file:
        with no_quotation():
            preamble, meta = _file_meta(file)
            deflated = meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
        with inflated(file) if deflated else file as content:
            with no_quotation():
                header = _parsed(content, (preamble, meta) if deflated else None)
            yield header, content


def _file_meta(file: BinaryIO) -> tuple[bytes | None, FileMetaDataset]:
    """The preamble, if there is one, and group 0002; leaves the file at the group's end."""
    reader = cast("BinaryIO", BoundedReader(file))
    preamble = read_preamble(reader, force=True)
    meta = read_dataset(
        reader,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _length: tag >> 16 != _META_GROUP,
    )
    return preamble, FileMetaDataset(meta)


def _parsed(file: BinaryIO, meta: tuple[bytes | None, FileMetaDataset] | None) -> Header:
    """The header of a file at its start, or of an inflated data set that belongs to `meta`."""
    file.seek(0)
    bounded = BoundedReader(file)
    reader = cast("BinaryIO", bounded)
    pixels: PixelElement | None = None

    def at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal pixels
        if tag in _PIXELS:
            known = None if length == _UNDEFINED else length
            pixels = PixelElement(_PIXELS[tag], vr or "OW", bounded.tell(), known)
            return True
        if length != _UNDEFINED and bounded.tell() + length > bounded.size:
            raise truncated()
        return False

    if meta is None:
        dataset = read_partial(reader, at_pixels, defer_size=_LARGEST_VALUE, force=True)
        syntax = dataset.file_meta.get("TransferSyntaxUID") or _native_syntax(dataset)
    else:
        bare = read_dataset(
            reader,
            is_implicit_VR=False,
            is_little_endian=True,
            stop_when=at_pixels,
            defer_size=_LARGEST_VALUE,
        )
        preamble, file_meta = meta
        dataset = FileDataset(
            "", bare, preamble, file_meta, is_implicit_VR=False, is_little_endian=True
        )
        syntax = DeflatedExplicitVRLittleEndian
    # Tables are read by what it says of the order of bytes.
    dataset.file_meta.TransferSyntaxUID = UID(str(syntax))
    dataset.buffer = None  # it holds the file, which is closed soon
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag, keep_deferred=True)
        if isinstance(element, RawDataElement) and element.value is None and element.length:
            del dataset[tag]
    return Header(dataset, UID(str(syntax)), pixels)


def _native_syntax(dataset: FileDataset) -> UID:
    """The uncompressed transfer syntax that a file without group 0002 is written in."""
    implicit, little = dataset.original_encoding
    if not little:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


@contextmanager
def no_quotation(instead: Callable[[], MediaError] = unreadable) -> Iterator[None]:
    """Look at a file's elements; whatever is raised becomes an error that quotes none of them.

    pydicom's errors quote the bytes that they are about, which may be somebody's name, so that the
    new error does not lead back to them either.

    Args:
        instead: makes the error that is raised instead.

    Raises:
        MediaError: as made, or what was raised if it is one.
        OSError: the system does not let the file be read.
    """
    try:
        with quiet():
            yield
    except MediaError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise instead() from None
