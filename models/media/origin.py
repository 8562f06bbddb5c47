"""How a picture came to be, where its file says so: photographed, filmed, captured from a screen.

Told by marks that only cameras and recorders of screens write. Where they are missing, nothing is
known: messengers and editors remove them.
"""

from collections.abc import Mapping

from PIL import ExifTags, Image

PHOTOGRAPH = (
    "This is a photograph, of a screen or a print it seems: the models have learnt from what "
    "ultrasound machines store. Export the recording itself where you can."
)
FILM = (
    "This was filmed with a camera, from a screen it seems: the models have learnt from what "
    "ultrasound machines store. Export the recording itself where you can."
)
SCREEN = (
    "This was captured from a screen: check that the square holds the ultrasound field alone, and "
    "export the recording itself where you can."
)

_EXPOSURE = (
    ExifTags.Base.ExposureTime,
    ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings,
    ExifTags.Base.FocalLength,
)
"""What only a camera knows of a picture."""

_MAKERS = ("com.apple.quicktime.make", "com.android.manufacturer", "com.android.capture.fps")
_REPLAY_KIT = "ReplayKitRecording"
"""Author of what iPhones and iPads record from their own screens."""

_COMPUTER = "mac"
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError)


def notes_of_still(image: Image.Image) -> tuple[str, ...]:
    """Notes on an opened picture, by its EXIF; no pixel is decoded."""
    if image.format == "PNG" and "exif" not in image.info:
        return ()  # Pillow would decode the whole picture to look behind it
    try:
        details = image.getexif().get_ifd(ExifTags.IFD.Exif)
    except (*_UNREADABLE, ValueError):
        return ()  # damaged metadata, on which no picture depends
    if any(tag in details for tag in _EXPOSURE):
        return (PHOTOGRAPH,)
    comment = details.get(ExifTags.Base.UserComment, b"")
    if isinstance(comment, str):
        comment = comment.encode(errors="replace")
    if isinstance(comment, bytes) and comment.endswith(b"Screenshot"):
        return (SCREEN,)
    return ()


def notes_of_clip(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Notes on a clip, by the tags of its container."""
    if metadata.get("com.apple.quicktime.author") == _REPLAY_KIT:
        return (SCREEN,)
    if _COMPUTER in metadata.get("com.apple.quicktime.model", "").casefold():
        return (SCREEN,)
    return (FILM,) if any(name in metadata for name in _MAKERS) else ()
