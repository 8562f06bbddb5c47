"""The table of what all processes of an installation share."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base, UTCDateTime


class Installation(Base):
    """The one row about this installation.

    `key` is what pseudonyms and clients' addresses are hashed with, hexadecimal; null where it is
    given by a setting. `key_fingerprint` tells keys apart and leads back to none of them.
    `key_origin` is `made` here, read from a data folder's `file` of an earlier version, or given
    by a `setting`. `created_at` is when the installation came to have one key.
    """

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("key_origin IN ('made', 'file', 'setting')", name="origin_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str | None] = mapped_column(String(500))
    key_fingerprint: Mapped[str] = mapped_column(String(32))
    key_origin: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
