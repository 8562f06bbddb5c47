"""Reports that are asked for, deliveries to peers, and lists of what came."""

from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import Database, utc_now
from backend.core.errors import BadRecordingError, ConflictError, GoneError, NotFoundError
from backend.core.settings import Settings
from backend.dicom import peers, repository
from backend.dicom.answer import Answer
from backend.dicom.objects import DICOM, report_of, to_bytes
from backend.dicom.schemas import (
    DeliveriesOut,
    DeliveryOut,
    InstanceOut,
    InstancesOut,
    PeerOut,
)
from backend.jobs import leases
from backend.jobs.kinds import DELIVERY
from backend.storage.base import MissingObjectError, Storage
from backend.tables import Delivery, DicomInstance, DicomService, Screening, User
from backend.tables.vocabulary import JobState
from models.media.formats import MediaError

log = structlog.get_logger(__name__)


def report(database: Database, storage: Storage, screening_id: UUID) -> bytes:
    """The structured report of a screening, as a file.

    Raises:
        NotFoundError: there is no such screening.
        ConflictError: it is not done, or its recording did not come as DICOM.
        GoneError: the pixels, and with them the patient's and the study's names, were deleted.
        BadRecordingError: the recording has no UIDs that a report could refer to.
    """
    with database.read() as session:
        screening = _find(session, screening_id)
        answer = _answer(screening)
    try:
        with storage.local(screening.recording.storage_key) as path:
            return to_bytes(report_of(path, answer))
    except MissingObjectError as error:
        raise _gone() from error
    except MediaError as error:
        raise BadRecordingError(error.message, code=error.code) from error


def _find(session: Session, screening_id: UUID) -> Screening:
    screening = repository.screening_of(session, screening_id)
    if screening is None:
        raise NotFoundError(f"There is no screening {screening_id}.")
    return screening


def _answer(screening: Screening) -> Answer:
    """The answer, if it can be written into a record."""
    if screening.recording.format != DICOM:
        raise ConflictError(
            "This recording did not come as DICOM, so there is no study to report to.",
            code="not_dicom",
        )
    answer = Answer.of(screening)
    if answer is None:
        raise ConflictError("This screening has no answer to report.", code="not_done")
    if screening.recording.pixels_deleted_at is not None:
        raise _gone()
    return answer


def _gone() -> GoneError:
    return GoneError(
        "The recording was deleted after the retention time, and with it what a report names."
    )


def deliver(
    session: Session, settings: Settings, user: User, screening_id: UUID, peer: str
) -> DeliveryOut:
    """Queue the delivery of an answer to a peer, again if it has failed or was delivered.

    One that waits or runs is left as it is. The peer gets the same SOP Instance UIDs each time.

    Raises:
        InvalidInputError: there is no such peer.
        NotFoundError, ConflictError, GoneError: as `report`.
    """
    found = peers.find(settings, peer)
    _answer(_find(session, screening_id))
    now = utc_now()
    repository.add_deliveries(session, screening_id, [found.name], now)
    row = repository.lock_delivery(session, screening_id, found.name)
    if row is None:
        raise NotFoundError(f"There is no screening {screening_id}.")
    if row.state in (JobState.DONE, JobState.FAILED) or row.notified_at is None:
        row.requested_by, row.queued_at, row.finished_at = user.id, now, None
        row.last_problem = None
        leases.enqueue(session, DELIVERY, row, now)
        audit.record(session, user, "dicom.delivery_asked", "screening", screening_id, peer=peer)
        log.info("delivery_queued", screening_id=str(screening_id), peer=peer)
    return _to_schema(row)


def deliveries_of(session: Session, screening_id: UUID) -> list[DeliveryOut]:
    """The deliveries of a screening.

    Raises:
        NotFoundError: there is no such screening.
    """
    _find(session, screening_id)
    return [_to_schema(row) for row in repository.deliveries_of(session, screening_id)]


def deliveries(
    session: Session, state: JobState | None, cursor: str | None, limit: int
) -> DeliveriesOut:
    """A page of all deliveries, the newest first.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """
    page = repository.deliveries(session, state, cursor, limit)
    return DeliveriesOut(items=[_to_schema(row) for row in page.rows], next=page.next)


def instances(session: Session, cursor: str | None, limit: int) -> InstancesOut:
    """A page of what came by DICOM, the newest first.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """
    page = repository.instances(session, cursor, limit)
    return InstancesOut(items=[_instance(row) for row in page.rows], next=page.next)


def list_peers(session: Session, settings: Settings) -> list[PeerOut]:
    """The configured peers, and how many deliveries to them wait, run or have failed."""
    counted = repository.delivery_counts(session)
    return [
        PeerOut(
            name=name,
            service=(
                DicomService.C_STORE if isinstance(peer, peers.DimsePeer) else DicomService.STOW
            ),
            queued=counted.get(name, {}).get(JobState.QUEUED, 0),
            running=counted.get(name, {}).get(JobState.RUNNING, 0),
            failed=counted.get(name, {}).get(JobState.FAILED, 0),
        )
        for name, peer in peers.peers(settings).items()
    ]


def _to_schema(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.id,
        screening_id=row.screening_id,
        peer=row.peer,
        state=row.state,
        created_at=row.created_at,
        finished_at=row.finished_at,
        tries=row.tries,
        next_try_at=row.due_at if row.state == JobState.QUEUED else None,
        problem=None if row.state == JobState.DONE else row.error_message or row.last_problem,
    )


def _instance(row: DicomInstance) -> InstanceOut:
    return InstanceOut(
        sop_instance_uid=row.sop_instance_uid,
        study_instance_uid=row.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        sop_class_uid=row.sop_class_uid,
        service=row.service,
        calling_ae_title=row.calling_ae_title,
        received_at=row.received_at,
        recording_id=row.recording_id,
        screening_id=row.screening_id,
        status=None if row.screening is None else row.screening.status,
    )
