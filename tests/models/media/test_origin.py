"""Photographs, films and captures of screens are told by the marks of what made them."""

import io
import struct
import zlib
from pathlib import Path

import av
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from models.media import origin
from models.media.sampling import probe
from tests.media_files import image, speckle, video, write
from tests.models.media.dicom.instances import CAPTURE, US_IMAGE, dataset, grey, saved


def photographed(form: str, tags: dict[Base, object]) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif).update({int(tag): value for tag, value in tags.items()})
    file = io.BytesIO()
    if form != "PNG":
        Image.fromarray(speckle()).save(file, form, exif=exif)
        return file.getvalue()
    # As macOS writes it, before the pixels.
    Image.fromarray(speckle()).save(file, form)
    head, tail = file.getvalue()[:33], file.getvalue()[33:]
    chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    return (
        head
        + struct.pack(">L", len(chunk) - 4)
        + chunk
        + struct.pack(">L", zlib.crc32(chunk))
        + tail
    )


def tagged(tags: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(video("mov")), "r") as source,
        av.open(file, "w", format="mov", options={"movflags": "use_metadata_tags"}) as container,
    ):
        container.metadata.update(tags)
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return file.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("tags", "notes"),
    [
        ({Base.ExposureTime: 0.02}, (origin.PHOTOGRAPH,)),
        ({Base.ISOSpeedRatings: 400}, (origin.PHOTOGRAPH,)),
        ({Base.UserComment: b"ASCII\0\0\0Screenshot"}, (origin.SCREEN,)),
        ({Base.UserComment: b"ASCII\0\0\0Left lung"}, ()),
        ({Base.ColorSpace: 1}, ()),
    ],
    ids=["exposure", "ISO", "screenshot", "comment", "colour space"],
)
def test_of_stills_by_exif(
    form: str, tags: dict[Base, object], notes: tuple[str, ...], tmp_path: Path
) -> None:
    assert probe(write(tmp_path, "still", photographed(form, tags))).notes == notes


@pytest.mark.parametrize(
    ("tags", "notes"),
    [
        (
            {"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone 13"},
            (origin.FILM,),
        ),
        (
            {"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "MacBookAir7,2"},
            (origin.SCREEN,),
        ),
        ({"com.apple.quicktime.author": "ReplayKitRecording"}, (origin.SCREEN,)),
        ({"com.android.capture.fps": "30"}, (origin.FILM,)),
        ({"title": "Lung"}, ()),
    ],
    ids=["phone", "computer", "phone's screen", "Android", "title"],
)
def test_of_clips_by_tags(tags: dict[str, str], notes: tuple[str, ...], tmp_path: Path) -> None:
    assert probe(write(tmp_path, "clip", tagged(tags))).notes == notes


def test_of_others_nothing_is_said(tmp_path: Path) -> None:
    for form in ("JPEG", "PNG", "BMP"):
        assert probe(write(tmp_path, "still", image(form))).notes == ()


@pytest.mark.parametrize(
    ("sop_class", "conversion", "notes"),
    [
        (CAPTURE, "WSD", (origin.SCREEN,)),
        (CAPTURE, "DF", (origin.PHOTOGRAPH,)),
        (US_IMAGE, "WSD", ()),
    ],
)
def test_of_dicom_by_its_class_and_conversion(
    sop_class: str, conversion: str, notes: tuple[str, ...], tmp_path: Path
) -> None:
    made = dataset(grey(1), sop_class, ConversionType=conversion)
    assert probe(saved(made, tmp_path / "instance")).notes == notes


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_costs_no_picture(tmp_path: Path) -> None:
    content = photographed("JPEG", {Base.ExposureTime: 0.02})
    at = content.index(b"Exif\0\0") + 14
    broken = content[:at] + b"\xff" * 20 + content[at + 20 :]
    assert probe(write(tmp_path, "still", broken)).width == 96
