"""Every query about uploads: their bytes, their pieces, and what maintenance asks."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
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
    """Add a new row, now."""
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
    found: dict[UUID, dict[UploadState, int]] = {}
    query = (
        select(Upload.submission_id, Upload.state, func.count())
        .where(Upload.submission_id.in_(submission_ids))
        .group_by(Upload.submission_id, Upload.state)
    )
    for submission_id, state, count in session.execute(query):
        found.setdefault(submission_id, {})[state] = count
    return found


def unfinished(session: Session, submission_id: UUID) -> int:
    """How many files of a submission are still on their way."""
    return session.scalars(
        select(func.count())
        .select_from(Upload)
        .where(Upload.submission_id == submission_id, Upload.state.in_(_UNFINISHED))
    ).one()


def ids(session: Session, submission_id: UUID) -> Sequence[UUID]:
    """Ids of all uploads of a submission."""
    return session.scalars(select(Upload.id).where(Upload.submission_id == submission_id)).all()


# While the bytes come.


def pieces(session: Session, upload_id: UUID) -> Sequence[UploadPiece]:
    """The pieces of a file, in order."""
    query = select(UploadPiece).where(UploadPiece.upload_id == upload_id)
    return session.scalars(query.order_by(UploadPiece.start)).all()


def last_piece(session: Session, upload_id: UUID) -> UploadPiece | None:
    """The last piece of a file that is here."""
    query = select(UploadPiece).where(UploadPiece.upload_id == upload_id)
    return session.scalar(query.order_by(UploadPiece.start.desc()).limit(1))


def add_piece(session: Session, piece: UploadPiece, expected: int) -> bool:
    """Note a piece that is stored. False: it is not wanted, nothing was written.

    That is so where other than `expected` bytes of the file are here by now (another connection
    was faster), where they all are, or where the file was dropped. A piece that begins where one
    begins that is here takes its place.
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


def forget_pieces(session: Session, upload_id: UUID) -> None:
    """Forget where the pieces of a file were, whose bytes are deleted."""
    session.execute(delete(UploadPiece).where(UploadPiece.upload_id == upload_id))


def complete(session: Session, upload_id: UUID, now: datetime) -> bool:
    """The worker's turn, where all bytes are here. False: they are not, or that was known."""
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
    """Places of an archive's entries that are through, well or not."""
    query = select(Upload.entry).where(Upload.parent_id == archive_id)
    return {entry for entry in session.scalars(query) if entry is not None}


def expired(
    session: Session, now: datetime, but: Collection[UUID] = (), most: int = 100
) -> Sequence[UUID]:
    """Ids of files whose last byte did not come in time; some left out."""
    return session.scalars(
        select(Upload.id)
        .where(Upload.state == UploadState.RECEIVING, Upload.expires_at <= now)
        .where(Upload.id.not_in(but))
        .limit(most)
    ).all()


def with_bytes(session: Session, upload_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose bytes a row still answers for."""
    query = select(Upload.id).where(Upload.id.in_(upload_ids), Upload.state.in_(_UNFINISHED))
    return set(session.scalars(query))


def forget_pieces_of_ended(session: Session) -> None:
    """Forget the pieces of files that are imported or refused, whose worker could not."""
    ended = select(Upload.id).where(Upload.state.not_in(_UNFINISHED))
    session.execute(
        delete(UploadPiece)
        .where(UploadPiece.upload_id.in_(ended))
        .execution_options(synchronize_session=False)
    )


def known_pieces(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the keys under which lie pieces of a file that is still to be imported."""
    query = (
        select(UploadPiece.key)
        .join(Upload, Upload.id == UploadPiece.upload_id)
        .where(UploadPiece.key.in_(keys), Upload.state.in_(_UNFINISHED))
    )
    return set(session.scalars(query))
