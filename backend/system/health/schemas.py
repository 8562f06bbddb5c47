"""What goes out about the service itself."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """What may be sent, so that a page can say no before anything is uploaded."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "max_bytes": 200000000,
                    "max_seconds": 600,
                    "max_pixels": 50000000,
                    "max_video_pixels": 9000000,
                    "max_frames": 40000,
                    "min_side": 32,
                    "types": ["image/jpeg", "video/mp4"],
                    "retention_hours": 24,
                    "uploads_per_minute": 30,
                    "open_screening": True,
                    "open_sign_up": True,
                }
            ]
        }
    )

    max_bytes: int
    max_seconds: float = Field(description="Length of a video.")
    max_pixels: int = Field(description="Width times height of a picture.")
    max_video_pixels: int = Field(description="Width times height of a video.")
    max_frames: int = Field(description="Frames in the file of a video.")
    min_side: int = Field(description="Pixels of the shorter side, and of the square.")
    types: list[str] = Field(description="Media types that are read.")
    retention_hours: float = Field(description="Uploaded pixels are deleted then.")
    uploads_per_minute: int
    open_screening: bool = Field(description="Screening needs no account.")
    open_sign_up: bool = Field(description="Everybody can make an account.")


class Queue(BaseModel):
    """Screenings that are not finished."""

    queued: int
    running: int


class Health(BaseModel):
    """Whether the service can answer. `degraded` takes uploads, but not all goes on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "reasons": [],
                    "database": "ok",
                    "storage": "ok",
                    "free_bytes": 80000000000,
                    "queue": {"queued": 2, "running": 1},
                    "workers": 1,
                    "draining": False,
                    "version": "0.1.0",
                }
            ]
        }
    )

    status: Literal["ok", "degraded"]
    reasons: list[str] = Field(description="Why it is degraded.")
    database: Literal["ok"]
    storage: Literal["ok"]
    free_bytes: int | None = Field(description="Room for uploads.")
    queue: Queue
    workers: int = Field(description="Worker processes seen in the last half minute.")
    draining: bool = Field(description="Takes no new work.")
    version: str
