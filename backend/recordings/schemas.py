"""Request and response bodies of recordings."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.contract import Square

RECORDING_EXAMPLE: dict[str, Any] = {
    "id": "6f1c1f0e-7f0b-4b8e-9a52-0c6c6a0d9e11",
    "kind": "video",
    "format": "mp4",
    "width": 1280,
    "height": 720,
    "duration_s": 4.2,
    "frames": 105,
    "sampled_frames": 13,
    "bytes": 1834502,
    "proposed_crop": {"x": 301, "y": 42, "size": 640},
    "depth_mm": None,
    "mm_per_pixel": None,
    "notes": [],
    "preview_url": "/api/v1/recordings/6f1c1f0e-7f0b-4b8e-9a52-0c6c6a0d9e11/preview.jpg",
    "created_at": "2025-03-01T12:00:00Z",
    "expires_at": "2025-03-02T12:00:00Z",
}

DepthMm = Annotated[
    float | None,
    Field(description="How deep the ultrasound field reaches; null where the file does not say."),
]
MmPerPixel = Annotated[
    float | None,
    Field(description="The vertical scale of the picture; null where the file does not say."),
]
Notes = Annotated[
    list[str],
    Field(description="What the file lacks or is unusual in it, in sentences for people."),
]
Pixels = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class Crop(BaseModel):
    """A square part of the image, in source pixels from the upper left corner."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"x": 301, "y": 42, "size": 640}]}
    )

    x: Pixels
    y: Pixels
    size: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]

    @classmethod
    def of(cls, square: Square) -> "Crop":
        """The square as the API shows it."""
        return cls(x=square.x, y=square.y, size=square.size)

    def square(self) -> Square:
        """The same square as the models' type."""
        return Square(self.x, self.y, self.size)


class RecordingOut(BaseModel):
    """An image or video as uploaded."""

    model_config = ConfigDict(json_schema_extra={"examples": [RECORDING_EXAMPLE]})

    id: UUID
    kind: Literal["image", "video"]
    format: str = Field(description="Detected from the content, whatever the file's name says.")
    width: int = Field(description="Pixels, after rotation.")
    height: int
    duration_s: float | None = Field(description="Seconds; null for an image.")
    frames: int = Field(description="Frames in the file.")
    sampled_frames: int = Field(description="Frames that a screening uses, 1 to 30.")
    bytes: int
    proposed_crop: Crop
    depth_mm: DepthMm
    mm_per_pixel: MmPerPixel
    notes: Notes
    preview_url: str | None = Field(description="Null once the pixels are deleted.")
    created_at: datetime
    expires_at: datetime = Field(description="The pixels are deleted then.")
