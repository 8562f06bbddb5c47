"""Every query about the installation: its row, and who was hashed before there was one."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from backend.tables import Contribution, Installation, Submission

ONLY = 1
"""Id of the only row."""


@dataclass(frozen=True, slots=True)
class HashedBefore:
    """A patient of a contributor, hashed before the installation had one key.

    Nobody can tell any more with which key: a process with another data folder had another one,
    and knows the same patient under another hash.
    """

    contributor_id: UUID
    patient_hash: str
    contributions: tuple[UUID, ...]


def get(session: Session) -> Installation | None:
    """The row, once there is one."""
    return session.get(Installation, ONLY)


def add(session: Session, row: Installation) -> None:
    """Add the row. Raises IntegrityError where another process was faster."""
    session.add(row)
    session.flush()


def has_patients(session: Session) -> bool:
    """Whether any recording is of a patient."""
    return bool(session.scalar(select(exists().where(Contribution.patient_hash.is_not(None)))))


def hashed_before(session: Session) -> Sequence[HashedBefore]:
    """Patients that may have been hashed with another key than the installation's.

    These are the patients of submissions that were begun before the installation had one key,
    less those that the installation's key is known to give: the same hash came from a submission
    begun later, and no two keys give the same. Empty where there was one key from the start.
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
    found: dict[tuple[UUID, str], list[UUID]] = {}
    for contributor_id, patient_hash, contribution_id in session.execute(query):
        if patient_hash is not None:
            found.setdefault((contributor_id, patient_hash), []).append(contribution_id)
    return [HashedBefore(*patient, tuple(theirs)) for patient, theirs in found.items()]
