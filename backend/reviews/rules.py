"""Validation of verdicts: what they need, and which recordings accept one."""

from datetime import datetime
from typing import NoReturn

from backend.core.errors import ConflictError, InvalidInputError
from backend.recordings.importer import refusal
from backend.recordings.text_boxes import with_decisions
from backend.reviews.repository import is_claimed
from backend.reviews.schemas import ReviewIn
from backend.reviews.serializers import proposed_square
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState, JobState, Reason, Verdict
from models.media import sampling
from models.media.masking import needs_decision

_TOLERANCE_S = 1e-3

_NOT_PENDING = {
    ContributionState.WITHDRAWN: "Its contributor has withdrawn this recording.",
    ContributionState.APPROVED: "This recording has been approved. Choose another one.",
    ContributionState.REJECTED: "This recording has been rejected. Choose another one.",
    ContributionState.CHANGES_REQUESTED: (
        "This recording is waiting for its contributor, who was asked for changes."
    ),
}


def check_pending(contribution: Contribution) -> None:
    """Raises ConflictError if the recording is not waiting for a verdict."""
    state = contribution.state
    if state != ContributionState.PENDING:
        code = "withdrawn" if state == ContributionState.WITHDRAWN else "already_decided"
        raise ConflictError(_NOT_PENDING[state], code=code, state=state)


def refuse_claimed(contribution: Contribution) -> NoReturn:
    """Raise a ConflictError that says until when another reviewer has it, but not who."""
    until = contribution.claimed_until
    assert until is not None  # noqa: S101  # for the type checker: somebody has it
    raise ConflictError(
        f"Another reviewer is at work on this recording until {until:%H:%M} UTC. "
        "Choose another one, or come back then.",
        code="claimed",
        claimed_until=until.isoformat(),
    )


def check_claim(contribution: Contribution, reviewer_id: object, now: datetime) -> None:
    """Raises ConflictError if the reviewer has not claimed it, or another one has since."""
    if contribution.claimed_by == reviewer_id and contribution.claimed_at is not None:
        return  # even an expired claim, as long as nobody else has claimed it
    if is_claimed(contribution, now):
        refuse_claimed(contribution)
    raise ConflictError("Claim this recording before you give a verdict on it.", code="not_claimed")


def check_verdict(verdict: ReviewIn, contribution: Contribution) -> None:
    """Raises RefusedError if something is missing or does not fit the recording."""
    if verdict.verdict is Verdict.APPROVE:
        _check_approval(verdict, contribution)
    elif verdict.verdict is Verdict.REJECT:
        if verdict.reason is None:
            _refuse("reason", "A rejection needs a reason.")
        if verdict.reason is Reason.OTHER and not verdict.comment.strip():
            _refuse(
                "comment",
                "Explain in the comment why, since the reason is none of the listed ones.",
            )
    elif not verdict.comment.strip():
        _refuse("comment", "Say in the comment what the contributor should change.")
    if verdict.reason is not None and verdict.verdict is not Verdict.REJECT:
        _refuse("reason", "Only a rejection has a reason.")
    if verdict.square is not None:
        try:
            sampling.check_square(verdict.square.square(), contribution.width, contribution.height)
        except sampling.MediaError as error:
            raise refusal(error) from error
    _check_trim(verdict, contribution)


def _check_approval(verdict: ReviewIn, contribution: Contribution) -> None:
    if contribution.previews_state == JobState.FAILED:
        raise ConflictError(
            "This recording cannot be approved, since it could not be prepared: "
            f"{contribution.previews_error} Reject it, or ask its contributor for another file.",
            code="preparation_failed",
        )
    if contribution.previews_state in (JobState.QUEUED, JobState.RUNNING):
        raise ConflictError(
            "This recording is still being prepared, so it is not yet known whether it can go into "
            "the dataset. Try again in a moment.",
            code="preparing",
        )
    _check_text(verdict, contribution)
    if not verdict.no_identifying_marks:
        _refuse(
            "no_identifying_marks",
            "Check the contact sheet, and tick that no identifying text or mark is visible.",
        )
    if verdict.label is None and contribution.label is None:
        _refuse("label", "Choose a label: the contributor gave none.")


def check_text_can_change(verdict: ReviewIn, contribution: Contribution) -> None:
    """Raises ConflictError if text is to be masked or kept whose original is deleted."""
    if verdict.text and contribution.original_key is None:
        raise ConflictError(
            "The original of this recording is deleted, so what is masked in it is final. Reject "
            "it if text must go.",
            code="original_deleted",
        )


def _check_text(verdict: ReviewIn, contribution: Contribution) -> None:
    """Raises ConflictError if somebody has to decide first on text in the square."""
    square = proposed_square(contribution) if verdict.square is None else verdict.square.square()
    boxes = with_decisions(contribution.text_boxes, verdict.text)
    waiting = [place for place, box in enumerate(boxes) if needs_decision(box, square)]
    if waiting:
        raise ConflictError(
            "Text in the square may name a person. Mask it, or keep it if it tells of nobody.",
            code="text_undecided",
            boxes=waiting,
        )


def _check_trim(verdict: ReviewIn, contribution: Contribution) -> None:
    start, end = verdict.trim_start_s, verdict.trim_end_s
    if start is None and end is None:
        return
    if contribution.kind == "image":
        _refuse("trim_start_s", "An image cannot be trimmed.")
    first = 0.0 if start is None else start
    last = (contribution.duration_s or 0.0) if end is None else end
    times_s = [first] if contribution.cine is None else contribution.cine.times_s
    has_frame = any(first - _TOLERANCE_S <= time_s <= last + _TOLERANCE_S for time_s in times_s)
    if first >= last or not has_frame:
        _refuse(
            "trim_start_s",
            f"This recording of {contribution.duration_s or 0:g} s has no frame between {first:g} "
            f"and {last:g} s. Move the start or the end.",
        )


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInputError(message, field=field)
