"""From an uploaded file to a recording: probe it, make a preview, store both, write the row."""

from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core.db import undo_on_rollback, utc_now
from backend.core.errors import BadRecordingError, RefusedError, UnsupportedTypeError
from backend.core.settings import Settings
from backend.http.multipart import Upload
from backend.recordings import repository
from backend.storage.base import Storage
from backend.storage.keys import preview_key, recording_key
from backend.tables import Recording
from backend.tables.media import media_columns
from models.contract import Square
from models.media import sampling

log = structlog.get_logger(__name__)


def refusal(error: sampling.MediaError) -> RefusedError:
    """The error for a recording that the models cannot use."""
    if error.code == "unsupported_type":
        return UnsupportedTypeError(error.message)
    return BadRecordingError(error.message, code=error.code)


def import_upload(
    session: Session, storage: Storage, settings: Settings, upload: Upload, crop: Square | None
) -> Recording:
    """Make a recording of an upload. This decodes, so run it in a thread.

    The transaction begins after the slow part; rolling it back deletes what was stored.

    Raises:
        RefusedError: the file or the square cannot be used. Nothing was stored.
    """
    try:
        opened = sampling.Recording.open(upload.path)
        probe = opened.probe()
        if crop is not None:
            sampling.check_square(crop, probe.width, probe.height)
        preview = opened.preview()
    except sampling.MediaError as error:
        log.info("recording_refused", code=error.code, cause=error.cause)
        raise refusal(error) from error

    recording_id, now = uuid4(), utc_now()
    recording = Recording(
        id=recording_id,
        sha256=upload.sha256,
        storage_key=recording_key(upload.sha256, recording_id),
        preview_key=preview_key(recording_id),
        bytes=upload.bytes,
        created_at=now,
        expires_at=now + timedelta(hours=settings.retention_hours),
        **media_columns(probe),
    )
    undo_on_rollback(session, lambda: discard(storage, recording))
    storage.put(recording.storage_key, upload.path)
    storage.put_bytes(recording.preview_key, preview)
    repository.add(session, recording)
    log.info("recording_imported", recording_id=str(recording_id), format=probe.format)
    return recording


def discard(storage: Storage, recording: Recording) -> None:
    """Delete a recording's bytes and its preview from the storage."""
    for key in keys_of(recording):
        storage.delete(key)


def keys_of(recording: Recording) -> tuple[str, str]:
    """Storage keys of a recording's bytes and of its preview."""
    return recording.storage_key, recording.preview_key
