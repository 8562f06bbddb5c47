"""Reviews: the queue, claims, verdicts, and undoing them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, ForbiddenError, GoneError, NotFoundError
from backend.core.settings import Settings
from backend.recordings.text_boxes import with_decisions
from backend.reviews import repository, rules, tally
from backend.reviews.decisions import apply_reviews, ensure_previews, unclaim
from backend.reviews.repository import Filters
from backend.reviews.schemas import (
    GivenOut,
    MineOut,
    MinePage,
    QueueFilters,
    QueueOut,
    ReviewIn,
    ReviewItem,
)
from backend.reviews.serializers import to_review_item, to_review_out
from backend.tables import Contribution, Review, User
from backend.tables.vocabulary import ContributionState, Role, Verdict

log = structlog.get_logger(__name__)


def queue(
    session: Session, reviewer: User, filters: QueueFilters, cursor: str | None, limit: int
) -> QueueOut:
    """A page of the recordings that this reviewer may review.

    Raises:
        InvalidInputError: the cursor is invalid.
    """
    now = utc_now()
    conditions = _filters(filters, now)
    page = repository.queue(session, reviewer.id, conditions, cursor, limit)
    return QueueOut(
        items=_items(session, page.rows, reviewer, now),
        next=page.next,
        total=repository.queue_length(session, reviewer.id, conditions),
    )


def claim_next(
    session: Session, settings: Settings, reviewer: User, filters: QueueFilters
) -> ReviewItem | None:
    """Claim the first recording that nobody has claimed; None if there is none."""
    now = utc_now()
    until = _until(settings, now)
    contribution = repository.claim_next(session, reviewer.id, _filters(filters, now), now, until)
    if contribution is None:
        return None
    _record_claim(session, reviewer, contribution)
    return _item(session, contribution, reviewer, now)


def claim(
    session: Session, settings: Settings, reviewer: User, contribution_id: UUID
) -> ReviewItem:
    """Claim this recording, or renew the claim.

    Raises:
        NotFoundError, ForbiddenError: see `find`.
        ConflictError: it is not waiting for a verdict of this reviewer, or another reviewer has
            claimed it, until the time in the problem.
    """
    now = utc_now()
    contribution = find(session, reviewer, contribution_id, lock=True)
    rules.check_pending(contribution)
    _check_not_reviewed(session, reviewer, contribution)
    renewed = contribution.claimed_by == reviewer.id and repository.is_claimed(contribution, now)
    if not repository.claim(session, contribution, reviewer.id, now, _until(settings, now)):
        rules.refuse_claimed(contribution)
    if not renewed:
        _record_claim(session, reviewer, contribution)
    return _item(session, contribution, reviewer, now)


def release_claim(session: Session, reviewer: User, contribution_id: UUID) -> None:
    """End the reviewer's claim, if there is one, so that others can claim the recording.

    Raises:
        NotFoundError, ForbiddenError: see `find`.
    """
    find(session, reviewer, contribution_id)
    if repository.release_claim(session, contribution_id, reviewer.id, utc_now()):
        audit.record(session, reviewer, "reviews.claim_released", "contribution", contribution_id)


def submit_review(
    session: Session, settings: Settings, reviewer: User, contribution_id: UUID, verdict: ReviewIn
) -> GivenOut:
    """Record a verdict on a recording that the reviewer has claimed, and apply its consequences.

    Raises:
        NotFoundError, ForbiddenError: see `find`.
        ConflictError: it is not waiting for a verdict of this reviewer, or not claimed by them.
        RefusedError: something is missing, or does not fit the recording.
    """
    now = utc_now()
    contribution = find(session, reviewer, contribution_id, lock=True)
    rules.check_pending(contribution)
    readings = _check_not_reviewed(session, reviewer, contribution)
    rules.check_claim(contribution, reviewer.id, now)
    rules.check_verdict(verdict, contribution)
    rules.check_text_can_change(verdict, contribution)
    if verdict.text:
        contribution.text_boxes = with_decisions(contribution.text_boxes, verdict.text)
    review = _row(reviewer, contribution, verdict, readings + 1, now)
    repository.add(session, review)
    tally.count_given(session, review)
    unclaim(contribution)
    # The verdict itself is only in the review: a second reader may have access to the log.
    audit.record(
        session,
        reviewer,
        "reviews.submitted",
        "contribution",
        contribution_id,
        review=str(review.id),
    )
    outcome = apply_reviews(session, reviewer, contribution, settings.reviews_needed, now)
    log.info("review_submitted", contribution=str(contribution_id), outcome=str(outcome))
    return GivenOut(**to_review_out(review, contribution).model_dump(), outcome=outcome)


def undo(session: Session, settings: Settings, user: User, review_id: UUID) -> None:
    """Undo a verdict: the recording is waiting again, claimed by its reviewer.

    Raises:
        NotFoundError: there is no such review.
        ForbiddenError: it is another reviewer's, and the user is not an administrator.
        ConflictError: it was undone already, a later round has begun, or the recording was
            withdrawn or is in a release.
        GoneError: the recording was rejected, and its pixels are deleted.
    """
    now = utc_now()
    unlocked = repository.get_review(session, review_id)
    if unlocked is None:
        raise NotFoundError(f"There is no review {review_id}.")
    if unlocked.reviewer_id != user.id and user.role != Role.ADMIN:
        raise ForbiddenError(
            "This verdict is another reviewer's: only they or an administrator can undo it."
        )
    contribution = repository.lock(session, unlocked.contribution_id)
    review = repository.get_review(session, review_id)
    assert contribution is not None  # noqa: S101  # reviews are deleted with their contribution
    assert review is not None  # noqa: S101  # reviews are never deleted
    releases = repository.releases_since(session, [review.id])
    _check_undoable(review, contribution, releases.get(review.id))
    review.undone_at = now
    session.flush()
    tally.count_undone(session, review)
    audit.record(
        session, user, "reviews.undone", "contribution", contribution.id, review=str(review_id)
    )
    apply_reviews(session, user, contribution, settings.reviews_needed, now)
    ensure_previews(session, contribution, now)
    if user.id == review.reviewer_id:
        repository.claim(session, contribution, user.id, now, _until(settings, now))
    log.info("review_undone", contribution=str(contribution.id))


def own_reviews(session: Session, reviewer: User, cursor: str | None, limit: int) -> MinePage:
    """The reviewer's own verdicts, newest first.

    Raises:
        InvalidInputError: the cursor is invalid.
    """
    page = repository.own_reviews(session, reviewer.id, cursor, limit)
    released = repository.releases_since(session, [review.id for review in page.rows])
    return MinePage(
        items=[_to_own_review(review, released.get(review.id)) for review in page.rows],
        next=page.next,
    )


def find(
    session: Session, reviewer: User, contribution_id: UUID, *, lock: bool = False
) -> Contribution:
    """The contribution, if the reviewer may see it; with `lock` locked.

    Raises:
        NotFoundError: there is none, or it has not been submitted.
        ForbiddenError: it is the reviewer's own.
    """
    load = repository.lock if lock else repository.get
    contribution = load(session, contribution_id)
    if contribution is None or contribution.state == ContributionState.DRAFT:
        raise NotFoundError(f"There is no submitted recording {contribution_id}.")
    if contribution.submission.contributor_id == reviewer.id:
        raise ForbiddenError(
            "This recording is your own: another reviewer must review it.", code="own_recording"
        )
    return contribution


def _filters(filters: QueueFilters, now: datetime) -> Filters:
    hours = filters.older_than_h
    return Filters(
        label=filters.label,
        source=filters.source,
        probe=filters.probe,
        submitted_before=None if hours is None else now - timedelta(hours=hours),
        disputed=filters.disputed,
        order=filters.order,
    )


def _until(settings: Settings, now: datetime) -> datetime:
    return now + timedelta(minutes=settings.review_claim_minutes)


def _record_claim(session: Session, reviewer: User, contribution: Contribution) -> None:
    audit.record(session, reviewer, "reviews.claimed", "contribution", contribution.id)


def _check_not_reviewed(session: Session, reviewer: User, contribution: Contribution) -> int:
    """The number of verdicts of this round. Raises ConflictError if one is the reviewer's."""
    reviews = [
        review
        for review in repository.live_reviews(session, contribution.id)
        if review.round == contribution.review_round
    ]
    if any(review.reviewer_id == reviewer.id for review in reviews):
        raise ConflictError(
            "You have already reviewed this recording; it is waiting for another reviewer.",
            code="already_reviewed",
        )
    return len(reviews)


def _check_undoable(review: Review, contribution: Contribution, release: int | None) -> None:
    """Raises if the verdict cannot be undone; `release` holds the recording and was made since."""
    if review.undone_at is not None:
        raise ConflictError("This verdict has already been undone.", code="already_undone")
    if contribution.state == ContributionState.WITHDRAWN:
        raise ConflictError(
            "Its contributor has withdrawn this recording; verdicts on it no longer count.",
            code="withdrawn",
        )
    if release is not None:
        raise ConflictError(
            f"The recording is in release {release}, which does not change. "
            "Report its label there to have it reviewed again.",
            code="released",
            release=release,
        )
    if review.round != contribution.review_round:
        raise ConflictError(
            "A later round of reviews has begun. Give a new verdict there.", code="later_round"
        )
    if contribution.original_key is None and contribution.deidentified_key is None:
        raise GoneError("The pixels of this recording were deleted after it was rejected.")


def _row(
    reviewer: User, contribution: Contribution, verdict: ReviewIn, reading: int, now: datetime
) -> Review:
    approved = verdict.verdict is Verdict.APPROVE
    findings = contribution.findings if verdict.findings is None else verdict.findings
    return Review(
        id=uuid4(),
        contribution_id=contribution.id,
        reviewer_id=reviewer.id,
        round=contribution.review_round,
        reading=reading,
        verdict=verdict.verdict,
        reason=verdict.reason,
        label=(verdict.label or contribution.label) if approved else None,
        findings=dict(findings),
        square=verdict.square and verdict.square.square(),
        trim_start_s=verdict.trim_start_s,
        trim_end_s=verdict.trim_end_s,
        no_identifying_marks=verdict.no_identifying_marks,
        comment=verdict.comment.strip(),
        claimed_at=contribution.claimed_at,
        created_at=now,
    )


def _item(
    session: Session, contribution: Contribution, reviewer: User, now: datetime
) -> ReviewItem:
    return _items(session, [contribution], reviewer, now)[0]


def _items(
    session: Session, contributions: Sequence[Contribution], reviewer: User, now: datetime
) -> list[ReviewItem]:
    ids = [contribution.id for contribution in contributions]
    reports = repository.open_reports(session, ids)
    rounds = repository.earlier_rounds(session, ids)
    return [
        to_review_item(contribution, reviewer, now, rounds, reports)
        for contribution in contributions
    ]


def _to_own_review(review: Review, release: int | None) -> MineOut:
    try:
        _check_undoable(review, review.contribution, release)
    except (ConflictError, GoneError):
        undoable = False
    else:
        undoable = True
    return MineOut(
        **to_review_out(review, review.contribution).model_dump(),
        state=review.contribution.state,
        undoable=undoable,
    )
