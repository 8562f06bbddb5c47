"""Queries on submissions and their contributions, from their contributor's side."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from backend.core.pagination import Keyset, Page
from backend.tables import Contribution, Review, Submission, Upload
from backend.tables.vocabulary import ContributionState


def add(session: Session, row: Submission | Contribution) -> None:
    """Add a row and flush it, so that a violated constraint raises here."""
    session.add(row)
    session.flush()


# Submissions


def get_own(
    session: Session, submission_id: UUID, contributor_id: UUID, *, lock: bool = False
) -> Submission | None:
    """The contributor's submission with this id, with `lock` locked until the transaction ends."""
    query = select(Submission).where(
        Submission.id == submission_id, Submission.contributor_id == contributor_id
    )
    return session.scalar(query.with_for_update() if lock else query)


def get_locked(session: Session, submission_id: UUID) -> Submission | None:
    """The submission with this id, locked until the transaction ends."""
    return session.scalar(
        select(Submission).where(Submission.id == submission_id).with_for_update()
    )


def page(
    session: Session, contributor_id: UUID, cursor: str | None, limit: int
) -> Page[Submission]:
    """Their submissions, the newest first."""
    query = select(Submission).where(Submission.contributor_id == contributor_id)
    newest_first = Keyset(Submission.created_at, Submission.id, descending=True)
    return newest_first.page(session, query, cursor, limit)


def states(
    session: Session, submission_ids: Collection[UUID]
) -> dict[UUID, dict[ContributionState, int]]:
    """How many contributions of each submission are in each state."""
    counts: dict[UUID, dict[ContributionState, int]] = {}
    query = (
        select(Contribution.submission_id, Contribution.state, func.count())
        .where(Contribution.submission_id.in_(submission_ids))
        .group_by(Contribution.submission_id, Contribution.state)
    )
    for submission_id, state, count in session.execute(query):
        counts.setdefault(submission_id, {})[state] = count
    return counts


def remove(session: Session, submission_id: UUID) -> None:
    """Delete the row and, by cascade, its contributions and uploads."""
    session.execute(delete(Submission).where(Submission.id == submission_id))


def abandoned_drafts(
    session: Session, before: datetime, exclude: Collection[UUID] = (), limit: int = 20
) -> Sequence[UUID]:
    """Ids of drafts that nobody has touched since `before`."""
    found = session.scalars(
        select(Submission.id)
        .where(Submission.submitted_at.is_(None), Submission.touched_at < before)
        .order_by(Submission.touched_at)
        .limit(limit + len(exclude))
    )
    return [submission_id for submission_id in found if submission_id not in exclude][:limit]


# Contributions


def contributions(session: Session, submission_id: UUID) -> Sequence[Contribution]:
    """All contributions of a submission, in the order in which they arrived."""
    return session.scalars(
        select(Contribution)
        .where(Contribution.submission_id == submission_id)
        .order_by(Contribution.created_at, Contribution.id)
    ).all()


class NamedFile(NamedTuple):
    """A recording by its file name, the archive it came in, and the digest of its table row."""

    id: UUID
    file_name: str
    archive: UUID | None
    table_digest: str | None


def file_names(session: Session, submission_id: UUID) -> list[NamedFile]:
    """All recordings of a submission by file name, in the order in which they arrived."""
    query = (
        select(Contribution.id, Contribution.file_name, Upload.parent_id, Contribution.table_digest)
        .outerjoin(Upload, Upload.contribution_id == Contribution.id)
        .where(Contribution.submission_id == submission_id)
        .order_by(Contribution.created_at, Contribution.id)
    )
    return [NamedFile(*row) for row in session.execute(query)]


def contributions_page(
    session: Session, submission_id: UUID, cursor: str | None, limit: int
) -> Page[Contribution]:
    """A page of them, in the order in which they came."""
    query = select(Contribution).where(Contribution.submission_id == submission_id)
    in_order = Keyset(Contribution.created_at, Contribution.id)
    return in_order.page(session, query, cursor, limit)


def contribution(
    session: Session, contribution_id: UUID, *, lock: bool = False
) -> Contribution | None:
    """The contribution with this id, its submission loaded, with `lock` locked."""
    query = (
        select(Contribution)
        .where(Contribution.id == contribution_id)
        .options(joinedload(Contribution.submission, innerjoin=True))
    )
    if lock:
        query = query.with_for_update(of=Contribution)
    return session.scalar(query.execution_options(populate_existing=lock))


def lock_contributions(
    session: Session, submission_id: UUID, contribution_ids: Collection[UUID]
) -> Sequence[Contribution]:
    """These contributions of a submission, locked until the transaction ends.

    Others may refer to them meanwhile: an import that finds a near copy among them goes on.
    """
    return session.scalars(
        select(Contribution)
        .where(Contribution.submission_id == submission_id, Contribution.id.in_(contribution_ids))
        .order_by(Contribution.id)
        .with_for_update(key_share=True)
    ).all()


def remove_contribution(session: Session, contribution_id: UUID) -> None:
    """Delete the row, and that of its upload."""
    session.execute(delete(Upload).where(Upload.contribution_id == contribution_id))
    session.execute(delete(Contribution).where(Contribution.id == contribution_id))


def reviews_of(session: Session, contribution_ids: Collection[UUID]) -> dict[UUID, list[Review]]:
    """Reviews that were not undone, by contribution, in the order in which they were given."""
    reviews: dict[UUID, list[Review]] = {}
    query = (
        select(Review)
        .where(Review.contribution_id.in_(contribution_ids), Review.undone_at.is_(None))
        .order_by(Review.created_at)
    )
    for review in session.scalars(query):
        reviews.setdefault(review.contribution_id, []).append(review)
    return reviews


# For maintenance


def known_keys(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the storage keys, of originals or previews, that belong to a row."""
    known: set[str] = set()
    for column in (Contribution.original_key, Contribution.preview_key):
        query = select(column).where(column.in_(keys))
        known.update(key for key in session.scalars(query) if key is not None)
    return known
