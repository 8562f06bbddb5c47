"""What every uploaded image or video has: the columns that a look at its file fills."""

from typing import TypedDict

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from models.media.sampling import Probe


class MediaMixin:
    """Properties of an image or video: sizes and the proposed square in pixels, times in seconds.

    `width` and `height` are those of the upright picture; `frames` counts the file's frames,
    `sampled_frames` those that are screened. `depth_mm` and `mm_per_pixel` are what the file says
    of the ultrasound field and its scale, null where it does not tell; `notes` are sentences for
    people about what the file lacks or is unusual in it, and quote nothing of it.
    """

    kind: Mapped[str] = mapped_column(String(10))
    format: Mapped[str] = mapped_column(String(10))
    media_type: Mapped[str] = mapped_column(String(50))
    width: Mapped[int]
    height: Mapped[int]
    duration_s: Mapped[float | None]
    frames: Mapped[int]
    sampled_frames: Mapped[int]
    square_x: Mapped[int]
    square_y: Mapped[int]
    square_size: Mapped[int]
    depth_mm: Mapped[float | None]
    mm_per_pixel: Mapped[float | None]
    notes: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")


class MediaColumns(TypedDict):
    """Values of the mixin's columns."""

    kind: str
    format: str
    media_type: str
    width: int
    height: int
    duration_s: float | None
    frames: int
    sampled_frames: int
    square_x: int
    square_y: int
    square_size: int
    depth_mm: float | None
    mm_per_pixel: float | None
    notes: list[str]


def media_columns(probe: Probe) -> MediaColumns:
    """The columns of a recording whose file was probed."""
    return {
        "kind": probe.kind,
        "format": probe.format,
        "media_type": probe.media_type,
        "width": probe.width,
        "height": probe.height,
        "duration_s": probe.duration_s,
        "frames": probe.frames,
        "sampled_frames": probe.sampled,
        "square_x": probe.square.x,
        "square_y": probe.square.y,
        "square_size": probe.square.size,
        "depth_mm": probe.depth_mm,
        "mm_per_pixel": probe.mm_per_pixel,
        "notes": list(probe.notes),
    }
