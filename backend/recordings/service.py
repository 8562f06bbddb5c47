"""Recordings: their representation, preview and deletion."""

from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core.errors import GoneError, NotFoundError
from backend.recordings import repository
from backend.recordings.importer import keys_of
from backend.recordings.schemas import Crop, RecordingOut
from backend.storage.base import MissingObjectError, Storage, delete_after_commit
from backend.storage.keys import frames_folder
from backend.tables import Recording

PATH = "/api/v1/recordings"

log = structlog.get_logger(__name__)


def to_schema(recording: Recording) -> RecordingOut:
    """The recording as the API returns it."""
    return RecordingOut(
        id=recording.id,
        kind="image" if recording.kind == "image" else "video",
        format=recording.format,
        width=recording.width,
        height=recording.height,
        duration_s=recording.duration_s,
        frames=recording.frames,
        sampled_frames=recording.sampled_frames,
        bytes=recording.bytes,
        proposed_crop=Crop(x=recording.square_x, y=recording.square_y, size=recording.square_size),
        depth_mm=recording.depth_mm,
        mm_per_pixel=recording.mm_per_pixel,
        notes=recording.notes,
        preview_url=(None if recording.pixels_deleted_at else f"{PATH}/{recording.id}/preview.jpg"),
        created_at=recording.created_at,
        expires_at=recording.expires_at,
    )


def find(session: Session, recording_id: UUID) -> Recording:
    """The recording with this id.

    Raises:
        NotFoundError: there is none.
    """
    recording = repository.get(session, recording_id)
    if recording is None:
        raise _unknown(recording_id)
    return recording


def preview(session: Session, storage: Storage, recording_id: UUID) -> bytes:
    """The preview as JPEG.

    Raises:
        NotFoundError: there is no such recording.
        GoneError: its pixels were deleted.
    """
    recording = find(session, recording_id)
    gone = GoneError("The pixels of this recording were deleted after the retention time.")
    if recording.pixels_deleted_at is not None:
        raise gone
    try:
        with storage.open(recording.preview_key) as file:
            return file.read()
    except MissingObjectError as error:
        raise gone from error


def delete(session: Session, recording_id: UUID) -> None:
    """Delete a recording and its screenings, and their pixels after the commit.

    The maintenance sweep deletes what an interruption leaves behind.

    Raises:
        NotFoundError: there is none.
    """
    recording = repository.get_with_screenings(session, recording_id)
    if recording is None:
        raise _unknown(recording_id)
    for screening in recording.screenings:
        delete_after_commit(session, folders=[frames_folder(screening.id)])
    delete_after_commit(session, *keys_of(recording))
    repository.remove(session, recording_id)
    log.info("recording_deleted", recording_id=str(recording_id))


def _unknown(recording_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no recording {recording_id}.")
