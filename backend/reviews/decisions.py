"""What a contribution's verdicts make of it: its state, its final label, its place in the dataset.

Everything follows from the verdicts that stand, so that taking one back is the same work as
giving one.
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
    """What the dataset is to hold: the label and findings, and which part of the pixels."""

    label: Label | None
    findings: dict[Finding, bool]
    square: Square
    trim_start_s: float | None
    trim_end_s: float | None
    comment: str


def apply_reviews(
    session: Session, actor: User | None, contribution: Contribution, needed: int, now: datetime
) -> Outcome:
    """Bring a contribution, held by `repository.hold`, to what its verdicts say.

    Where pixels are to change, the worker is asked for them.
    """
    said = repository.live_reviews(session, contribution.id)
    current = [each for each in said if each.round == contribution.review_round]
    earlier = [each for each in said if each.round < contribution.review_round]
    found = outcome(current, needed)
    contribution.state = _STATES.get(found, ContributionState.PENDING)
    contribution.disputed = found is Outcome.DISPUTED
    contribution.decided_at = now if found in (Outcome.APPROVED, Outcome.REJECTED) else None
    if found is Outcome.APPROVED:
        decision: Decision | None = _decision(contribution, current)
    else:
        decision = None if found is Outcome.REJECTED else _standing(contribution, earlier)
    _decide(session, contribution, decision, now)
    if found in _STATES or found is Outcome.DISPUTED:
        audit.record(
            session,
            actor,
            f"reviews.{found}",
            "contribution",
            contribution.id,
            round=contribution.review_round,
            reviews=[str(each.id) for each in current],
            label=contribution.final_label,
        )
    if contribution.decided_at is not None:
        repository.close_reports(session, contribution.id, now)
    return found


def reopen(session: Session, actor: User | None, contribution: Contribution, now: datetime) -> bool:
    """Open a new round for an approved contribution; False where it is not approved (any more).

    For a released one whose label is doubted, and for one that could not be ingested. The last
    decision stands until there is another: a released recording stays in the dataset, and
    reviewers look at its de-identified copy. `contribution` is held by `repository.hold`.
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
    remake_previews(session, contribution, now)
    return True


def unclaim(contribution: Contribution) -> None:
    """Nobody works on it any more."""
    contribution.claimed_by = contribution.claimed_at = contribution.claimed_until = None


def remake_previews(session: Session, contribution: Contribution, now: datetime) -> None:
    """Have the frames for the player made where they are gone."""
    if contribution.cine is None:
        leases.enqueue(session, PREVIEWS, contribution, now)


def _decision(contribution: Contribution, said: Sequence[Review]) -> Decision:
    """What the last reader said of the pixels, and what all who approve said in words."""
    last = said[-1]
    comments = [each.comment for each in said if each.verdict == Verdict.APPROVE]
    proposed = Square(contribution.square_x, contribution.square_y, contribution.square_size)
    return Decision(
        label=last.label,
        findings=last.findings,
        square=last.square or proposed,
        trim_start_s=last.trim_start_s,
        trim_end_s=last.trim_end_s,
        comment="\n".join(dict.fromkeys(each for each in comments if each)),
    )


def _standing(contribution: Contribution, earlier: Sequence[Review]) -> Decision | None:
    """What the newest of the rounds before decided, if that was to approve.

    These rounds are over: whoever spoke last in one decided it, however many were needed then.
    """
    rounds = [list(group) for _, group in groupby(earlier, key=lambda each: each.round)]
    for said in reversed(rounds):
        if said[-1].verdict == Verdict.APPROVE:
            return _decision(contribution, said)
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
    failed = contribution.ingest_state in (None, JobState.FAILED)
    if failed or _pixels(contribution) != before:
        _forget_pixels(contribution)
        leases.enqueue(session, DEIDENTIFICATION, contribution, now)


def _pixels(contribution: Contribution) -> tuple[object, ...]:
    """Which part of the recording the dataset holds."""
    return (
        contribution.final_square_x,
        contribution.final_square_y,
        contribution.final_square_size,
        contribution.trim_start_s,
        contribution.trim_end_s,
    )


def _forget_pixels(contribution: Contribution) -> None:
    """Whatever was ingested, or is being, is not what is wanted. The sweep finds the bytes."""
    contribution.ingest_state = contribution.ingest_error = None
    contribution.ingest_attempt += 1
    contribution.pixels_key = contribution.pixels_sha256 = None
    contribution.dataset_frames = 0
