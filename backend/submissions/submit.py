"""The rules of sending: the check before it, the submit with its consent, and what follows."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError
from backend.core.settings import Settings
from backend.jobs import leases
from backend.jobs.kinds import PREVIEWS
from backend.submissions import apply_manifest, fields, repository
from backend.submissions.schemas import (
    AnswerIn,
    CheckOut,
    CheckProblem,
    ContributionOut,
    Duplicate,
    RowOut,
    SubmissionOut,
)
from backend.submissions.service import (
    columns,
    contribution,
    draft,
    find,
    find_contribution,
    shown,
)
from backend.submissions.uploads import repository as uploads
from backend.tables import Contribution, Submission, User
from backend.tables.vocabulary import ContributionState
from models.data import fingerprint

log = structlog.get_logger(__name__)

_TOLD_AT_ONCE = 50
_MISSING = {
    "label": "Say what the recording shows.",
    "probe": "Say with which probe it was made.",
    "licence": "Choose the licence under which others may use it.",
    "source": "Say where it comes from, such as the hospital.",
}
_WITHHELD = {
    name: f"The table's {name} cannot be used, or it is in doubt which row counts: set it by hand."
    for name in fields.REQUIRED
}


def check(session: Session, user: User, submission_id: UUID) -> CheckOut:
    """What stands between a submission and the reviewers, and which recordings are there twice."""
    submission = find(session, user, submission_id)
    recordings = repository.contributions(session, submission.id)
    waiting = uploads.unfinished(session, submission.id)
    problems = _problems(submission, recordings)
    rows = [RowOut(**row) for row in apply_manifest.row_report(session, submission)]
    return CheckOut(
        ready=not problems and not waiting and submission.submitted_at is None,
        waiting=waiting,
        problems=problems,
        duplicates=_duplicates(recordings, repository.others(session, submission.id)),
        manifest=[row for row in rows if row.status in ("waiting", "doubt")],
        loose=[row for row in rows if row.status == "loose"],
    )


def submit(
    session: Session, user: User, submission_id: UUID, *, consent: Literal[True]
) -> SubmissionOut:
    """Send a draft to the reviewers: the defaults become each recording's own.

    Raises:
        ConflictError: it was sent already; `not_ready` with the problems, as `check` tells them.
    """
    submission = draft(session, user, submission_id)
    recordings = repository.contributions(session, submission.id)
    if waiting := uploads.unfinished(session, submission.id):
        raise ConflictError(
            f"{_counted(waiting, 'file is', 'files are')} still on the way. Wait, or drop what "
            "you no longer want to send.",
            code="not_ready",
            waiting=waiting,
        )
    if problems := _problems(submission, recordings):
        raise ConflictError(
            f"{_counted(len(problems), 'thing is', 'things are')} missing. {problems[0].message}",
            code="not_ready",
            problems=[each.model_dump(mode="json") for each in problems[:_TOLD_AT_ONCE]],
        )
    now = utc_now()
    submission.consent_at = submission.submitted_at = now
    for each in recordings:
        fields.put(each, fields.effective(each, submission.defaults))
        each.state = ContributionState.PENDING
        each.submitted_at = now
        leases.enqueue(session, PREVIEWS, each, now)
        audit.record(session, user, "contributions.submitted", "contribution", each.id)
    submission.manifest = apply_manifest.rows_with_recording(session, submission)
    audit.record(
        session,
        user,
        "submissions.submitted",
        "submission",
        submission.id,
        contributions=len(recordings),
        consent=consent,
    )
    session.flush()
    log.info("submitted", submission_id=str(submission.id), contributions=len(recordings))
    return shown(session, [submission])[0]


def withdraw(session: Session, user: User, contribution_id: UUID) -> ContributionOut:
    """Take a recording back: later releases leave it out, and upkeep deletes its pixels.

    Raises:
        ConflictError: it is a draft, which is deleted instead, or was withdrawn already.
    """
    found = find_contribution(session, user, contribution_id, lock=True)
    if found.state == ContributionState.DRAFT:
        raise ConflictError("This recording was not sent yet. Delete it instead.")
    if found.state == ContributionState.WITHDRAWN:
        raise ConflictError("This recording was withdrawn already.", code="already_withdrawn")
    before = found.state
    found.state = ContributionState.WITHDRAWN
    found.withdrawn_at = utc_now()
    found.claimed_by = found.claimed_at = found.claimed_until = None
    audit.record(session, user, "contributions.withdrawn", "contribution", found.id, before=before)
    session.flush()
    return contribution(session, user, found.id)


def answer(
    session: Session, settings: Settings, user: User, contribution_id: UUID, given: AnswerIn
) -> ContributionOut:
    """Answer a request for changes: the recording goes back to the reviewers.

    Raises:
        ConflictError: nobody asked for changes, or a field that must be said was emptied.
    """
    found = find_contribution(session, user, contribution_id, lock=True)
    if found.state != ContributionState.CHANGES_REQUESTED:
        raise ConflictError("No reviewer asked for changes of this recording.")
    fields.put_by_hand(found, columns(session, settings, user, given.fields))
    if problems := _problems_of(found, {}):
        raise ConflictError(problems[0].message, code="not_ready")
    now = utc_now()
    found.answer_to_reviewer = given.answer.strip()
    found.state = ContributionState.PENDING
    found.review_round += 1
    found.claimed_by = found.claimed_at = found.claimed_until = None
    if found.cine is None:
        leases.enqueue(session, PREVIEWS, found, now)
    audit.record(session, user, "contributions.answered", "contribution", found.id)
    session.flush()
    return contribution(session, user, found.id)


def _counted(count: int, one: str, many: str) -> str:
    """A number with its noun and verb."""
    return f"{count} {one if count == 1 else many}"


def _problems(submission: Submission, recordings: Sequence[Contribution]) -> list[CheckProblem]:
    if not recordings:
        message = "The submission holds no recording yet."
        return [CheckProblem(contribution_id=None, field="files", message=message)]
    return [problem for each in recordings for problem in _problems_of(each, submission.defaults)]


def _problems_of(recording: Contribution, defaults: dict[str, object]) -> list[CheckProblem]:
    said = fields.effective(recording, defaults)
    return [
        CheckProblem(
            contribution_id=recording.id,
            field=name,
            message=_WITHHELD[name] if name in recording.withheld else _MISSING[name],
        )
        for name in fields.REQUIRED
        if not said[name]
    ]


def _duplicates(
    recordings: Sequence[Contribution], others: Sequence[repository.Look]
) -> list[Duplicate]:
    """Each recording that was there before: in the batch, in the queue, in the dataset."""
    here = [(each.id, "", each.sha256, each.fingerprints) for each in recordings]
    looks = here + list(others)
    known = fingerprint.FingerprintIndex([look[3] for look in looks])
    same: dict[str, list[int]] = {}
    for index, look in enumerate(looks):
        same.setdefault(look[2], []).append(index)
    found: list[Duplicate] = []
    for place, one in enumerate(recordings):
        exact = same[one.sha256]
        for index in sorted({*exact, *known.similar(one.fingerprints)}):
            other_id, state, _, _ = looks[index]
            batch = index < len(here)
            if batch and index >= place:  # within the batch, the later one of a pair is named
                continue
            approved = state == ContributionState.APPROVED
            found.append(
                Duplicate(
                    contribution_id=one.id,
                    of="batch" if batch else "dataset" if approved else "queue",
                    other_id=other_id if batch else None,
                    kind="exact" if index in exact else "near",
                )
            )
    return found
