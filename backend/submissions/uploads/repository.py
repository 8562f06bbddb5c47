"""Every query about uploads: their bytes, their pieces, and what maintenance asks."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from backend.core.pagination import Keyset, Page
from backend.tables import Submission, Upload, UploadPiece
from backend.tables.vocabulary import UploadState

_UNFINISHED = (
    UploadState.RECEIVING,
    UploadState.QUEUED,
    UploadState.RUNNING,
)


def add(session: Session, upload: Upload) -> None:
    """Add a row and flush it."""
    session.add(upload)
    session.flush()


def get(session: Session, upload_id: UUID) -> Upload | None:
    """The upload with this id."""
    return session.get(Upload, upload_id)


def get_own(session: Session, upload_id: UUID, contributor_id: UUID) -> Upload | None:
    """The upload with this id, where it is of a submission of theirs."""
    return session.scalar(
        select(Upload)
        .join(Submission, Submission.id == Upload.submission_id)
        .where(Upload.id == upload_id, Submission.contributor_id == contributor_id)
    )


def remove(session: Session, upload_id: UUID) -> None:
    """Delete the row and, by cascade, those of an archive's entries."""
    session.execute(delete(Upload).where(Upload.id == upload_id))


def page(
    session: Session,
    submission_id: UUID,
    state: UploadState | None,
    cursor: str | None,
    limit: int,
) -> Page[Upload]:
    """Uploads of a submission in the order in which they came."""
    query = select(Upload).where(Upload.submission_id == submission_id)
    if state is not None:
        query = query.where(Upload.state == state)
    return Keyset(Upload.created_at, Upload.id).page(session, query, cursor, limit)


def counts(
    session: Session, submission_ids: Collection[UUID]
) -> dict[UUID, dict[UploadState, int]]:
    """How many uploads of each submission are in each state; states without any are left out."""
    counted: dict[UUID, dict[UploadState, int]] = {}
    query = (
        select(Upload.submission_id, Upload.state, func.count())
        .where(Upload.submission_id.in_(submission_ids))
        .group_by(Upload.submission_id, Upload.state)
    )
    for submission_id, state, count in session.execute(query):
        counted.setdefault(submission_id, {})[state] = count
    return counted


def unfinished(session: Session, submission_id: UUID) -> int:
    """How many files of a submission are still being uploaded or imported."""
    return session.scalars(
        select(func.count())
        .select_from(Upload)
        .where(Upload.submission_id == submission_id, Upload.state.in_(_UNFINISHED))
    ).one()


def ids(session: Session, submission_id: UUID) -> Sequence[UUID]:
    """Ids of all uploads of a submission."""
    return session.scalars(select(Upload.id).where(Upload.submission_id == submission_id)).all()


# During the upload.


def pieces(session: Session, upload_id: UUID) -> Sequence[UploadPiece]:
    """The pieces of a file, in order."""
    query = select(UploadPiece).where(UploadPiece.upload_id == upload_id)
    return session.scalars(query.order_by(UploadPiece.start)).all()


def last_piece(session: Session, upload_id: UUID) -> UploadPiece | None:
    """The last stored piece of a file."""
    query = select(UploadPiece).where(UploadPiece.upload_id == upload_id)
    return session.scalar(query.order_by(UploadPiece.start.desc()).limit(1))


def add_piece(session: Session, piece: UploadPiece, expected: int) -> bool:
    """Record a stored piece. False: it is not wanted, and nothing was written.

    That is so if the file no longer has `expected` bytes (another connection was faster), if it is
    complete, or if it was deleted. A piece replaces an earlier one with the same start.
    """
    changed = session.execute(
        update(Upload)
        .where(
            Upload.id == piece.upload_id,
            Upload.state == UploadState.RECEIVING,
            Upload.received == expected,
        )
        .values(received=piece.start + piece.bytes)
        .returning(Upload.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        return False
    session.merge(piece)
    session.flush()
    return True


def delete_pieces(session: Session, upload_id: UUID) -> None:
    """Delete the rows of a file's pieces, whose bytes are deleted already."""
    session.execute(delete(UploadPiece).where(UploadPiece.upload_id == upload_id))


def complete(session: Session, upload_id: UUID, now: datetime) -> bool:
    """Queue a complete file for import. False: bytes are missing, or it was queued already."""
    changed = session.execute(
        update(Upload)
        .where(
            Upload.id == upload_id,
            Upload.state == UploadState.RECEIVING,
            Upload.received == Upload.bytes,
        )
        .values(
            state=UploadState.QUEUED,
            queued_at=now,
            notified_at=now,
        )
        .returning(Upload.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def entries(session: Session, archive_id: UUID) -> set[int]:
    """Indexes of an archive's entries that are finished, imported or refused."""
    query = select(Upload.entry).where(Upload.parent_id == archive_id)
    return {entry for entry in session.scalars(query) if entry is not None}


def expired(
    session: Session, now: datetime, exclude: Collection[UUID] = (), limit: int = 100
) -> Sequence[UUID]:
    """Ids of files that were not completed in time."""
    found = session.scalars(
        select(Upload.id)
        .where(Upload.state == UploadState.RECEIVING, Upload.expires_at <= now)
        .limit(limit + len(exclude))
    )
    return [upload_id for upload_id in found if upload_id not in exclude][:limit]


def with_bytes(session: Session, upload_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose bytes are still needed."""
    query = select(Upload.id).where(Upload.id.in_(upload_ids), Upload.state.in_(_UNFINISHED))
    return set(session.scalars(query))


def delete_pieces_of_finished(session: Session) -> None:
    """Forget the pieces of files that are imported or refused, whose worker could not."""
    ended = exists().where(Upload.id == UploadPiece.upload_id, Upload.state.not_in(_UNFINISHED))
    session.execute(delete(UploadPiece).where(ended).execution_options(synchronize_session=False))


def known_pieces(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the keys under which lie pieces of a file that is still to be imported."""
    query = (
        select(UploadPiece.key)
        .join(Upload, Upload.id == UploadPiece.upload_id)
        .where(UploadPiece.key.in_(keys), Upload.state.in_(_UNFINISHED))
    )
    return set(session.scalars(query))
