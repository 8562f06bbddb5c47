"""From an instance that a machine has sent to a recording that waits for its screening.

An instance is accepted once its bytes are in the storage and its rows are committed, and not
before. The same instance again is accepted without a second recording, so that a sender which was
not told of the first success may send it again.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.core.errors import (
    BadRecordingError,
    ConflictError,
    DatabaseUnreachableError,
    PocovidError,
    StorageFullError,
    UnavailableError,
    UnsupportedTypeError,
)
from backend.dicom import repository
from backend.dicom.instance import Identifiers, data_set_sha256, read_identifiers
from backend.http.deps import refuse_if_draining, transaction
from backend.http.multipart import Upload, check_room, disk_errors
from backend.http.services import Services
from backend.recordings import repository as recordings
from backend.recordings.importer import import_upload, refusal
from backend.screenings import service as screenings
from backend.tables import DicomInstance, DicomService
from models.media.formats import MediaError

OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
OTHER_CONTENT = 0xC111
NOT_SUPPORTED = 0x0122
PROCESSING_FAILURE = 0x0110
"""Status of a C-STORE (PS3.4, table B.2-1, and PS3.7, annex C), and reasons of a failure of
STOW-RS (PS3.18, table 10.5.3-1): what is full or away now, a data set that is not what the request
says, one that cannot be read or used, another one with the same SOP Instance UID, a type of object
that is not screened, and what nobody expected.
"""

log = structlog.get_logger(__name__)


class OtherContentError(ConflictError):
    """An instance with the same SOP Instance UID and another content is stored here."""

    default_code = "other_content"


class MismatchError(BadRecordingError):
    """The data set is another instance than the request names."""

    default_code = "other_instance"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the service, the client that its screenings count for, and its AE title."""

    service: DicomService
    client: str
    ae_title: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """An accepted instance: its identifiers, its screening, and whether it is new here."""

    identifiers: Identifiers
    screening_id: UUID | None
    is_new: bool


def receive(
    services: Services,
    sender: Sender,
    path: Path,
    *,
    sop_instance: str | None = None,
    sop_class: str | None = None,
) -> Received:
    """Store an instance and queue its screening; both are committed on return.

    Args:
        services: the process's long-lived objects.
        sender: who sends it.
        path: the file, below the incoming folder; it is moved into the storage.
        sop_instance, sop_class: the UIDs that the request names, where it names any.

    Raises:
        UnsupportedTypeError, BadRecordingError: it is no ultrasound, or cannot be read or used.
        MismatchError: it is not the instance that the request names.
        OtherContentError: another one with the same SOP Instance UID is here.
        StorageFullError, UnavailableError: nothing more can be stored or queued now.
    """
    try:
        return _receive(services, sender, path, sop_instance, sop_class)
    except SQLAlchemyError as error:
        log.warning("dicom_database_unreachable", exc_info=True)
        raise DatabaseUnreachableError("The database is not available.") from error


def _receive(
    services: Services,
    sender: Sender,
    path: Path,
    sop_instance: str | None,
    sop_class: str | None,
) -> Received:
    refuse_if_draining(services)
    check_room(services.settings)
    try:
        with disk_errors():
            identifiers = read_identifiers(path)
            sha256 = data_set_sha256(path)
    except MediaError as error:
        raise refusal(error) from error
    if (sop_instance or identifiers.sop_instance) != identifiers.sop_instance or (
        sop_class or identifiers.sop_class
    ) != identifiers.sop_class:
        raise MismatchError("The data set is not the instance that the request names.")
    if (known := _known(services, identifiers, sha256)) is not None:
        return known
    try:
        return _add(services, sender, path, identifiers, sha256)
    except IntegrityError:
        # Another association has stored this instance meanwhile.
        if (known := _known(services, identifiers, sha256)) is None:
            raise
        return known


def _known(services: Services, identifiers: Identifiers, sha256: str) -> Received | None:
    """The instance as it is stored already.

    Raises:
        OtherContentError: the one that is stored has another content.
    """
    with services.database.read() as session:
        row = repository.instance_by_uid(session, identifiers.sop_instance)
        recording = None if row is None else recordings.get(session, row.recording_id)
    if row is None or recording is None:
        return None
    if not services.storage.exists(recording.storage_key):
        # Its commit may have succeeded although the database did not say so, and what was stored
        # for it was deleted: it counts as not received.
        with transaction(services) as session:
            recordings.remove(session, recording.id)
        return None
    if row.sha256 != sha256:
        raise OtherContentError("Another instance with this SOP Instance UID is stored here.")
    log.info("dicom_instance_again", recording_id=str(row.recording_id))
    return Received(identifiers, row.screening_id, is_new=False)


def _add(
    services: Services, sender: Sender, path: Path, identifiers: Identifiers, sha256: str
) -> Received:
    with disk_errors():
        size = path.stat().st_size
        with path.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest()
    upload = Upload(path, size, whole, crop=None, probe=None)
    with transaction(services) as session:
        screening_id = _import(session, services, sender, upload, identifiers, sha256)
    return Received(identifiers, screening_id, is_new=True)


def _import(
    session: Session,
    services: Services,
    sender: Sender,
    upload: Upload,
    identifiers: Identifiers,
    sha256: str,
) -> UUID:
    settings = services.settings
    recording = import_upload(session, services.storage, settings, upload, None)
    screening = screenings.create(session, settings, sender.client, recording, None)
    repository.add_instance(
        session,
        DicomInstance(
            recording_id=recording.id,
            screening_id=screening.id,
            sop_instance_uid=identifiers.sop_instance,
            sop_class_uid=identifiers.sop_class,
            study_instance_uid=identifiers.study,
            series_instance_uid=identifiers.series,
            transfer_syntax_uid=identifiers.transfer_syntax,
            sha256=sha256,
            service=sender.service,
            calling_ae_title=sender.ae_title,
            received_at=utc_now(),
        ),
    )
    return screening.id


def status_of(error: PocovidError) -> int:
    """The status of a C-STORE, and the reason of a failure of STOW-RS, for this error."""
    if isinstance(error, StorageFullError | UnavailableError):
        return OUT_OF_RESOURCES
    if isinstance(error, OtherContentError):
        return OTHER_CONTENT
    if isinstance(error, MismatchError):
        return MISMATCH
    return NOT_SUPPORTED if isinstance(error, UnsupportedTypeError) else CANNOT_UNDERSTAND
