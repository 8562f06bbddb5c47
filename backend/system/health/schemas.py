"""Response bodies about the service itself."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """The limits of uploads, so that clients can check before they upload."""

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
    max_pixels: int = Field(description="Width times height of an image.")
    max_video_pixels: int = Field(description="Width times height of a video.")
    max_frames: int = Field(description="Frames of a video.")
    min_side: int = Field(description="Pixels of the shorter side, and of the square.")
    types: list[str] = Field(description="Accepted media types.")
    retention_hours: float = Field(description="Uploaded pixels are deleted after this.")
    uploads_per_minute: int
    open_screening: bool = Field(description="Screening needs no account.")
    open_sign_up: bool = Field(description="Anybody can create an account.")


class Queue(BaseModel):
    """Screenings that are not finished."""

    queued: int
    running: int


class Health(BaseModel):
    """Health of the service. `degraded`: uploads are accepted, but not everything works."""

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
    free_bytes: int | None = Field(description="Free space for uploads.")
    queue: Queue
    workers: int = Field(description="Worker processes seen in the last half minute.")
    draining: bool = Field(description="Accepts no new work.")
    version: str
