"""Request and response bodies of what came by DICOM and of deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from backend.tables import DicomService, Status
from backend.tables.vocabulary import JobState

_SCREENING_ID = "0b0e7c66-6f0a-4f4c-8a53-5a0f0f9f6f0d"
_DELIVERY: dict[str, Any] = {
    "id": "f1f3c6b2-5f0c-4a1c-9d1c-2f4f2f1f0a11",
    "screening_id": _SCREENING_ID,
    "peer": "pacs",
    "state": "queued",
    "created_at": "2025-03-01T12:00:02Z",
    "finished_at": None,
    "tries": 2,
    "next_try_at": "2025-03-01T12:00:20Z",
    "problem": "pacs does not answer: no association within 20 seconds.",
}
_INSTANCE: dict[str, Any] = {
    "sop_instance_uid": "1.2.840.113619.2.21.848.34082.0.538976288.3",
    "study_instance_uid": "1.2.840.113619.2.21.848.34082.0.538976288.1",
    "series_instance_uid": "1.2.840.113619.2.21.848.34082.0.538976288.2",
    "sop_class_uid": "1.2.840.10008.5.1.4.1.1.3.1",
    "service": "c_store",
    "calling_ae_title": "WARD3",
    "received_at": "2025-03-01T12:00:00Z",
    "recording_id": "6f1c1f0e-7f0b-4b8e-9a52-0c6c6a0d9e11",
    "screening_id": _SCREENING_ID,
    "status": "done",
}


class InstanceOut(BaseModel):
    """An instance that a machine or a PACS has stored here, while its pixels are kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [_INSTANCE]})

    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    service: DicomService
    calling_ae_title: str = Field(description="Empty for what came by STOW-RS.")
    received_at: datetime
    recording_id: UUID
    screening_id: UUID | None = Field(description="Null where the screening was deleted.")
    status: Status | None = Field(description="The screening's.")


class InstancesOut(BaseModel):
    """Some of them, the newest first."""

    items: list[InstanceOut]
    next: str | None = Field(description="The cursor of the following page.")


class PeerOut(BaseModel):
    """A peer that answers can be sent to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "pacs", "service": "c_store", "queued": 1, "running": 0, "failed": 0}
            ]
        }
    )

    name: str
    service: DicomService
    queued: int
    running: int
    failed: int


class DeliveryIn(BaseModel):
    """Where an answer is to be sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"peer": "pacs"}]})

    peer: str = Field(min_length=1, max_length=40, description="A configured peer's name.")


class DeliveryOut(BaseModel):
    """An answer on its way to a peer."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELIVERY]})

    id: UUID
    screening_id: UUID
    peer: str
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    tries: int
    next_try_at: datetime | None = Field(description="Null where it is not waiting.")
    problem: str | None = Field(
        description="Why it failed, or why the last try did not succeed; one sentence."
    )


class DeliveriesOut(BaseModel):
    """Some of them, the newest first."""

    items: list[DeliveryOut]
    next: str | None = Field(description="The cursor of the following page.")
