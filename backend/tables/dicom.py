"""The tables of DICOM: instances that came over the network, and answers on their way to a peer."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.core.columns import string_enum
from backend.core.db import Base, UTCDateTime
from backend.tables.leases import LeaseMixin

if TYPE_CHECKING:
    from backend.tables.screenings import Screening

UID = String(64)
"""A DICOM UID is at most 64 characters long (PS3.5, section 9.1)."""


class DicomService(StrEnum):
    """The service by which an instance was stored here."""

    C_STORE = "c_store"
    STOW = "stow"


class DicomInstance(Base):
    """An instance that a machine or a PACS has stored here, known by its SOP Instance UID.

    A row lives as long as the pixels of its recording: it tells an instance that is sent again
    from a new one. It holds UIDs and no name, ID or date of a patient; those stay in the stored
    file, which is deleted after the retention time. `sha256` is that of the data set as it was
    sent, without the file's meta information, which every sender writes its own way.
    """

    __tablename__ = "dicom_instances"
    __table_args__ = (
        CheckConstraint("service IN ('c_store', 'stow')", name="service_known"),
        Index("ix_dicom_instances_received_at_id", "received_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    recording_id: Mapped[UUID] = mapped_column(
        ForeignKey("recordings.id", ondelete="CASCADE"), unique=True
    )
    screening_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("screenings.id", ondelete="SET NULL"), index=True
    )
    sop_instance_uid: Mapped[str] = mapped_column(UID, unique=True)
    sop_class_uid: Mapped[str] = mapped_column(UID)
    study_instance_uid: Mapped[str] = mapped_column(UID)
    series_instance_uid: Mapped[str] = mapped_column(UID)
    transfer_syntax_uid: Mapped[str] = mapped_column(UID)
    sha256: Mapped[str] = mapped_column(String(64))
    service: Mapped[DicomService] = mapped_column(string_enum(DicomService, 10))
    calling_ae_title: Mapped[str] = mapped_column(String(16), default="")
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)

    screening: Mapped["Screening | None"] = relationship(lazy="raise")


class Delivery(LeaseMixin, Base):
    """An answer that is sent to a peer: the report of a screening, with its picture.

    There is one for each screening and peer, so that asking twice sends nothing twice; a failed
    one may be queued again. `tries` counts the tries that were begun, and `last_problem` is why
    the last one did not succeed. `requested_by` is the account that asked, null where a setting
    did.
    """

    __tablename__ = "dicom_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state_known"),
        UniqueConstraint("screening_id", "peer"),
        Index("ix_dicom_deliveries_state_queued_at", "state", "queued_at"),
        Index("ix_dicom_deliveries_created_at_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    screening_id: Mapped[UUID] = mapped_column(ForeignKey("screenings.id", ondelete="CASCADE"))
    peer: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    last_problem: Mapped[str | None] = mapped_column(String(300))
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(String(500))
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    screening: Mapped["Screening"] = relationship(lazy="raise")
