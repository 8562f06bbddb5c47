"""Queries on the installation: its row, and patients hashed before that existed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from backend.tables import Contribution, Installation, Submission

ROW_ID = 1
"""Id of the only row."""


@dataclass(frozen=True, slots=True)
class HashedBefore:
    """A patient of a contributor, hashed before the installation had one key.

    With which key is unknown: every process with its own data folder had its own key, and the same
    patient has a different hash under each.
    """

    contributor_id: UUID
    patient_hash: str
    contributions: tuple[UUID, ...]


def get(session: Session) -> Installation | None:
    """The row; None before it exists."""
    return session.get(Installation, ROW_ID)


def add(session: Session, row: Installation) -> None:
    """Add the row. Raises IntegrityError if another process was faster."""
    session.add(row)
    session.flush()


def has_patients(session: Session) -> bool:
    """Whether any recording names a patient."""
    return bool(session.scalar(select(exists().where(Contribution.patient_hash.is_not(None)))))


def hashed_before(session: Session) -> Sequence[HashedBefore]:
    """Patients that may have been hashed with another key than the installation's.

    These are the patients of submissions begun before the installation had one key, without those
    that are known to be hashed with it because a later submission gave the same hash. Empty if
    there was one key from the start.
    """
    row = get(session)
    if row is None:
        return ()
    later, of_later = aliased(Contribution), aliased(Submission)
    known = (
        select(later.id)
        .join(of_later, of_later.id == later.submission_id)
        .where(
            later.patient_hash == Contribution.patient_hash, of_later.created_at >= row.created_at
        )
    )
    query = (
        select(Submission.contributor_id, Contribution.patient_hash, Contribution.id)
        .join(Submission, Submission.id == Contribution.submission_id)
        .where(
            Submission.created_at < row.created_at,
            ~exists(known),
        )
        .order_by(Contribution.created_at, Contribution.id)
    )
    contributions: dict[tuple[UUID, str], list[UUID]] = {}
    for contributor_id, patient_hash, contribution_id in session.execute(query):
        if patient_hash is not None:
            contributions.setdefault((contributor_id, patient_hash), []).append(contribution_id)
    return [HashedBefore(*patient, tuple(ids)) for patient, ids in contributions.items()]
