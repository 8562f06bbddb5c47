"""Size limits of a recording, and the errors for exceeding them."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.media.formats import MediaError
from models.media.square import SMALLEST_SIDE


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits checked before decoding: pixels per picture, seconds, frames, side length.

    Of a DICOM file: bytes and reads that parsing its header may take, bytes it may inflate to,
    and the memory in bytes and seconds, at the start and for each frame, of its decoder's process.
    """

    image_pixels: int = 50_000_000
    video_pixels: int = 9_000_000
    seconds: float = 600.0
    frames: int = 40_000
    smallest_side: int = SMALLEST_SIDE
    undecodable_frames: int = 300
    header_bytes: int = 16 << 20
    header_reads: int = 100_000
    inflated_bytes: int = 512 << 20
    decoder_bytes: int = 3 << 30
    decoder_start_s: float = 30.0
    decoder_frame_s: float = 10.0


LIMITS = Limits()


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse a picture that is too large or too small.

    Raises:
        MediaError: `too_many_pixels` or `too_small`.
    """
    if width * height > max_pixels:
        raise too_many_pixels(max_pixels)
    if min(width, height) < LIMITS.smallest_side:
        raise MediaError(
            "too_small",
            f"The picture measures {width}×{height} pixels; "
            f"each side must have at least {LIMITS.smallest_side}.",
        )


def check_length(times_s: Sequence[float], duration_s: float) -> None:
    """Refuse a clip of too many frames or seconds.

    Raises:
        MediaError: `too_many_frames` or `too_long`.
    """
    if len(times_s) > LIMITS.frames:
        raise too_many_frames()
    if duration_s > LIMITS.seconds:
        raise MediaError(
            "too_long",
            f"The video lasts {duration_s / 60:.0f} minutes; at most {LIMITS.seconds / 60:.0f} "
            "can be screened. Cut out the part that shows the lung.",
        )


def too_many_pixels(max_pixels: int) -> MediaError:
    """The error for a picture above the limit."""
    return MediaError(
        "too_many_pixels",
        f"The picture has more than {max_pixels / 1e6:.0f} million pixels. Export it smaller.",
    )


def too_many_frames() -> MediaError:
    """The error for a clip above the limit."""
    return MediaError(
        "too_many_frames",
        f"The video has more than {LIMITS.frames} frames. Cut out the part that shows the lung.",
    )


def no_frames() -> MediaError:
    """The error for a file in which nothing could be decoded."""
    return MediaError(
        "no_frames", "No picture could be decoded from this file. Export it again, as MP4 say."
    )
