"""The table of recordings: one row for each image or video as uploaded."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.db import Base, UTCDateTime

if TYPE_CHECKING:
    from backend.tables.screenings import Screening


class Recording(Base):
    """An uploaded image or video.

    Width and height are pixels as shown (after rotation); the square is the proposed crop in
    the same pixels. `pixels_deleted_at` is set when the bytes are gone and the numbers stay.
    """

    __tablename__ = "recordings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    preview_key: Mapped[str] = mapped_column(String(200), unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
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
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    pixels_deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    screenings: Mapped[list["Screening"]] = relationship(
        back_populates="recording", lazy="raise", passive_deletes=True
    )
