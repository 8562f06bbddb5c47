import struct
import traceback
import zlib
from dataclasses import replace
from pathlib import Path

import pydicom.data
import pytest

from models.media import limits
from models.media.dicom.bounded import quiet
from models.media.dicom.header import read_header
from models.media.formats import MediaError

PYDICOM = Path(pydicom.data.__file__).parent / "test_files"
META = b"\0" * 128 + b"DICM"
NAME = b"LINDQVIST^ELSA"


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """An element in explicit VR little endian."""
    long = vr in (b"OB", b"OW", b"SQ", b"UN", b"UT")
    length = struct.pack("<xxL" if long else "<H", len(value))
    return struct.pack("<HH2s", group, number, vr) + length + value


def refused(path: Path) -> MediaError:
    with pytest.raises(MediaError) as refusal:
        read_header(path)
    return refusal.value


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "syntax", "place"),
    [
        ("examples_rgb_color.dcm", "Explicit VR Little Endian", (1160, 230400)),
        ("examples_jpeg2k.dcm", "JPEG 2000 Image Compression (Lossless Only)", (1426, None)),
        ("image_dfl.dcm", "Deflated Explicit VR Little Endian", (538, 262144)),
        ("MR_small_bigendian.dcm", "Explicit VR Big Endian", (1516, 8192)),
        ("MR_small_implicit.dcm", "Implicit VR Little Endian", (1510, 8192)),
    ],
)
def test_the_header_is_read_and_the_pixels_are_located(
    name: str, syntax: str, place: tuple[int, int | None]
) -> None:
    header = read_header(PYDICOM / name)
    assert header.transfer_syntax.name == syntax
    assert header.pixels is not None
    assert (header.pixels.offset, header.pixels.length) == place
    with quiet():
        assert "PixelData" not in header.dataset
        assert header.dataset.Rows > 0


def test_sequences_nested_a_thousand_deep_are_refused(tmp_path: Path) -> None:
    opened = struct.pack("<HH2sxxL", 0x0040, 0xA730, b"SQ", 0xFFFFFFFF)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    path = written(tmp_path, META + element(8, 0x60, b"CS", b"US") + (opened + item) * 1000)
    assert refused(path).code == "unreadable_file"


def test_a_header_of_millions_of_elements_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, META + element(8, 0x60, b"CS", b"US") * 500_000)
    assert refused(path).code == "unreadable_file"


def test_an_element_longer_than_the_file_is_truncated(tmp_path: Path) -> None:
    head = META + element(8, 0x60, b"CS", b"US")
    path = written(tmp_path, head + struct.pack("<HH2sxxL", 9, 0x10, b"UN", 4_000_000_000) + NAME)
    assert refused(path).code == "truncated_file"


def test_a_long_value_is_dropped_and_not_read(tmp_path: Path) -> None:
    long = element(9, 0x10, b"UN", b"x" * (limits.LIMITS.header_bytes + 2))
    header = read_header(
        written(
            tmp_path, META + element(8, 0x60, b"CS", b"US") + long + element(16, 16, b"PN", NAME)
        )
    )
    with quiet():
        assert (9, 0x10) not in header.dataset
        assert header.dataset.PatientName == NAME.decode()


def test_what_inflates_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMITS", replace(limits.LIMITS, inflated_bytes=1 << 20))
    syntax = element(2, 0x10, b"UI", b"1.2.840.10008.1.2.1.99")
    inflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    content = inflate.compress(b"\0" * (4 << 20)) + inflate.flush()
    assert refused(written(tmp_path, META + syntax + content)).code == "unreadable_file"
    assert refused(written(tmp_path, META + syntax + content[:-9])).code == "unreadable_file"


def test_a_deflated_file_that_stops_is_truncated(tmp_path: Path) -> None:
    whole = (PYDICOM / "image_dfl.dcm").read_bytes()
    assert refused(written(tmp_path, whole[: len(whole) // 2])).code == "truncated_file"


def test_no_error_leads_to_what_pydicom_quotes(tmp_path: Path) -> None:
    # A group length of nine bytes, with which pydicom quotes all of them.
    path = written(tmp_path, META + element(2, 0, b"UL", b"LINDQVIST") + bytes(200))
    with pytest.raises(MediaError) as refusal:
        read_header(path)
    assert refusal.value.code == "unreadable_file"
    assert "LINDQVIST" not in "".join(traceback.format_exception(refusal.value))


def test_no_error_quotes_the_header(tmp_path: Path) -> None:
    head = META + element(8, 0x60, b"CS", NAME)
    errors = [
        refused(written(tmp_path, head + element(40, 0x10, b"US", b"\1")[:-1])),
        refused(written(tmp_path, META + NAME * 20)),
    ]
    for error in errors:
        assert NAME.decode() not in error.message
