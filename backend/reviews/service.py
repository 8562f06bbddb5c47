"""The rules of reviews: the queue, claims, verdicts, and taking them back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, ForbiddenError, GoneError, NotFoundError
from backend.core.settings import Settings
from backend.reviews import repository, rules
from backend.reviews.decisions import apply_reviews, remake_previews, unclaim
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
from backend.reviews.serializers import item_of, review_of
from backend.tables import Contribution, Review, User
from backend.tables.vocabulary import ContributionState, Role, Verdict

log = structlog.get_logger(__name__)


def queue(
    session: Session, reviewer: User, filters: QueueFilters, cursor: str | None, limit: int
) -> QueueOut:
    """A page of what waits for a verdict that this reviewer may give.

    Raises:
        InvalidInputError: the cursor is none of ours.
    """
    now = utc_now()
    wanted = _filters(filters, now)
    page = repository.queue(session, reviewer.id, wanted, cursor, limit)
    return QueueOut(
        items=_items(session, page.rows, reviewer, now),
        next=page.next,
        total=repository.queue_length(session, reviewer.id, wanted),
    )


def claim_next(
    session: Session, settings: Settings, reviewer: User, filters: QueueFilters
) -> ReviewItem | None:
    """Claim what waits longest and nobody works on; None where there is none."""
    now = utc_now()
    until = _until(settings, now)
    found = repository.claim_next(session, reviewer.id, _filters(filters, now), now, until)
    if found is None:
        return None
    _record_claim(session, reviewer, found)
    return _item(session, found, reviewer, now)


def claim(
    session: Session, settings: Settings, reviewer: User, contribution_id: UUID
) -> ReviewItem:
    """Claim this recording, or renew the claim.

    Raises:
        NotFoundError, ForbiddenError: see `find`.
        ConflictError: it waits for no verdict, or for none of this reviewer's, or another
            reviewer has it, until the time that the problem names.
    """
    now = utc_now()
    contribution = find(session, reviewer, contribution_id, hold=True)
    rules.check_pending(contribution)
    _check_first_word(session, reviewer, contribution)
    held = contribution.claimed_by == reviewer.id and repository.is_claimed(contribution, now)
    if not repository.claim(session, contribution, reviewer.id, now, _until(settings, now)):
        rules.refuse_claimed(contribution)
    if not held:
        _record_claim(session, reviewer, contribution)
    return _item(session, contribution, reviewer, now)


def give_back(session: Session, reviewer: User, contribution_id: UUID) -> None:
    """End the reviewer's claim, so that another takes it. Having none is fine.

    Raises:
        NotFoundError, ForbiddenError: see `find`.
    """
    find(session, reviewer, contribution_id)
    if repository.give_back(session, contribution_id, reviewer.id, utc_now()):
        audit.record(session, reviewer, "reviews.given_back", "contribution", contribution_id)


def give(
    session: Session, settings: Settings, reviewer: User, contribution_id: UUID, said: ReviewIn
) -> GivenOut:
    """Give a verdict on a recording that the reviewer has claimed, and do what follows from it.

    Raises:
        NotFoundError, ForbiddenError: see `find`.
        ConflictError: it waits for no verdict of this reviewer's, or is not claimed by them.
        RefusedError: something is missing, or does not fit the recording.
    """
    now = utc_now()
    contribution = find(session, reviewer, contribution_id, hold=True)
    rules.check_pending(contribution)
    readings = _check_first_word(session, reviewer, contribution)
    rules.check_claim(contribution, reviewer.id, now)
    rules.check_verdict(said, contribution)
    review = _row(reviewer, contribution, said, readings + 1, now)
    repository.add(session, review)
    unclaim(contribution)
    # The verdict itself stands in the review alone: a second reader may be one who reads the log.
    audit.record(
        session, reviewer, "reviews.given", "contribution", contribution_id, review=str(review.id)
    )
    outcome = apply_reviews(session, reviewer, contribution, settings.reviews_needed, now)
    log.info("review_given", contribution=str(contribution_id), outcome=str(outcome))
    return GivenOut(**review_of(review, contribution).model_dump(), outcome=outcome)


def undo(session: Session, settings: Settings, user: User, review_id: UUID) -> None:
    """Take a verdict back: the recording waits again, held by its reviewer.

    Raises:
        NotFoundError: there is no such review.
        ForbiddenError: it is another's, and the user is no admin.
        ConflictError: it was taken back, a later round has begun, the recording was withdrawn
            or is in a release.
        GoneError: the recording was rejected, and its pixels are deleted.
    """
    now = utc_now()
    seen = repository.get_review(session, review_id)
    if seen is None:
        raise NotFoundError(f"There is no review {review_id}.")
    if seen.reviewer_id != user.id and user.role != Role.ADMIN:
        raise ForbiddenError(
            "This verdict is another reviewer's: only they or an administrator take it back."
        )
    contribution = repository.hold(session, seen.contribution_id)
    review = repository.get_review(session, review_id)
    assert contribution is not None  # noqa: S101  # reviews go with their contribution
    assert review is not None  # noqa: S101  # nobody deletes one
    _check_undoable(session, review, contribution)
    review.undone_at = now
    session.flush()
    audit.record(
        session, user, "reviews.undone", "contribution", contribution.id, review=str(review_id)
    )
    apply_reviews(session, user, contribution, settings.reviews_needed, now)
    remake_previews(session, contribution, now)
    if user.id == review.reviewer_id:
        repository.claim(session, contribution, user.id, now, _until(settings, now))
    log.info("review_undone", contribution=str(contribution.id))


def mine(session: Session, reviewer: User, cursor: str | None, limit: int) -> MinePage:
    """The reviewer's own verdicts, the newest first.

    Raises:
        InvalidInputError: the cursor is none of ours.
    """
    page = repository.mine(session, reviewer.id, cursor, limit)
    return MinePage(items=[_mine(session, review) for review in page.rows], next=page.next)


def find(
    session: Session, reviewer: User, contribution_id: UUID, *, hold: bool = False
) -> Contribution:
    """The contribution as a reviewer may see it, locked with `hold`.

    Raises:
        NotFoundError: there is none, or it has not been submitted.
        ForbiddenError: it is the reviewer's own.
    """
    look = repository.hold if hold else repository.get
    contribution = look(session, contribution_id)
    if contribution is None or contribution.state == ContributionState.DRAFT:
        raise NotFoundError(f"There is no submitted recording {contribution_id}.")
    if contribution.submission.contributor_id == reviewer.id:
        raise ForbiddenError(
            "This recording is your own: another reviewer judges it.", code="own_recording"
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
    )


def _until(settings: Settings, now: datetime) -> datetime:
    return now + timedelta(minutes=settings.review_claim_minutes)


def _record_claim(session: Session, reviewer: User, contribution: Contribution) -> None:
    audit.record(session, reviewer, "reviews.claimed", "contribution", contribution.id)


def _check_first_word(session: Session, reviewer: User, contribution: Contribution) -> int:
    """How many verdicts this round has; raises ConflictError where one is the reviewer's."""
    said = [
        each
        for each in repository.live_reviews(session, contribution.id)
        if each.round == contribution.review_round
    ]
    if any(each.reviewer_id == reviewer.id for each in said):
        raise ConflictError(
            "You have given your verdict on this recording; it waits for another reader.",
            code="already_reviewed",
        )
    return len(said)


def _check_undoable(session: Session, review: Review, contribution: Contribution) -> None:
    if review.undone_at is not None:
        raise ConflictError("This verdict was taken back already.", code="already_undone")
    if contribution.state == ContributionState.WITHDRAWN:
        raise ConflictError(
            "Its contributor has withdrawn this recording; no verdict counts any more.",
            code="withdrawn",
        )
    release = repository.release_since(session, contribution.id, review.created_at)
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
    if contribution.original_key is None and contribution.whole_key is None:
        raise GoneError("The pixels of this recording were deleted after it was rejected.")


def _row(
    reviewer: User, contribution: Contribution, said: ReviewIn, reading: int, now: datetime
) -> Review:
    approved = said.verdict is Verdict.APPROVE
    findings = contribution.findings if said.findings is None else said.findings
    return Review(
        id=uuid4(),
        contribution_id=contribution.id,
        reviewer_id=reviewer.id,
        round=contribution.review_round,
        reading=reading,
        verdict=said.verdict,
        reason=said.reason,
        label=(said.label or contribution.label) if approved else None,
        findings=dict(findings),
        square=said.square and said.square.square(),
        trim_start_s=said.trim_start_s,
        trim_end_s=said.trim_end_s,
        no_identifying_marks=said.no_identifying_marks,
        comment=said.comment.strip(),
        claimed_at=contribution.claimed_at,
        created_at=now,
    )


def _item(
    session: Session, contribution: Contribution, reviewer: User, now: datetime
) -> ReviewItem:
    return _items(session, [contribution], reviewer, now)[0]


def _items(
    session: Session, found: Sequence[Contribution], reviewer: User, now: datetime
) -> list[ReviewItem]:
    ids = [each.id for each in found]
    reports = repository.open_reports(session, ids)
    rounds = repository.earlier_rounds(session, ids)
    return [item_of(each, reviewer, now, rounds, reports) for each in found]


def _mine(session: Session, review: Review) -> MineOut:
    try:
        _check_undoable(session, review, review.contribution)
    except (ConflictError, GoneError):
        undoable = False
    else:
        undoable = True
    return MineOut(
        **review_of(review, review.contribution).model_dump(),
        state=review.contribution.state,
        undoable=undoable,
    )
