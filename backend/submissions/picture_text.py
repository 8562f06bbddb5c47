"""Text that is burned into a recording's pictures: what its contributor decides on it."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.errors import ConflictError
from backend.recordings.text_boxes import with_decisions
from backend.submissions import repository
from backend.submissions.schemas import ContributionOut, TextIn
from backend.submissions.service import contribution, draft, find_contribution
from backend.tables import Contribution, User
from backend.tables.vocabulary import ContributionState
from models.contract import Square
from models.media.masking import TextDecision, decided, needs_decision


def undecided(row: Contribution) -> list[int]:
    """Places of the boxes that keep a recording from being sent until a person decides."""
    square = Square(row.square_x, row.square_y, row.square_size)
    return [place for place, box in enumerate(row.text_boxes or ()) if needs_decision(box, square)]


def decide(session: Session, user: User, contribution_id: UUID, form: TextIn) -> ContributionOut:
    """Mask or keep text of one of the user's recordings, while it is theirs to change.

    Raises:
        NotFoundError: there is no such recording of theirs.
        ConflictError: the reviewers have it, or have decided.
        InvalidInputError: it has no such box.
    """
    row = find_contribution(session, user, contribution_id)
    if row.state == ContributionState.DRAFT:
        draft(session, user, row.submission_id)
    row = find_contribution(session, user, contribution_id, lock=True)
    if row.state not in (ContributionState.DRAFT, ContributionState.CHANGES_REQUESTED):
        raise ConflictError(
            "The reviewers have this recording, and decide on the text in it.",
            code="already_submitted",
        )
    row.text_boxes = with_decisions(row.text_boxes, form.decisions)
    _record(session, user, row, {each.box: each.decision for each in form.decisions})
    session.flush()
    return contribution(session, user, contribution_id)


def mask_undecided(session: Session, user: User, submission_id: UUID) -> int:
    """Mask all text of a draft on which its contributor has to decide; in how many recordings.

    Raises:
        NotFoundError: there is no such submission of theirs.
        ConflictError: it has already been submitted.
    """
    submission = draft(session, user, submission_id)
    ids = {row.id for row in repository.contributions(session, submission.id) if undecided(row)}
    rows = repository.lock_contributions(session, submission.id, ids)
    for row in rows:
        decisions = dict.fromkeys(undecided(row), TextDecision.MASK)
        row.text_boxes = decided(row.text_boxes or (), decisions)
        _record(session, user, row, decisions)
    session.flush()
    return len(rows)


def _record(
    session: Session, user: User, row: Contribution, decisions: dict[int, TextDecision]
) -> None:
    chosen = {str(place): decision.value for place, decision in decisions.items()}
    audit.record(session, user, "contributions.text_decided", "contribution", row.id, boxes=chosen)
