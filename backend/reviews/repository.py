"""Every query about reviews: the queue, claims, verdicts, and what was decided."""

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
    """Which part of the queue is wanted; None is no filter. `source` may be a part of it."""

    label: Label | None = None
    source: str | None = None
    probe: Probe | None = None
    submitted_before: datetime | None = None
    disputed: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on contributions."""
        found: list[ColumnElement[bool]] = []
        if self.label is not None:
            found.append(Contribution.label == self.label)
        if self.source is not None:
            found.append(Contribution.source.icontains(self.source, autoescape=True))
        if self.probe is not None:
            found.append(Contribution.probe == self.probe)
        if self.submitted_before is not None:
            found.append(Contribution.submitted_at <= self.submitted_before)
        if self.disputed is not None:
            found.append(Contribution.disputed.is_(self.disputed))
        return found


def add(session: Session, review: Review) -> None:
    """Add a new row, now: a constraint that does not hold is an error here."""
    session.add(review)
    session.flush()


def get(session: Session, contribution_id: UUID) -> Contribution | None:
    """The contribution with this id, its submission loaded."""
    return session.get(Contribution, contribution_id, options=[joinedload(Contribution.submission)])


def hold(session: Session, contribution_id: UUID) -> Contribution | None:
    """As `get`, locked until the transaction ends and read after whoever held it before."""
    return session.scalars(
        select(Contribution)
        .where(Contribution.id == contribution_id)
        .options(joinedload(Contribution.submission))
        .with_for_update(of=Contribution)
        .execution_options(populate_existing=True)
    ).one_or_none()


def get_review(session: Session, review_id: UUID) -> Review | None:
    """The review with this id, taken back or not."""
    return session.get(Review, review_id, populate_existing=True)


def live_reviews(session: Session, contribution_id: UUID) -> Sequence[Review]:
    """A contribution's verdicts that were not taken back, the earliest first."""
    return session.scalars(
        select(Review)
        .where(Review.contribution_id == contribution_id, Review.undone_at.is_(None))
        .order_by(Review.round, Review.created_at, Review.reading)
    ).all()


def earlier_rounds(session: Session, contribution_ids: Sequence[UUID]) -> Sequence[Review]:
    """Verdicts of rounds that are over, which nobody has to judge without knowing them."""
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


def mine(session: Session, reviewer_id: UUID, cursor: str | None, limit: int) -> Page[Review]:
    """A reviewer's own verdicts with their contributions, the newest first."""
    query = (
        select(Review)
        .where(Review.reviewer_id == reviewer_id)
        .options(joinedload(Review.contribution))
    )
    newest_first = Keyset(Review.created_at, Review.id, descending=True)
    return newest_first.page(session, query, cursor, limit)


# The queue.


def _for_reader(reviewer_id: UUID, filters: Filters) -> Select[Contribution]:
    """What waits for a verdict that this reviewer may give: nobody's own, nobody's twice."""
    said = exists().where(
        Review.contribution_id == Contribution.id,
        Review.round == Contribution.review_round,
        Review.reviewer_id == reviewer_id,
        Review.undone_at.is_(None),
    )
    return (
        select(Contribution)
        .join(Contribution.submission)
        .options(contains_eager(Contribution.submission))
        .where(_PENDING, Submission.contributor_id != reviewer_id, ~said, *filters.conditions())
    )


def queue(
    session: Session, reviewer_id: UUID, filters: Filters, cursor: str | None, limit: int
) -> Page[Contribution]:
    """A page of what waits for this reviewer, oldest first, claimed by others or not."""
    oldest_first = Keyset(Contribution.submitted_at, Contribution.id)
    return oldest_first.page(session, _for_reader(reviewer_id, filters), cursor, limit)


def queue_length(session: Session, reviewer_id: UUID, filters: Filters) -> int:
    """How many there are in all pages together."""
    waiting = _for_reader(reviewer_id, filters).with_only_columns(Contribution.id).subquery()
    return session.scalars(select(func.count()).select_from(waiting)).one()


def claim_next(
    session: Session, reviewer_id: UUID, filters: Filters, now: datetime, until: datetime
) -> Contribution | None:
    """Claim what waits longest and nobody works on; None where there is none.

    First what this reviewer holds already, last what they gave back, longest ago first. Of two
    callers nobody gets the other's: PostgreSQL leaves out a row that another transaction has
    locked, and on SQLite a writing transaction is alone.
    """
    mine = Contribution.claimed_by == reviewer_id
    held = and_(mine, Contribution.claimed_until > now)
    prepared = or_(Contribution.prep_state.is_(None), Contribution.prep_state.not_in(_AT_WORK))
    turn = case((held, 0), (mine, 2), else_=1)
    found = session.scalars(
        _for_reader(reviewer_id, filters)
        .where(or_(_unclaimed(now), mine), prepared)
        .order_by(
            turn,
            case((mine, Contribution.claimed_until)),
            Contribution.submitted_at,
            Contribution.id,
        )
        .limit(1)
        .with_for_update(of=Contribution, skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if found is not None:
        _take(found, reviewer_id, now, until)
    return found


def claim(
    session: Session, contribution: Contribution, reviewer_id: UUID, now: datetime, until: datetime
) -> bool:
    """Claim this one, held by `hold`, or renew the claim; False where another has it."""
    if is_claimed(contribution, now) and contribution.claimed_by != reviewer_id:
        return False
    _take(contribution, reviewer_id, now, until)
    session.flush()
    return True


def is_claimed(contribution: Contribution, now: datetime) -> bool:
    """Whether somebody is at work on it."""
    return contribution.claimed_until is not None and contribution.claimed_until > now


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(Contribution.claimed_until.is_(None), Contribution.claimed_until <= now)


def _take(contribution: Contribution, reviewer_id: UUID, now: datetime, until: datetime) -> None:
    renewed = contribution.claimed_by == reviewer_id and is_claimed(contribution, now)
    if not renewed or contribution.claimed_at is None:
        contribution.claimed_at = now
    contribution.claimed_by = reviewer_id
    contribution.claimed_until = until


def give_back(session: Session, contribution_id: UUID, reviewer_id: UUID, now: datetime) -> bool:
    """End a reviewer's claim; the queue remembers whose it was. False where it is not theirs."""
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


# What stands beside a review.


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


def standing_verdicts(session: Session) -> Sequence[Row[UUID, int, Verdict, Label | None]]:
    """Contribution, round, verdict and label of all that were not taken back, in their order."""
    return session.execute(
        select(Review.contribution_id, Review.round, Review.verdict, Review.label)
        .where(Review.undone_at.is_(None))
        .order_by(Review.created_at, Review.reading)
    ).all()


def work_done(session: Session) -> Sequence[Row[UUID, str, datetime, datetime]]:
    """Reviewer, name, claim and verdict of all that were not taken back."""
    return session.execute(
        select(User.id, User.name, Review.claimed_at, Review.created_at)
        .join(Review.reviewer)
        .where(Review.undone_at.is_(None))
        .order_by(Review.created_at)
    ).all()


def open_reports(session: Session, contribution_ids: Sequence[UUID]) -> Sequence[LabelReport]:
    """Words of people who say that a released label is wrong, the earliest first."""
    return session.scalars(
        select(LabelReport)
        .where(LabelReport.contribution_id.in_(contribution_ids), LabelReport.closed_at.is_(None))
        .order_by(LabelReport.created_at)
    ).all()


def close_reports(session: Session, contribution_id: UUID, now: datetime) -> None:
    """Note that reviewers have answered what was reported."""
    session.execute(
        update(LabelReport)
        .where(LabelReport.contribution_id == contribution_id, LabelReport.closed_at.is_(None))
        .values(closed_at=now)
    )


# What upkeep asks. Rows come locked, one at a time, so that nobody takes up again what goes.

_HAS_BYTES = or_(
    Contribution.original_key.is_not(None),
    Contribution.preview_key.is_not(None),
    Contribution.whole_key.is_not(None),
    Contribution.pixels_key.is_not(None),
    Contribution.cine.is_not(None),
)


def unwanted(
    session: Session, now: datetime, kept_for: timedelta, but: Collection[UUID], most: int
) -> Sequence[UUID]:
    """Those of which no byte is to stay: withdrawn, or rejected `kept_for` ago; some left out."""
    query = select(Contribution.id).where(
        _is_unwanted(now, kept_for), _HAS_BYTES, Contribution.id.not_in(but)
    )
    return session.scalars(query.limit(most)).all()


def one_unwanted(
    session: Session, contribution_id: UUID, now: datetime, kept_for: timedelta
) -> Contribution | None:
    """One of these by its id, locked."""
    return _next(session, Contribution.id == contribution_id, _is_unwanted(now, kept_for))


def _is_unwanted(now: datetime, kept_for: timedelta) -> ColumnElement[bool]:
    return or_(
        Contribution.state == ContributionState.WITHDRAWN,
        and_(
            Contribution.state == ContributionState.REJECTED,
            Contribution.decided_at < now - kept_for,
        ),
    )


def next_ingested(session: Session, now: datetime, kept_for: timedelta) -> Contribution | None:
    """An approved and ingested one with bytes that it needs no longer.

    These are the original, and after `kept_for` what reviewers looked at.
    """
    made = or_(Contribution.cine.is_not(None), Contribution.prep_state.in_(_AT_WORK))
    looked_at = and_(made, Contribution.decided_at < now - kept_for)
    return _next(
        session,
        Contribution.state == ContributionState.APPROVED,
        Contribution.ingest_state == JobState.DONE,
        or_(Contribution.original_key.is_not(None), looked_at),
    )


def _next(session: Session, *conditions: ColumnElement[bool]) -> Contribution | None:
    query = select(Contribution).where(*conditions).limit(1)
    return session.scalars(
        query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).first()


def owners(session: Session, folder: str, ids: Collection[UUID]) -> set[UUID]:
    """Those ids whose bytes in a folder (`review`, `dataset`, `wholes`) are used or being made."""
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
