"""The rules of arriving files: who may send what to where, and when one is whole."""

from datetime import timedelta
from pathlib import PurePosixPath
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.core.errors import ConflictError, InvalidInputError, NotFoundError
from backend.core.settings import Settings
from backend.http.multipart import check_storage_room, too_large
from backend.jobs import TAKE_IN, after_commit
from backend.storage.base import Storage
from backend.storage.keys import arrival_key, pieces_folder
from backend.submissions import repository as submissions
from backend.submissions.fields import unusable
from backend.submissions.uploads import limits, repository
from backend.submissions.uploads.schemas import ArrivalError, ArrivalOut, ArrivalPage, ReportRow
from backend.tables import Arrival, UploadPiece, User
from backend.tables.vocabulary import ArrivalState
from models.data.file_names import is_junk

log = structlog.get_logger(__name__)


def begin(
    session: Session,
    settings: Settings,
    user: User,
    submission_id: str,
    file_name: str,
    size: int | None,
) -> Arrival:
    """A place for a file that is to be sent for a draft.

    Raises:
        InvalidInputError: no name, no length, or an empty file.
        NotFoundError: they have no such submission.
        ConflictError: it was sent already, or holds as many files as it may.
        FileTooLargeError, StorageFullError: as for any upload.
    """
    name = _checked_name(file_name)
    if size is None:
        raise InvalidInputError("Send the file's length in Upload-Length.")
    if size <= 0:
        raise InvalidInputError("The file is empty: choose it again.", code="empty_file")
    archive = name.casefold().endswith(".zip")
    most = settings.max_archive_bytes if archive else settings.max_upload_bytes
    if size > most:
        raise too_large(most, size)
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
            "This submission was sent already. Begin another one.", code="already_submitted"
        )
    held = repository.counts(session, [draft_id]).get(draft_id, {})
    if sum(held.values()) >= limits.MOST_FILES:
        raise ConflictError(
            f"A submission holds at most {limits.MOST_FILES} files. Begin another one.",
            code="too_many_files",
            limit=limits.MOST_FILES,
        )
    now = utc_now()
    submission.touched_at = now
    arrival = Arrival(
        id=uuid4(),
        submission_id=draft_id,
        file_name=name,
        bytes=size,
        state=ArrivalState.RECEIVING,
        created_at=now,
        expires_at=now + timedelta(days=settings.unfinished_upload_days),
    )
    repository.add(session, arrival)
    return arrival


def find(session: Session, user: User, arrival_id: str) -> Arrival:
    """Their file with this id.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    try:
        found = repository.get_own(session, UUID(arrival_id), user.id)
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError(f"You have no upload {arrival_id[:50]}.")
    return found


def add_piece(session: Session, piece: UploadPiece, expected: int) -> bool:
    """Note a stored piece; with the last one, have a worker take the file in.

    Returns:
        False where it is not wanted: see `repository.add_piece`.
    """
    if not repository.add_piece(session, piece, expected):
        return False
    if repository.complete(session, piece.arrival_id, utc_now()):
        after_commit(session, TAKE_IN, piece.arrival_id)
        log.info("file_arrived", arrival=str(piece.arrival_id))
    return True


def delete_bytes(storage: Storage, arrival_id: UUID) -> None:
    """Delete everything that is here of a file."""
    storage.delete_folder(pieces_folder(arrival_id))
    storage.delete(arrival_key(arrival_id))


def page(
    session: Session,
    user: User,
    submission_id: UUID,
    state: ArrivalState | None,
    cursor: str | None,
    limit: int,
) -> ArrivalPage:
    """The files of their submission, in the order in which they came.

    Raises:
        NotFoundError: they have no such submission.
    """
    if submissions.get_own(session, submission_id, user.id) is None:
        raise NotFoundError(f"You have no submission {submission_id}.")
    found = repository.page(session, submission_id, state, cursor, limit)
    return ArrivalPage(items=[shown(each) for each in found.rows], next=found.next)


def shown(arrival: Arrival) -> ArrivalOut:
    """The row as the API shows it."""
    error = None
    if arrival.error_code is not None:
        error = ArrivalError(code=arrival.error_code, message=arrival.error_message or "")
    return ArrivalOut(
        id=arrival.id,
        parent_id=arrival.parent_id,
        file_name=arrival.file_name,
        bytes=arrival.bytes,
        received=arrival.received,
        state=arrival.state,
        kind=arrival.kind,
        done=arrival.done,
        total=arrival.total,
        error=error,
        report=[ReportRow(**row) for row in arrival.report],
        contribution_id=arrival.contribution_id,
        created_at=arrival.created_at,
        expires_at=arrival.expires_at,
    )


def _checked_name(said: str) -> str:
    name = clean_name(said)
    if not name.strip():
        raise InvalidInputError("Send the file's name as `filename` in Upload-Metadata.")
    if (reason := unusable("file_name", name)) is not None:
        raise InvalidInputError(reason, code="bad_name")
    if is_junk(name):
        raise InvalidInputError(
            "This is a file that computers keep for themselves, and no recording. Leave it out.",
            code="junk_file",
        )
    return name


def clean_name(said: str) -> str:
    """A file's name with the folders it lies in, without steps out of them; else as it is."""
    parts = PurePosixPath(said.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in ("/", "//", ".."))
