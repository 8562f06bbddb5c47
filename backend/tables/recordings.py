"""The table of recordings: one row for each image or video as uploaded."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.db import Base, UTCDateTime
from backend.tables.media import MediaMixin

if TYPE_CHECKING:
    from backend.tables.screenings import Screening


class Recording(MediaMixin, Base):
    """An uploaded image or video.

    Width and height are pixels as shown (after rotation); the square is the proposed crop in
    the same pixels. `pixels_deleted_at` is set when the bytes are gone and the numbers stay.
    """

    __tablename__ = "recordings"
    __table_args__ = (
        Index(
            "ix_recordings_pixels_expires_at",
            "expires_at",
            sqlite_where=text("pixels_deleted_at IS NULL"),
            postgresql_where=text("pixels_deleted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    preview_key: Mapped[str] = mapped_column(String(200), unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    pixels_deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    screenings: Mapped[list["Screening"]] = relationship(
        back_populates="recording", lazy="raise", passive_deletes=True
    )
