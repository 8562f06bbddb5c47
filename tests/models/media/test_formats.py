"""The type of a file is told by its bytes, and a file whose end is missing is refused."""

import struct
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from models.media.formats import (
    ACCEPTED,
    FORMATS,
    MediaError,
    check_complete,
    sniff,
    truncated,
    webp_durations_ms,
)
from tests.media_files import gif, image, video, video_without_duration, write
from tests.models.media.odd_files import animation, clip

KNOWN: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # what it is: content, format, media type
    "JPEG": (lambda: image("JPEG"), "jpeg", "image/jpeg"),
    "PNG": (image, "png", "image/png"),
    "WebP": (lambda: image("WEBP"), "webp", "image/webp"),
    "animated WebP": (lambda: animation("WEBP", [100] * 3), "webp", "image/webp"),
    "BMP": (lambda: image("BMP"), "bmp", "image/bmp"),
    "TIFF": (lambda: image("TIFF"), "tiff", "image/tiff"),
    "TIFF, big end first": (lambda: b"MM\0*" + bytes(60), "tiff", "image/tiff"),
    "still GIF": (lambda: image("GIF"), "gif", "image/gif"),
    "GIF": (gif, "gif", "image/gif"),
    "GIF of 1987": (lambda: b"GIF87a" + bytes(60), "gif", "image/gif"),
    "MP4": (clip, "mp4", "video/mp4"),
    "fragmented MP4": (
        lambda: clip(options={"movflags": "frag_keyframe+empty_moov"}),
        "mp4",
        "video/mp4",
    ),
    "3GP": (lambda: clip("3gp", "mpeg4"), "mp4", "video/mp4"),
    "MOV": (lambda: clip("mov"), "mov", "video/quicktime"),
    "MOV without a type box": (lambda: b"\0\0\0\x08wide" + bytes(60), "mov", "video/quicktime"),
    "AVI": (lambda: clip("avi", "mpeg4"), "avi", "video/x-msvideo"),
    "MPEG program": (lambda: clip("mpeg", "mpeg2video", rate=25), "mpeg", "video/mpeg"),
    "MPEG stream": (lambda: b"\0\0\x01\xb3" + bytes(60), "mpeg", "video/mpeg"),
    "WebM": (lambda: clip("webm", "libvpx"), "webm", "video/webm"),
    "live WebM": (video_without_duration, "webm", "video/webm"),
    "DICOM": (lambda: bytes(128) + b"DICM" + bytes(30), "dicom", "application/dicom"),
    "DICOM, explicit": (lambda: b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "dicom", "application/dicom"),
    "DICOM, implicit": (lambda: b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100", "dicom", "application/dicom"),
    "DICOM, big end first": (
        lambda: b"\0\x08\0\x05CS\0\x0aISO_IR 100",
        "dicom",
        "application/dicom",
    ),
    "DICOM, with a group length": (
        lambda: b"\x02\0\0\0UL\x04\0\xc2\0\0\0",
        "dicom",
        "application/dicom",
    ),
    "DICOM, implicit, with one": (
        lambda: b"\x08\0\0\0\x04\0\0\0\x9a\x01\0\0",
        "dicom",
        "application/dicom",
    ),
    "DICOM with the head of a TIFF": (
        lambda: b"II*\0" + bytes(124) + b"DICM",
        "dicom",
        "application/dicom",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_format_is_known_by_its_bytes_whatever_the_name(name: str, tmp_path: Path) -> None:
    make, form, media_type = KNOWN[name]
    found = sniff(write(tmp_path, "notes.txt", make()))
    assert (found.name, found.media_type) == (form, media_type)


def test_every_format_is_told_to_people() -> None:
    told = ACCEPTED.lower().replace(" or ", ", ").split(", ")
    assert sorted(told) == sorted(FORMATS)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"plain text, again and again " * 9, "neither a picture nor a video"),
        (b"the free text that names a box", "neither a picture nor a video"),
        (b"<!doctype html>", "neither a picture nor a video"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "neither a picture nor a video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "neither a picture nor a video"),
        (b"\x89PNG", "neither a picture nor a video"),
        (bytes(600), "neither a picture nor a video"),
        (b"\0", "neither a picture nor a video"),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("name", ["clip.mp4", "scan.png"])
def test_what_is_no_recording_is_refused_with_advice(
    content: bytes, advice: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(MediaError, match=advice) as refusal:
        sniff(write(tmp_path, name, content))
    assert refusal.value.code == "unsupported_type"
    assert ACCEPTED in refusal.value.message


# What people have on their computers, each by its first bytes, and what the refusal says of it.
NAMED: list[tuple[bytes, str, str]] = [
    (b"%PDF-1.7\n", "PDF", "export"),
    (b"PK\x03\x04" + bytes(30), "ZIP", "unpack it"),
    (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "Office", "export"),
    (b"7z\xbc\xaf\x27\x1c" + bytes(30), "7-Zip", "unpack it"),
    (b"Rar!\x1a\x07\x01\0", "RAR", "unpack it"),
    (b"\x1f\x8b\x08\0", "gzip", "unpack it"),
    (b"\x5c\x01\0\0" + bytes(340) + b"n+1\0", "NIfTI", "export"),
    (b"\x1c\x02\0\0n+2\0\r\n\x1a\n", "NIfTI", "export"),
    (b"NRRD0004\n", "NRRD", "export"),
    (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC", "JPEG"),
    (b"\0\0\0\x1cftypmif1\0\0\0\0", "HEIC", "JPEG"),
    (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc", "HEIC", "JPEG"),
    (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF", "JPEG"),
    (b"\0\0\0\x1cftypavis\0\0\0\0avis", "AVIF", "JPEG"),
    (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF", "JPEG"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1", "raw", "JPEG"),
    (b"II*\0\x10\0\0\0CR\x02\0", "raw", "JPEG"),
    (b"II+\0\x08\0\0\0", "BigTIFF", "TIFF"),
    (b"MM\0+\0\x08\0\0", "BigTIFF", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", "PNG"),
    (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000", "PNG"),
    (b"\xff\x0a\xfa\x1f", "JPEG XL", "PNG"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", "PNG"),
    (b"8BPS\0\1", "Photoshop", "PNG"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", "PNG"),
    (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg width='1'>", "SVG", "PNG"),
    (b"%!PS-Adobe-3.0", "PostScript", "PNG"),
    (b"P5\n640 480\n255\n", "PNM", "PNG"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "WMV", "MP4"),
    ((b"\x47" + bytes(187)) * 3, "MTS", "MP4"),
    ((bytes(4) + b"\x47" + bytes(187)) * 3, "AVCHD", "MP4"),
    (b"FLV\x01\x05\0\0\0\x09", "FLV", "MP4"),
    (b"CWS\x0a", "SWF", "MP4"),
    (b"OggS\0\x02", "Ogg", "MP4"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01", "MXF", "MP4"),
    (b".RMF\0\0\0\x12", "RealMedia", "MP4"),
    (b"YUV4MPEG2 W320 H240", "Y4M", "MP4"),
    (b"\x1f\x07\0\x3f", "DV", "MP4"),
    (b"\0\0\0\x01\x67\x64\0\x1f", "H.264", "MP4"),
    (b"ID3\x04\0\0\0\0\0\0", "audio", "without any picture"),
    (b"RIFF\x24\0\0\0WAVEfmt ", "audio", "without any picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office", ""),
    (b"\0\x05\x16\x07\0\x02\0\0", "macOS", ""),
]


@pytest.mark.parametrize(
    ("content", "kind", "advice"),
    NAMED,
    ids=[f"{kind}-{n}" for n, (_, kind, _) in enumerate(NAMED)],
)
def test_what_is_not_read_is_named_with_what_helps(
    content: bytes, kind: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(MediaError) as refusal:
        sniff(write(tmp_path, "clip.mp4", content))
    assert refusal.value.code == "unsupported_type"
    said = refusal.value.message.removesuffix(f" Send {ACCEPTED}.")
    assert said != refusal.value.message
    assert kind in said
    assert advice in said


@pytest.mark.parametrize("form", ["mpegts", "asf", "flv", "ogg", "mxf", "h264"])
def test_what_ffmpeg_writes_is_named_too(form: str, tmp_path: Path) -> None:
    codecs = {"asf": "msmpeg4", "flv": "flv", "ogg": "libtheora", "mxf": "mpeg2video"}
    codec = codecs.get(form, "libx264")
    if codec not in av.codecs_available:
        codec = "libvpx" if form == "ogg" else "mpeg4"
    content = video(form, codec, rate=25, seconds=0.4)
    with pytest.raises(MediaError, match=r"^This is an? ") as refusal:
        sniff(write(tmp_path, "clip.mp4", content))
    assert refusal.value.code == "unsupported_type"


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as refusal:
        sniff(write(tmp_path, "scan.png", b""))
    assert refusal.value.code == "empty_file"


TELLS_ITS_END: dict[str, Callable[[], bytes]] = {
    "GIF": lambda: animation("GIF", [100] * 3),
    "noisy GIF": lambda: gif(2, 40, 32),
    "WebP": lambda: image("WEBP"),
    "AVI": lambda: clip("avi", "mpeg4", frames=3),
    "MP4": lambda: clip(frames=3),
    "MP4, index first": lambda: clip(frames=3, options={"movflags": "faststart"}),
    "MOV": lambda: clip("mov", frames=3),
    "WebM": lambda: clip("webm", "libvpx", frames=3),
}


@pytest.mark.parametrize("name", TELLS_ITS_END)
def test_no_beginning_of_a_file_passes_for_the_whole(name: str, tmp_path: Path) -> None:
    content = TELLS_ITS_END[name]()
    path = write(tmp_path, "whole", content)
    form = sniff(path)
    check_complete(path, form)
    # A RIFF may lack the last byte, where that only evens its length.
    for length in range(64, len(content) - 1, max(1, len(content) // 100)):
        path.write_bytes(content[:length])
        with pytest.raises(MediaError) as refusal:
            check_complete(path, form)
        assert refusal.value.code == "truncated_file", length


def test_a_cut_fragmented_mp4_is_refused(tmp_path: Path) -> None:
    content = video(seconds=3, options={"movflags": "frag_keyframe+empty_moov"})
    last = content.rindex(b"mdat")
    path = write(tmp_path, "cut.mp4", content[: last + 50])
    with pytest.raises(MediaError) as refusal:
        check_complete(path, sniff(path))
    assert refusal.value.code == "truncated_file"


@pytest.mark.parametrize(
    "make",
    [
        lambda: gif() + b"bytes that an archive left behind",
        lambda: gif() + bytes(5000),
        lambda: clip() + b"junk",
        lambda: clip() + b"\xff" * 100,
        lambda: clip("avi", "mpeg4") + b"junk",
        lambda: image("WEBP") + b"junk",
    ],
    ids=["GIF, text", "GIF, padding", "MP4, short", "MP4", "AVI", "WebP"],
)
def test_what_follows_the_end_does_no_harm(make: Callable[[], bytes], tmp_path: Path) -> None:
    path = write(tmp_path, "longer", make())
    check_complete(path, sniff(path))


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF])
def test_an_avi_written_as_a_stream_need_not_know_its_length(declared: int, tmp_path: Path) -> None:
    content = clip("avi", "mpeg4")
    path = write(tmp_path, "stream.avi", content[:4] + struct.pack("<I", declared) + content[8:])
    check_complete(path, sniff(path))


def test_a_live_webm_need_not_know_its_length(tmp_path: Path) -> None:
    path = write(tmp_path, "live.webm", video_without_duration()[:-500])
    check_complete(path, sniff(path))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "content",
    [b"\0\0\0\x08free" * 2_000_000, b"\0\0\0\x01mdat" + bytes(7) + b"\x10" + bytes(16_000_000)],
    ids=["boxes without end", "a box of no length"],
)
def test_a_walk_over_boxes_ends(content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, "boxes.mov", content)
    with pytest.raises(MediaError) as refusal:
        check_complete(path, sniff(path))
    assert refusal.value.code == "truncated_file"


@pytest.mark.timeout(10)
def test_a_walk_over_webp_chunks_ends(tmp_path: Path) -> None:
    content = b"RIFF\0\0\0\0WEBP" + b"ABCD\0\0\0\0" * 2_000_000
    assert webp_durations_ms(write(tmp_path, "chunks.webp", content)) == []


def test_durations_of_an_animated_webp(tmp_path: Path) -> None:
    path = write(tmp_path, "a.webp", animation("WEBP", [40, 700, 11]))
    assert webp_durations_ms(path) == [40, 700, 11]


def test_a_webp_frame_of_no_duration_to_speak_of_counts_as_browsers_show_it(tmp_path: Path) -> None:
    path = write(tmp_path, "a.webp", animation("WEBP", [0, 10, 250]))
    assert webp_durations_ms(path) == [100, 100, 250]


def test_a_still_webp_has_no_durations(tmp_path: Path) -> None:
    assert webp_durations_ms(write(tmp_path, "s.webp", image("WEBP"))) == []


def test_an_error_is_a_code_and_a_sentence() -> None:
    error = truncated()
    assert error.code == "truncated_file"
    assert str(error) == error.message
    assert error.message.endswith(".")
