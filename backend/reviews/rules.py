"""What a verdict needs, and which recordings take one: each refusal in one place."""

from datetime import datetime
from typing import NoReturn

from backend.core.errors import ConflictError, InvalidInputError
from backend.recordings.importer import refusal
from backend.reviews.repository import is_claimed
from backend.reviews.schemas import ReviewIn
from backend.tables import Contribution
from backend.tables.vocabulary import ContributionState, JobState, Reason, Verdict
from models.media import sampling

_SAME_MOMENT_S = 1e-3

_NOT_PENDING = {
    ContributionState.WITHDRAWN: "Its contributor has withdrawn this recording.",
    ContributionState.APPROVED: "This recording has been approved. Take another one.",
    ContributionState.REJECTED: "This recording has been rejected. Take another one.",
    ContributionState.CHANGES_REQUESTED: (
        "This recording waits for its contributor, who was asked for changes."
    ),
}


def check_pending(contribution: Contribution) -> None:
    """Raises ConflictError where the recording does not wait for a verdict."""
    state = contribution.state
    if state != ContributionState.PENDING:
        code = "withdrawn" if state == ContributionState.WITHDRAWN else "already_decided"
        raise ConflictError(_NOT_PENDING[state], code=code, state=state)


def refuse_claimed(contribution: Contribution) -> NoReturn:
    """Raise the ConflictError that tells until when another reviewer has it, and not who."""
    until = contribution.claimed_until
    assert until is not None  # noqa: S101  # for the type checker: somebody has it
    raise ConflictError(
        f"Another reviewer is at work on this recording until {until:%H:%M} UTC. "
        "Take another one, or come back then.",
        code="claimed",
        claimed_until=until.isoformat(),
    )


def check_claim(contribution: Contribution, reviewer_id: object, now: datetime) -> None:
    """Raises ConflictError where the reviewer has not claimed it, or another has since."""
    if contribution.claimed_by == reviewer_id and contribution.claimed_at is not None:
        return  # past its time too, as long as nobody else took it
    if is_claimed(contribution, now):
        refuse_claimed(contribution)
    raise ConflictError("Claim this recording before you give a verdict on it.", code="not_claimed")


def check_verdict(said: ReviewIn, contribution: Contribution) -> None:
    """Raises RefusedError where something is missing or does not fit the recording."""
    if said.verdict is Verdict.APPROVE:
        _check_approval(said, contribution)
    elif said.verdict is Verdict.REJECT:
        if said.reason is None:
            _refuse("reason", "A rejection needs a reason.")
        if said.reason is Reason.OTHER and not said.comment.strip():
            _refuse("comment", "Say in the comment why: the reason is none of those in the list.")
    elif not said.comment.strip():
        _refuse("comment", "Say in the comment what the contributor is to change.")
    if said.reason is not None and said.verdict is not Verdict.REJECT:
        _refuse("reason", "Only a rejection has a reason.")
    if said.square is not None:
        try:
            sampling.check_square(said.square.square(), contribution.width, contribution.height)
        except sampling.MediaError as error:
            raise refusal(error) from error
    _check_trim(said, contribution)


def _check_approval(said: ReviewIn, contribution: Contribution) -> None:
    if contribution.prep_state == JobState.FAILED:
        raise ConflictError(
            "This recording cannot be approved, since it could not be prepared: "
            f"{contribution.prep_error} Reject it, or ask its contributor for another file.",
            code="preparation_failed",
        )
    if contribution.prep_state in (JobState.QUEUED, JobState.RUNNING):
        raise ConflictError(
            "This recording is still being prepared: only then is it known whether it can be "
            "taken into the dataset. Try again in a moment.",
            code="preparing",
        )
    if not said.no_identifying_marks:
        _refuse(
            "no_identifying_marks",
            "Look at the contact sheet and tick that no identifying text or mark is visible.",
        )
    if said.label is None and contribution.label is None:
        _refuse("label", "Choose what the recording shows: nobody has said so yet.")


def _check_trim(said: ReviewIn, contribution: Contribution) -> None:
    start, end = said.trim_start_s, said.trim_end_s
    if start is None and end is None:
        return
    if contribution.kind == "image":
        _refuse("trim_start_s", "A picture has no start or end to be trimmed.")
    first = 0.0 if start is None else start
    last = (contribution.duration_s or 0.0) if end is None else end
    times_s = [first] if contribution.cine is None else contribution.cine.times_s
    shown = any(first - _SAME_MOMENT_S <= each <= last + _SAME_MOMENT_S for each in times_s)
    if first >= last or not shown:
        _refuse(
            "trim_start_s",
            f"Nothing is shown between {first:g} and {last:g} s of this recording of "
            f"{contribution.duration_s or 0:g} s. Move the start or the end.",
        )


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidInputError(message, field=field)
