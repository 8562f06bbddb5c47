"""The messages between the decoding child and the process that started it."""

import struct

from models.media.formats import MediaError

HEAD = struct.Struct("<cLL")
"""Kind of a message, and two numbers: height and width of a picture, or the length of an error."""

PICTURE, ERROR = b"P", b"E"


def undecodable() -> MediaError:
    """The error for pixels that cannot be decoded, or not within the bounds."""
    return MediaError(
        "unreadable_file",
        "The pixels of this DICOM file could not be decoded: they may be damaged, or need too much "
        "time or memory. Export it again, or export the picture as PNG or the clip as MP4.",
    )
