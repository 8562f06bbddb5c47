"""A contribution's state, final label and place in the dataset, derived from its verdicts.

Everything follows from the verdicts that were not undone, so that undoing one works like giving
one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.orm import Session

from backend.core import audit
from backend.jobs import leases
from backend.jobs.kinds import DEIDENTIFICATION, PREVIEWS
from backend.reviews import repository
from backend.reviews.verdicts import Outcome, outcome
from backend.tables import Contribution, Review, User
from backend.tables.vocabulary import ContributionState, Finding, JobState, Label, Verdict
from models.contract import Square

_STATES = {
    Outcome.APPROVED: ContributionState.APPROVED,
    Outcome.REJECTED: ContributionState.REJECTED,
    Outcome.CHANGES_REQUESTED: ContributionState.CHANGES_REQUESTED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What goes into the dataset: the label and findings, and which part of the pixels."""

    label: Label | None
    findings: dict[Finding, bool]
    square: Square
    trim_start_s: float | None
    trim_end_s: float | None
    comment: str


def apply_reviews(
    session: Session, actor: User | None, contribution: Contribution, needed: int, now: datetime
) -> Outcome:
    """Set a contribution, locked by `repository.lock`, to what its verdicts say.

    If that changes which pixels the dataset holds, a worker is asked to make them.
    """
    reviews = repository.live_reviews(session, contribution.id)
    current = [review for review in reviews if review.round == contribution.review_round]
    earlier = [review for review in reviews if review.round < contribution.review_round]
    result = outcome(current, needed)
    contribution.state = _STATES.get(result, ContributionState.PENDING)
    for review in current:
        review.is_open = result not in _STATES
    contribution.disputed = result is Outcome.DISPUTED
    contribution.decided_at = now if result in (Outcome.APPROVED, Outcome.REJECTED) else None
    if result is Outcome.APPROVED:
        decision: Decision | None = _decision(contribution, current)
    else:
        decision = None if result is Outcome.REJECTED else _last_approval(contribution, earlier)
    _decide(session, contribution, decision, now)
    if result in _STATES or result is Outcome.DISPUTED:
        audit.record(
            session,
            actor,
            f"reviews.{result}",
            "contribution",
            contribution.id,
            round=contribution.review_round,
            reviews=[str(review.id) for review in current],
            label=contribution.final_label,
        )
    if contribution.decided_at is not None:
        repository.close_reports(session, contribution.id, now)
    return result


def reopen(session: Session, actor: User | None, contribution: Contribution, now: datetime) -> bool:
    """Open a new round for an approved contribution. False: it is not approved (any more).

    For a released one whose label was reported, and for one that could not be de-identified. The
    last decision holds until there is another: a released recording stays in the dataset, and
    reviewers see its de-identified copy. `contribution` is locked by `repository.lock`.
    """
    if contribution.state != ContributionState.APPROVED:
        return False
    contribution.state = ContributionState.PENDING
    contribution.review_round += 1
    contribution.decided_at = None
    unclaim(contribution)
    audit.record(
        session,
        actor,
        "reviews.reopened",
        "contribution",
        contribution.id,
        round=contribution.review_round,
    )
    ensure_previews(session, contribution, now)
    return True


def unclaim(contribution: Contribution) -> None:
    """End the claim on it."""
    contribution.claimed_by = contribution.claimed_at = contribution.claimed_until = None


def ensure_previews(session: Session, contribution: Contribution, now: datetime) -> None:
    """Queue the images for reviewers, if they were deleted."""
    if contribution.cine is None:
        leases.enqueue(session, PREVIEWS, contribution, now)


def _decision(contribution: Contribution, reviews: Sequence[Review]) -> Decision:
    """Crop, trim and label of the last verdict, with the comments of all approvals."""
    last = reviews[-1]
    comments = [review.comment for review in reviews if review.verdict == Verdict.APPROVE]
    proposed = Square(contribution.square_x, contribution.square_y, contribution.square_size)
    return Decision(
        label=last.label,
        findings=last.findings,
        square=last.square or proposed,
        trim_start_s=last.trim_start_s,
        trim_end_s=last.trim_end_s,
        comment="\n".join(dict.fromkeys(comment for comment in comments if comment)),
    )


def _last_approval(contribution: Contribution, earlier: Sequence[Review]) -> Decision | None:
    """The decision of the newest earlier round that ended in an approval.

    These rounds are over: the last verdict in each decided it, however many were needed then.
    """
    rounds = [list(group) for _, group in groupby(earlier, key=lambda review: review.round)]
    for reviews in reversed(rounds):
        if reviews[-1].verdict == Verdict.APPROVE:
            return _decision(contribution, reviews)
    return None


def _decide(
    session: Session, contribution: Contribution, decision: Decision | None, now: datetime
) -> None:
    before = _pixels(contribution)
    if decision is None:
        contribution.final_label = None
        contribution.final_findings = {}
        contribution.final_square_x = contribution.final_square_y = None
        contribution.final_square_size = None
        contribution.trim_start_s = contribution.trim_end_s = None
        contribution.md_comment = ""
        _forget_pixels(contribution)
        return
    contribution.final_label = decision.label
    contribution.final_findings = decision.findings
    contribution.final_square_x = decision.square.x
    contribution.final_square_y = decision.square.y
    contribution.final_square_size = decision.square.size
    contribution.trim_start_s = decision.trim_start_s
    contribution.trim_end_s = decision.trim_end_s
    contribution.md_comment = decision.comment
    failed = contribution.deidentify_state in (None, JobState.FAILED)
    if failed or _pixels(contribution) != before:
        _forget_pixels(contribution)
        leases.enqueue(session, DEIDENTIFICATION, contribution, now)


def _pixels(contribution: Contribution) -> tuple[object, ...]:
    """The crop and trim that determine the pixels in the dataset."""
    return (
        contribution.final_square_x,
        contribution.final_square_y,
        contribution.final_square_size,
        contribution.trim_start_s,
        contribution.trim_end_s,
    )


def _forget_pixels(contribution: Contribution) -> None:
    """Discard what was or is being de-identified. The sweep deletes the bytes."""
    contribution.deidentify_state = contribution.deidentify_error = None
    contribution.deidentify_attempt += 1
    contribution.pixels_key = contribution.pixels_sha256 = None
    contribution.dataset_frames = 0
