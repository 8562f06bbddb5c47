"""What must never be seen elsewhere: names inside recordings, and secrets in the test run's logs.

Recordings have names, places and machines in every place that a format has for them. What a test
uses as a password, a token or a file name is noted, and `scripts/no_secrets.py` looks through
everything that the processes of the run have logged.
"""

import io
import os
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from PIL import Image, PngImagePlugin
from PIL.ExifTags import GPS, IFD, Base
from pydicom.dataset import Dataset, FileDataset

from scripts.no_secrets import LOGS, SHORTEST
from tests import media_files
from tests.models.media.dicom import instances

SECRET = "Zw8Patient-Rossi"
"""In each of them, in plain bytes; nowhere in what is made of one."""

PASSWORD = "Zw8Password of four words"
"""Of accounts. Those of servers begin with its first word."""

_noted: set[str] = set()


def note(*secrets: str) -> None:
    """Have these looked for in every log of the run, but those shorter than `SHORTEST`."""
    new = {each for each in secrets if len(each) >= SHORTEST and each.isprintable()} - _noted
    if new:
        _noted.update(new)
        LOGS.mkdir(parents=True, exist_ok=True)
        with (LOGS / f"{os.getpid()}.planted").open("a") as file:
            file.writelines(f"{each}\n" for each in new)


LATITUDE = (46, 57, 7747)
PLACE = "+46.9544+007.4389/"


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make] = f"{SECRET} maker"
    exif[Base.Model] = f"{SECRET} model"
    exif[Base.DateTime] = "2026:03:01 10:11:12"
    exif[Base.Artist] = f"{SECRET} artist"
    exif[Base.ImageDescription] = f"{SECRET} described"
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef] = "N"
    place[GPS.GPSLatitude] = LATITUDE
    place[GPS.GPSAreaInformation] = f"{SECRET} ward".encode()
    return exif


def _saved(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(media_files.speckle()).save(file, form, **options)
    return file.getvalue()


def jpeg() -> bytes:
    """EXIF with GPS, a comment, XMP, an ICC profile by name, and text behind the end."""
    content = _saved(
        "JPEG",
        exif=_exif(),
        comment=f"{SECRET} comment".encode(),
        xmp=f"<x:xmpmeta>{SECRET} xmp</x:xmpmeta>".encode(),
        quality=95,
    )
    return content + f"{SECRET} trailer".encode()


def png() -> bytes:
    """eXIf, tEXt, iTXt and zTXt (whose bytes are packed)."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Patient", f"{SECRET} text")
    texts.add_itxt("Referrer", f"{SECRET} international")
    texts.add_text("Packed", f"{SECRET} packed", zip=True)
    return _saved("PNG", pnginfo=texts, exif=_exif())


def webp() -> bytes:
    """EXIF and XMP."""
    return _saved("WEBP", exif=_exif(), xmp=f"<x>{SECRET} xmp</x>".encode(), lossless=True)


def tiff() -> bytes:
    """Tags."""
    return _saved("TIFF", tiffinfo={270: f"{SECRET} described", 305: f"{SECRET} software"})


def gif() -> bytes:
    """Comments in an animation."""
    file = io.BytesIO()
    first, *others = [Image.fromarray(media_files.speckle(seed=n)) for n in range(4)]
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=others,
        duration=200,
        comment=f"{SECRET} comment".encode(),
    )
    return file.getvalue()


def _clip(form: str, codec: str, sound: str, tags: dict[str, str], **options: str) -> bytes:
    """A clip with tags on the file and on its tracks, chapters where the format has them, sound."""
    file = io.BytesIO()
    with av.open(file, "w", format=form, options=options) as container:
        container.metadata.update(tags)
        if form in ("mp4", "mov", "matroska", "webm"):
            container.set_chapters(
                [
                    {
                        "id": 1,
                        "start": 0,
                        "end": 500,
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": f"{SECRET} chapter"},
                    }
                ]
            )
        video = cast("av.VideoStream", container.add_stream(codec, rate=10))
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.metadata["title"] = f"{SECRET} track"
        audio = cast("av.AudioStream", container.add_stream(sound, rate=48000))
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(media_files.speckle(seed=number), format="rgb24")
            container.mux(video.encode(frame))
        ears = av.AudioResampler(
            format=audio.codec_context.format,
            layout="mono",
            rate=48000,
            frame_size=audio.codec_context.frame_size or 960,
        )
        samples = np.random.default_rng(0).normal(0, 0.2, (1, 48000)).astype(np.float32)
        for start in range(0, 48000 - 1152, 1152):
            heard = av.AudioFrame.from_ndarray(
                samples[:, start : start + 1152], format="fltp", layout="mono"
            )
            heard.sample_rate, heard.pts = 48000, start
            for each in ears.resample(heard):
                container.mux(audio.encode(each))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return file.getvalue()


TAGS = {
    "title": f"{SECRET} title",
    "comment": f"{SECRET} comment",
    "artist": f"{SECRET} artist",
    "creation_time": "2026-03-01T10:11:12.000000Z",
}
APPLE = {
    "com.apple.quicktime.make": f"{SECRET} make",
    "com.apple.quicktime.model": f"{SECRET} model",
    "com.apple.quicktime.location.ISO6709": PLACE,
    "location": PLACE,
}


def mov() -> bytes:
    """QuickTime's keys for make, model and place; title, chapters, sound."""
    return _clip("mov", "mpeg4", "aac", TAGS | APPLE, movflags="use_metadata_tags")


def mp4() -> bytes:
    """The same in iTunes' atoms, and a box of free text at the end."""
    text = f"{SECRET} in a free box".encode()
    free = (len(text) + 8).to_bytes(4, "big") + b"free" + text
    return _clip("mp4", "libx264", "aac", TAGS | {"location": PLACE}) + free


def avi() -> bytes:
    """The INFO list, and sound."""
    return _clip("avi", "mpeg4", "mp2", TAGS)


def mpeg() -> bytes:
    """Sound, and the text that a stream's user data may hold."""
    content = _clip("mpeg", "mpeg2video", "mp2", {})
    # Where the first picture begins, a packet of user data may stand (ISO/IEC 13818-2, 6.2.2.2).
    return content + b"\x00\x00\x01\xb2" + SECRET.encode()


def webm() -> bytes:
    """Matroska's tags and chapters, and sound."""
    return _clip("webm", "libvpx", "libopus", TAGS)


def _dicom(made: FileDataset) -> bytes:
    """With names in elements of many kinds, also private and nested, and one in the preamble."""
    made.PatientName, made.PatientID = f"{SECRET}^Elsa", f"{SECRET}-0312"
    made.InstitutionName = made.ReferringPhysicianName = made.StationName = SECRET
    made.ImageComments, made.StudyDate = f"seen by {SECRET}", "20260301"
    made.OtherPatientIDsSequence = [Dataset()]
    made.OtherPatientIDsSequence[0].PatientID = SECRET
    private = made.private_block(0x0009, f"{SECRET} BLOCK", create=True)
    private.add_new(0x10, "LO", SECRET)
    made.preamble = SECRET.encode().ljust(128)
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def dicom() -> bytes:
    """An ultrasound clip."""
    return _dicom(instances.dataset(instances.grey()))


def dicom_video() -> bytes:
    """The same as a stream of video, whose supplemental information names somebody too."""
    content = mpeg()
    return _dicom(instances.video_dataset(content, "1.2.840.10008.1.2.4.100", frames=1))


ALL: dict[str, Callable[[], bytes]] = {
    each.__name__: each
    for each in (jpeg, png, webp, tiff, gif, mov, mp4, avi, mpeg, webm, dicom, dicom_video)
}
