"""Queries on reviews: the queue, claims, verdicts, and decisions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, contains_eager, joinedload

from backend.core.pagination import HiddenKeyset, Keyset, Page
from backend.reviews import agreement
from backend.tables import (
    Contribution,
    LabelReport,
    Release,
    ReleaseItem,
    Review,
    ReviewDay,
    ReviewPair,
    ReviewTime,
    Submission,
    User,
)
from backend.tables.vocabulary import ContributionState, JobState, Label, Probe
from models.contract import Prediction

# Written out, since no database uses a partial index for a value that comes as a parameter.
_PENDING = Contribution.state == literal_column("'pending'")
_AT_WORK = (JobState.QUEUED, JobState.RUNNING)


_MOST_SOURCES = 500
"""That a condition names: a part that more sources have narrows the queue down too little."""


class QueueOrder(StrEnum):
    """What comes first in the queue; among equals it is what waits longest."""

    OLDEST = "oldest"
    MODELS_DISAGREE = "models_disagree"
    SIGNS_DISAGREE = "signs_disagree"


_AGE = (Contribution.submitted_at, Contribution.id)
_FIRST_COLUMN = {
    QueueOrder.MODELS_DISAGREE: Contribution.models_agreement,
    QueueOrder.SIGNS_DISAGREE: Contribution.signs_agreement,
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of the queue; None means any. `source` matches parts of it."""

    label: Label | None = None
    source: str | None = None
    probe: Probe | None = None
    submitted_before: datetime | None = None
    disputed: bool | None = None
    order: QueueOrder = QueueOrder.OLDEST

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """The filters as conditions on contributions that wait."""
        conditions: list[ColumnElement[bool]] = []
        if self.label is not None:
            conditions.append(Contribution.label == self.label)
        if self.source is not None:
            conditions.append(_has_source(session, self.source))
        if self.probe is not None:
            conditions.append(Contribution.probe == self.probe)
        if self.submitted_before is not None:
            conditions.append(Contribution.submitted_at <= self.submitted_before)
        if self.disputed is not None:
            conditions.append(Contribution.disputed.is_(self.disputed))
        return conditions


def _has_source(session: Session, part: str) -> ColumnElement[bool]:
    """Whether the source of a contribution that waits has this part.

    The condition names the sources, unlike a search for the part, so that an index can tell which
    contributions and how many have one of them. There are few different ones among all that wait:
    each is found by one look-up, which takes as long however many contributions wait.
    """
    least = select(func.min(Contribution.source).label("source")).where(_PENDING)
    found = least.cte("waiting_sources", recursive=True)
    source = found.c.source
    # Twice the same: SQLite looks up the first in the index, PostgreSQL the second.
    is_behind = (
        Contribution.source > source,
        tuple_(Contribution.state, Contribution.source)
        > tuple_(literal_column("'pending'"), source),
    )
    following = select(func.min(Contribution.source)).where(_PENDING, *is_behind)
    found = found.union_all(select(following.scalar_subquery()).where(source.is_not(None)))
    has_part = found.c.source.icontains(part, autoescape=True)
    sources = session.scalars(select(found.c.source).where(has_part).limit(_MOST_SOURCES + 1)).all()
    if len(sources) > _MOST_SOURCES:
        return Contribution.source.icontains(part, autoescape=True)
    return Contribution.source.in_(sources)


def answer(prediction: Prediction) -> dict[str, Any]:
    """Columns of a contribution that the models have answered for."""
    return {
        "model_answer": prediction,
        "models_agreement": agreement.of_models(prediction),
        "signs_agreement": agreement.of_signs(prediction),
    }


def no_answer() -> dict[str, Any]:
    """The same columns, of one that they have not answered for."""
    return {
        "model_answer": None,
        "models_agreement": agreement.UNKNOWN,
        "signs_agreement": agreement.UNKNOWN,
    }


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


_OF_THIS_ROUND = and_(
    Review.contribution_id == Contribution.id,
    Review.round == Contribution.review_round,
    Review.undone_at.is_(None),
)


def _for_reader(session: Session, reviewer_id: UUID, filters: Filters) -> Select[Contribution]:
    """Contributions this reviewer may review: not their own, and not reviewed in this round."""
    reviewed = select(Review.id).where(_OF_THIS_ROUND, Review.reviewer_id == reviewer_id).exists()
    return (
        select(Contribution)
        .join(Contribution.submission)
        .options(contains_eager(Contribution.submission))
        .where(
            _PENDING,
            Submission.contributor_id != reviewer_id,
            ~reviewed,
            *filters.conditions(session),
        )
    )


def queue(
    session: Session, reviewer_id: UUID, filters: Filters, cursor: str | None, limit: int
) -> Page[Contribution]:
    """A page of this reviewer's queue in its order, including what others have claimed."""
    order = (
        Keyset(*_AGE)
        if filters.order is QueueOrder.OLDEST
        else HiddenKeyset(_FIRST_COLUMN[filters.order], *_AGE)
    )
    return order.page(session, _for_reader(session, reviewer_id, filters), cursor, limit)


def queue_length(session: Session, reviewer_id: UUID, filters: Filters) -> int:
    """The number of contributions on all pages.

    It is the number of those that wait for anybody, which an index holds, less the reviewer's own
    and those they have reviewed, of which nobody may do both.
    """
    number = select(func.count(Contribution.id)).where(*filters.conditions(session))
    waiting = number.where(_PENDING)
    # An expression has no index: SQLite would begin with all that waits, not with the submissions.
    is_pending = func.coalesce(Contribution.state, "") == literal_column("'pending'")
    own = number.join(Contribution.submission).where(
        is_pending, Submission.contributor_id == reviewer_id
    )
    reviewed = number.join(Review, _OF_THIS_ROUND).where(
        is_pending, Review.reviewer_id == reviewer_id, Review.is_open == true()
    )
    everybody, excluded, done = (session.scalars(query).one() for query in (waiting, own, reviewed))
    return everybody - excluded - done


def claim_next(
    session: Session, reviewer_id: UUID, filters: Filters, now: datetime, until: datetime
) -> Contribution | None:
    """Claim the first contribution that nobody has claimed; None if there is none.

    A claim that this reviewer holds comes first; those they returned come last, the earliest first.
    Two callers never get the same one: PostgreSQL skips rows that another transaction has locked,
    and on SQLite writing transactions run one at a time.
    """
    own = Contribution.claimed_by == reviewer_id
    prepared = or_(
        Contribution.previews_state.is_(None), Contribution.previews_state.not_in(_AT_WORK)
    )
    first = _AGE if filters.order is QueueOrder.OLDEST else (_FIRST_COLUMN[filters.order], *_AGE)
    claimed = (own, Contribution.claimed_until > now)
    free = (_unclaimed(now), Contribution.claimed_by.is_distinct_from(reviewer_id))
    returned = (own, _unclaimed(now))
    query = _for_reader(session, reviewer_id, filters)
    for conditions, order in (
        (claimed, (Contribution.claimed_until, *_AGE)),
        (free, first),
        (returned, (Contribution.claimed_until, *_AGE)),
    ):
        contribution = session.scalars(
            query.where(prepared, *conditions)
            .order_by(*order)
            .limit(1)
            .with_for_update(of=Contribution, skip_locked=True)
            .execution_options(populate_existing=True)
        ).first()
        if contribution is not None:
            _set_claim(contribution, reviewer_id, now, until)
            return contribution
    return None


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


def releases_since(session: Session, review_ids: Collection[UUID]) -> dict[UUID, int]:
    """For each review, the first release made since that holds its contribution, if any."""
    found = session.execute(
        select(Review.id, func.min(Release.number))
        .join(ReleaseItem, ReleaseItem.contribution_id == Review.contribution_id)
        .join(ReleaseItem.release)
        .where(
            Review.id.in_(review_ids),
            Release.created_at >= Review.created_at,
            Release.state.not_in((JobState.FAILED, JobState.CANCELLED)),
        )
        .group_by(Review.id)
    )
    return {row[0]: row[1] for row in found}


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


# For statistics: the numbers that `tally` keeps.


def pairs(session: Session) -> dict[tuple[str, str], int]:
    """In how many rounds a pair of ratings was given by the first and the second reader."""
    query = select(ReviewPair).where(ReviewPair.rounds > 0)
    return {(row.first, row.second): row.rounds for row in session.scalars(query)}


def times(session: Session) -> Sequence[ReviewTime]:
    """How long verdicts took, by reviewer, the shortest first."""
    query = select(ReviewTime).where(ReviewTime.reviews > 0)
    return session.scalars(query.order_by(ReviewTime.reviewer_id, ReviewTime.seconds)).all()


def days(session: Session, since: date) -> Sequence[ReviewDay]:
    """How many verdicts were given on the days from `since` on, the earliest day first."""
    query = select(ReviewDay).where(ReviewDay.day >= since, ReviewDay.reviews > 0)
    return session.scalars(query.order_by(ReviewDay.day)).all()


def names(session: Session, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """The users' names."""
    found = session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row[0]: row[1] for row in found}


# For maintenance. Rows are locked one at a time, so that nobody reopens what is being deleted.

# The states and what comes with them are as in the partial indexes, written out as there.
_HAS_BYTES = or_(
    Contribution.original_key.is_not(None),
    Contribution.preview_key.is_not(None),
    Contribution.deidentified_key.is_not(None),
    Contribution.pixels_key.is_not(None),
    Contribution.cine.is_not(None),
)
_ENDED = Contribution.state.in_([literal_column("'withdrawn'"), literal_column("'rejected'")])
_HAS_PREVIEWS = or_(
    Contribution.cine.is_not(None),
    Contribution.previews_state.in_([literal_column("'queued'"), literal_column("'running'")]),
)
_DEIDENTIFIED_WITH_BYTES = and_(
    Contribution.state == literal_column("'approved'"),
    Contribution.deidentify_state == literal_column("'done'"),
    or_(Contribution.original_key.is_not(None), _HAS_PREVIEWS),
)


def expired(
    session: Session, now: datetime, kept_for: timedelta, exclude: Collection[UUID], limit: int
) -> Sequence[UUID]:
    """Ids whose bytes are to be deleted: withdrawn, or rejected `kept_for` ago."""
    query = select(Contribution.id).where(
        _ENDED, _HAS_BYTES, _is_expired(now, kept_for), Contribution.id.not_in(exclude)
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
    previews_expired = and_(_HAS_PREVIEWS, Contribution.decided_at < now - kept_for)
    return _next(
        session,
        _DEIDENTIFIED_WITH_BYTES,
        or_(Contribution.original_key.is_not(None), previews_expired),
    )


def _next(session: Session, *conditions: ColumnElement[bool]) -> Contribution | None:
    query = select(Contribution).where(*conditions).order_by(Contribution.decided_at).limit(1)
    return session.scalars(
        query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    ).first()


def owners(session: Session, folder: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids whose bytes in a folder (`review`, `dataset`, `wholes`) are needed."""
    used = {
        "review": or_(Contribution.cine.is_not(None), Contribution.previews_state.in_(_AT_WORK)),
        "dataset": or_(
            Contribution.pixels_key.is_not(None), Contribution.deidentify_state.in_(_AT_WORK)
        ),
        "wholes": or_(
            Contribution.deidentified_key.is_not(None), Contribution.deidentify_state.in_(_AT_WORK)
        ),
    }
    return set(
        session.scalars(select(Contribution.id).where(Contribution.id.in_(ids), used[folder]))
    )


def is_withdrawn(session: Session, contribution_id: UUID) -> bool:
    """Whether the contributor took it back, or deleted it: nothing is to stay of it."""
    state = session.scalars(
        select(Contribution.state).where(Contribution.id == contribution_id)
    ).first()
    return state in (None, ContributionState.WITHDRAWN)
