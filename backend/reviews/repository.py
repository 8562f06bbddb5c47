"""Queries on reviews: the queue, claims, verdicts, and decisions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload

from backend.core.pagination import Keyset, Page
from backend.tables import (
    Contribution,
    LabelReport,
    Release,
    ReleaseItem,
    Review,
    Submission,
    User,
)
from backend.tables.vocabulary import ContributionState, JobState, Label, Probe, Verdict

_PENDING = Contribution.state == ContributionState.PENDING
_AT_WORK = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of the queue; None means any. `source` matches parts of it."""

    label: Label | None = None
    source: str | None = None
    probe: Probe | None = None
    submitted_before: datetime | None = None
    disputed: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as conditions on contributions."""
        conditions: list[ColumnElement[bool]] = []
        if self.label is not None:
            conditions.append(Contribution.label == self.label)
        if self.source is not None:
            conditions.append(Contribution.source.icontains(self.source, autoescape=True))
        if self.probe is not None:
            conditions.append(Contribution.probe == self.probe)
        if self.submitted_before is not None:
            conditions.append(Contribution.submitted_at <= self.submitted_before)
        if self.disputed is not None:
            conditions.append(Contribution.disputed.is_(self.disputed))
        return conditions


def add(session: Session, review: Review) -> None:
    """Add a row and flush it, so that a violated constraint raises here."""
    session.add(review)
    session.flush()


def get(session: Session, contribution_id: UUID) -> Contribution | None:
    """The contribution with this id, its submission loaded."""
    return session.get(Contribution, contribution_id, options=[joinedload(Contribution.submission)])


def lock(session: Session, contribution_id: UUID) -> Contribution | None:
    """As `get`, freshly read and locked until the transaction ends."""
    return session.scalars(
        select(Contribution)
        .where(Contribution.id == contribution_id)
        .options(joinedload(Contribution.submission))
        .with_for_update(of=Contribution)
        .execution_options(populate_existing=True)
    ).one_or_none()


def get_review(session: Session, review_id: UUID) -> Review | None:
    """The review with this id, undone or not."""
    return session.get(Review, review_id, populate_existing=True)


def live_reviews(session: Session, contribution_id: UUID) -> Sequence[Review]:
    """A contribution's verdicts that were not undone, oldest first."""
    return session.scalars(
        select(Review)
        .where(Review.contribution_id == contribution_id, Review.undone_at.is_(None))
        .order_by(Review.round, Review.created_at, Review.reading)
    ).all()


def earlier_rounds(session: Session, contribution_ids: Sequence[UUID]) -> Sequence[Review]:
    """Verdicts of finished rounds, which later reviewers may see."""
    return session.scalars(
        select(Review)
        .join(Contribution)
        .where(
            Review.contribution_id.in_(contribution_ids),
            Review.round < Contribution.review_round,
            Review.undone_at.is_(None),
        )
        .order_by(Review.created_at)
    ).all()


def own_reviews(
    session: Session, reviewer_id: UUID, cursor: str | None, limit: int
) -> Page[Review]:
    """A reviewer's own verdicts with their contributions, newest first."""
    query = (
        select(Review)
        .where(Review.reviewer_id == reviewer_id)
        .options(joinedload(Review.contribution))
    )
    newest_first = Keyset(Review.created_at, Review.id, descending=True)
    return newest_first.page(session, query, cursor, limit)


# The queue.


def _for_reader(reviewer_id: UUID, filters: Filters) -> Select[Contribution]:
    """Contributions this reviewer may review: not their own, and not reviewed in this round."""
    reviewed = exists().where(
        Review.contribution_id == Contribution.id,
        Review.round == Contribution.review_round,
        Review.reviewer_id == reviewer_id,
        Review.undone_at.is_(None),
    )
    return (
        select(Contribution)
        .join(Contribution.submission)
        .options(contains_eager(Contribution.submission))
        .where(_PENDING, Submission.contributor_id != reviewer_id, ~reviewed, *filters.conditions())
    )


def queue(
    session: Session, reviewer_id: UUID, filters: Filters, cursor: str | None, limit: int
) -> Page[Contribution]:
    """A page of this reviewer's queue, oldest first, including what others have claimed."""
    oldest_first = Keyset(Contribution.submitted_at, Contribution.id)
    return oldest_first.page(session, _for_reader(reviewer_id, filters), cursor, limit)


def queue_length(session: Session, reviewer_id: UUID, filters: Filters) -> int:
    """The number of contributions on all pages."""
    waiting = _for_reader(reviewer_id, filters).with_only_columns(Contribution.id).subquery()
    return session.scalars(select(func.count()).select_from(waiting)).one()


def claim_next(
    session: Session, reviewer_id: UUID, filters: Filters, now: datetime, until: datetime
) -> Contribution | None:
    """Claim the oldest contribution that nobody has claimed; None if there is none.

    A claim that this reviewer holds comes first; those they returned come last, the earliest first.
    Two callers never get the same one: PostgreSQL skips rows that another transaction has locked,
    and on SQLite writing transactions run one at a time.
    """
    own = Contribution.claimed_by == reviewer_id
    held = and_(own, Contribution.claimed_until > now)
    prepared = or_(Contribution.prep_state.is_(None), Contribution.prep_state.not_in(_AT_WORK))
    priority = case((held, 0), (own, 2), else_=1)
    contribution = session.scalars(
        _for_reader(reviewer_id, filters)
        .where(or_(_unclaimed(now), own), prepared)
        .order_by(
            priority,
            case((own, Contribution.claimed_until)),
            Contribution.submitted_at,
            Contribution.id,
        )
        .limit(1)
        .with_for_update(of=Contribution, skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if contribution is not None:
        _set_claim(contribution, reviewer_id, now, until)
    return contribution


def claim(
    session: Session, contribution: Contribution, reviewer_id: UUID, now: datetime, until: datetime
) -> bool:
    """Claim this one, locked by `lock`, or renew the claim. False: another reviewer has it."""
    if is_claimed(contribution, now) and contribution.claimed_by != reviewer_id:
        return False
    _set_claim(contribution, reviewer_id, now, until)
    session.flush()
    return True


def is_claimed(contribution: Contribution, now: datetime) -> bool:
    """Whether a reviewer has claimed it."""
    return contribution.claimed_until is not None and contribution.claimed_until > now


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(Contribution.claimed_until.is_(None), Contribution.claimed_until <= now)


def _set_claim(
    contribution: Contribution, reviewer_id: UUID, now: datetime, until: datetime
) -> None:
    renewed = contribution.claimed_by == reviewer_id and is_claimed(contribution, now)
    if not renewed or contribution.claimed_at is None:
        contribution.claimed_at = now
    contribution.claimed_by = reviewer_id
    contribution.claimed_until = until


def release_claim(
    session: Session, contribution_id: UUID, reviewer_id: UUID, now: datetime
) -> bool:
    """End a reviewer's claim; the queue remembers whose it was. False: it is not theirs."""
    ended = session.execute(
        update(Contribution)
        .where(
            Contribution.id == contribution_id,
            Contribution.claimed_by == reviewer_id,
            Contribution.claimed_at.is_not(None),
            _PENDING,
        )
        .values(claimed_at=None, claimed_until=now)
        .returning(Contribution.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


# Around reviews.


def release_since(session: Session, contribution_id: UUID, since: datetime) -> int | None:
    """The number of a release made since `since` that holds the contribution."""
    return session.scalars(
        select(Release.number)
        .join(ReleaseItem, ReleaseItem.release_number == Release.number)
        .where(
            ReleaseItem.contribution_id == contribution_id,
            Release.created_at >= since,
            Release.state.not_in((JobState.FAILED, JobState.CANCELLED)),
        )
        .order_by(Release.number)
        .limit(1)
    ).first()


def valid_verdicts(session: Session) -> Sequence[Row[UUID, int, Verdict, Label | None]]:
    """Contribution, round, verdict and label of all reviews that were not undone, oldest first."""
    return session.execute(
        select(Review.contribution_id, Review.round, Review.verdict, Review.label)
        .where(Review.undone_at.is_(None))
        .order_by(Review.created_at, Review.reading)
    ).all()


def review_times(session: Session) -> Sequence[Row[UUID, str, datetime, datetime]]:
    """Reviewer id, name, time of claim and time of verdict of all reviews that were not undone."""
    return session.execute(
        select(User.id, User.name, Review.claimed_at, Review.created_at)
        .join(Review.reviewer)
        .where(Review.undone_at.is_(None))
        .order_by(Review.created_at)
    ).all()


def open_reports(session: Session, contribution_ids: Sequence[UUID]) -> Sequence[LabelReport]:
    """Open reports of a wrong label, oldest first."""
    return session.scalars(
        select(LabelReport)
        .where(LabelReport.contribution_id.in_(contribution_ids), LabelReport.closed_at.is_(None))
        .order_by(LabelReport.created_at)
    ).all()


def close_reports(session: Session, contribution_id: UUID, now: datetime) -> None:
    """Close the reports that the reviewers' decision answers."""
    session.execute(
        update(LabelReport)
        .where(LabelReport.contribution_id == contribution_id, LabelReport.closed_at.is_(None))
        .values(closed_at=now)
    )


# For maintenance. Rows are locked one at a time, so that nobody reopens what is being deleted.

_HAS_BYTES = or_(
    Contribution.original_key.is_not(None),
    Contribution.preview_key.is_not(None),
    Contribution.whole_key.is_not(None),
    Contribution.pixels_key.is_not(None),
    Contribution.cine.is_not(None),
)


def expired(
    session: Session, now: datetime, kept_for: timedelta, exclude: Collection[UUID], limit: int
) -> Sequence[UUID]:
    """Ids whose bytes are to be deleted: withdrawn, or rejected `kept_for` ago."""
    query = select(Contribution.id).where(
        _is_expired(now, kept_for), _HAS_BYTES, Contribution.id.not_in(exclude)
    )
    return session.scalars(query.limit(limit)).all()


def lock_expired(
    session: Session, contribution_id: UUID, now: datetime, kept_for: timedelta
) -> Contribution | None:
    """One of these by its id, locked; None if it no longer is one."""
    return _next(session, Contribution.id == contribution_id, _is_expired(now, kept_for))


def _is_expired(now: datetime, kept_for: timedelta) -> ColumnElement[bool]:
    return or_(
        Contribution.state == ContributionState.WITHDRAWN,
        and_(
            Contribution.state == ContributionState.REJECTED,
            Contribution.decided_at < now - kept_for,
        ),
    )


def lock_next_deidentified(
    session: Session, now: datetime, kept_for: timedelta
) -> Contribution | None:
    """An approved, de-identified contribution with bytes that are no longer needed, locked.

    These are the original and, after `kept_for`, the images for reviewers.
    """
    has_previews = or_(Contribution.cine.is_not(None), Contribution.prep_state.in_(_AT_WORK))
    previews_expired = and_(has_previews, Contribution.decided_at < now - kept_for)
    return _next(
        session,
        Contribution.state == ContributionState.APPROVED,
        Contribution.ingest_state == JobState.DONE,
        or_(Contribution.original_key.is_not(None), previews_expired),
    )


def _next(session: Session, *conditions: ColumnElement[bool]) -> Contribution | None:
    query = select(Contribution).where(*conditions).limit(1)
    return session.scalars(
        query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).first()


def owners(session: Session, folder: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose bytes in a folder (`review`, `dataset`, `wholes`) are needed."""
    used = {
        "review": or_(Contribution.cine.is_not(None), Contribution.prep_state.in_(_AT_WORK)),
        "dataset": or_(
            Contribution.pixels_key.is_not(None), Contribution.ingest_state.in_(_AT_WORK)
        ),
        "wholes": or_(Contribution.whole_key.is_not(None), Contribution.ingest_state.in_(_AT_WORK)),
    }
    return set(
        session.scalars(select(Contribution.id).where(Contribution.id.in_(ids), used[folder]))
    )


def is_withdrawn(session: Session, contribution_id: UUID) -> bool:
    """Whether the contributor took it back, or deleted it: nothing is to stay of it."""
    state = session.scalars(
        select(Contribution.state).where(Contribution.id == contribution_id)
    ).first()
    return state in (None, ContributionState.WITHDRAWN.value)
