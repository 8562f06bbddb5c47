"""Uploads for submissions: who may upload what, and what happens once a file is complete."""

from datetime import timedelta
from pathlib import PurePosixPath
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.core.errors import ConflictError, InvalidInputError, NotFoundError
from backend.core.settings import Settings
from backend.http.multipart import check_storage_room, too_large
from backend.jobs.celery import after_commit
from backend.jobs.names import IMPORT_UPLOAD
from backend.storage.base import Storage
from backend.storage.keys import pieces_folder, upload_key
from backend.submissions import repository as submissions
from backend.submissions.fields import unusable
from backend.submissions.uploads import limits, repository
from backend.submissions.uploads.schemas import ReportRow, UploadError, UploadOut, UploadPage
from backend.tables import Upload, UploadPiece, User
from backend.tables.vocabulary import UploadState
from models.data.file_names import is_junk

log = structlog.get_logger(__name__)


def begin(
    session: Session,
    settings: Settings,
    user: User,
    submission_id: str,
    file_name: str,
    size: int | None,
) -> Upload:
    """A place for a file that is to be sent for a draft.

    Raises:
        InvalidInputError: no name, no length, or an empty file.
        NotFoundError: the user has no such submission.
        ConflictError: it has been submitted, or has the maximum number of files.
        FileTooLargeError, StorageFullError: as for any upload.
    """
    name = _checked_name(file_name)
    if size is None:
        raise InvalidInputError("Send the file's length in Upload-Length.")
    if size <= 0:
        raise InvalidInputError("The file is empty. Choose another one.", code="empty_file")
    archive = name.casefold().endswith(".zip")
    limit = settings.max_archive_bytes if archive else settings.max_upload_bytes
    if size > limit:
        raise too_large(limit, size)
    check_storage_room(settings, size)
    try:
        draft_id = UUID(submission_id)
    except ValueError:
        raise InvalidInputError(
            "Send the submission's id as `submission` in Upload-Metadata."
        ) from None
    submission = submissions.get_own(session, draft_id, user.id, lock=True)
    if submission is None:
        raise NotFoundError(f"You have no submission {draft_id}.")
    if submission.submitted_at is not None:
        raise ConflictError(
            "This submission has already been sent. Create another one.", code="already_submitted"
        )
    counts = repository.counts(session, [draft_id]).get(draft_id, {})
    if sum(counts.values()) >= limits.MAX_FILES:
        raise ConflictError(
            f"A submission holds at most {limits.MAX_FILES} files. Create another one.",
            code="too_many_files",
            limit=limits.MAX_FILES,
        )
    now = utc_now()
    submission.touched_at = now
    upload = Upload(
        id=uuid4(),
        submission_id=draft_id,
        file_name=name,
        bytes=size,
        state=UploadState.RECEIVING,
        created_at=now,
        expires_at=now + timedelta(days=settings.unfinished_upload_days),
    )
    repository.add(session, upload)
    return upload


def find(session: Session, user: User, upload_id: str) -> Upload:
    """The user's upload with this id.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    try:
        row = repository.get_own(session, UUID(upload_id), user.id)
    except ValueError:
        row = None
    if row is None:
        raise NotFoundError(f"You have no upload {upload_id[:50]}.")
    return row


def add_piece(session: Session, piece: UploadPiece, expected: int) -> bool:
    """Record a stored piece; after the last one, queue the file for import.

    Returns:
        False if it is not wanted: see `repository.add_piece`.
    """
    if not repository.add_piece(session, piece, expected):
        return False
    if repository.complete(session, piece.upload_id, utc_now()):
        after_commit(session, IMPORT_UPLOAD, piece.upload_id)
        log.info("upload_complete", upload=str(piece.upload_id))
    return True


def delete_bytes(storage: Storage, upload_id: UUID) -> None:
    """Delete all stored bytes of a file."""
    storage.delete_folder(pieces_folder(upload_id))
    storage.delete(upload_key(upload_id))


def page(
    session: Session,
    user: User,
    submission_id: UUID,
    state: UploadState | None,
    cursor: str | None,
    limit: int,
) -> UploadPage:
    """The files of their submission, in the order in which they came.

    Raises:
        NotFoundError: the user has no such submission.
    """
    if submissions.get_own(session, submission_id, user.id) is None:
        raise NotFoundError(f"You have no submission {submission_id}.")
    rows = repository.page(session, submission_id, state, cursor, limit)
    return UploadPage(items=[to_schema(row) for row in rows.rows], next=rows.next)


def to_schema(upload: Upload) -> UploadOut:
    """The upload as the API returns it."""
    error = None
    if upload.error_code is not None:
        error = UploadError(code=upload.error_code, message=upload.error_message or "")
    return UploadOut(
        id=upload.id,
        parent_id=upload.parent_id,
        file_name=upload.file_name,
        bytes=upload.bytes,
        received=upload.received,
        state=upload.state,
        kind=upload.kind,
        done=upload.done,
        total=upload.total,
        error=error,
        report=[ReportRow(**row) for row in upload.report],
        contribution_id=upload.contribution_id,
        created_at=upload.created_at,
        expires_at=upload.expires_at,
    )


def _checked_name(text: str) -> str:
    name = clean_name(text)
    if not name.strip():
        raise InvalidInputError("Send the file's name as `filename` in Upload-Metadata.")
    if (reason := unusable("file_name", name)) is not None:
        raise InvalidInputError(reason, code="bad_name")
    if is_junk(name):
        raise InvalidInputError(
            "This is a system file, such as .DS_Store, and not a recording. Leave it out.",
            code="junk_file",
        )
    return name


def clean_name(text: str) -> str:
    """A file name with its folders, without '..' and absolute paths; otherwise unchanged."""
    parts = PurePosixPath(text.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in ("/", "//", ".."))
