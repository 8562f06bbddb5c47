"""Submitting: the check before it, the consent, withdrawal, and answers to reviewers."""

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
from backend.submissions import apply_manifest, fields, near_copies, picture_text, repository
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
    to_schemas,
)
from backend.submissions.uploads import repository as uploads
from backend.tables import Contribution, Submission, User
from backend.tables.contributions import FieldValues
from backend.tables.vocabulary import ContributionState

log = structlog.get_logger(__name__)

_MAX_PROBLEMS_LISTED = 50
_MISSING = {
    "label": "Say what the recording shows.",
    "probe": "Say which probe it was made with.",
    "licence": "Choose the licence under which others may use it.",
    "source": "Say where it comes from, such as the hospital.",
}
_TEXT_MESSAGE = (
    "Text in the picture may name a person, or tell a date of birth or a hospital. Mask it, or "
    "keep it if it tells of nobody."
)
_WITHHELD = {
    name: f"The table's {name} cannot be used, or several rows may apply. Set it by hand."
    for name in fields.REQUIRED
}


def check(session: Session, user: User, submission_id: UUID) -> CheckOut:
    """What keeps a draft from being submitted, and which of its recordings are duplicates."""
    submission = find(session, user, submission_id)
    recordings = repository.contributions(session, submission.id)
    waiting = uploads.unfinished(session, submission.id)
    problems = _problems(submission, recordings)
    rows = [RowOut(**row) for row in apply_manifest.row_report(session, submission)]
    return CheckOut(
        ready=not problems and not waiting and submission.submitted_at is None,
        waiting=waiting,
        problems=problems,
        duplicates=_duplicates(recordings, near_copies.duplicates(session, submission.id)),
        manifest=[row for row in rows if row.status in ("waiting", "doubt")],
        loose=[row for row in rows if row.status == "loose"],
    )


def submit(
    session: Session, user: User, submission_id: UUID, *, consent: Literal[True]
) -> SubmissionOut:
    """Submit a draft to the reviewers; the defaults are copied into every recording.

    Raises:
        ConflictError: it is submitted already, or `not_ready`, with the problems of `check`.
    """
    submission = draft(session, user, submission_id)
    recordings = repository.contributions(session, submission.id)
    if waiting := uploads.unfinished(session, submission.id):
        raise ConflictError(
            f"{_counted(waiting, 'file is', 'files are')} still being uploaded or read. Wait, or "
            "remove what you no longer want to send.",
            code="not_ready",
            waiting=waiting,
        )
    if problems := _problems(submission, recordings):
        raise ConflictError(
            f"{_counted(len(problems), 'problem remains', 'problems remain')}. "
            f"{problems[0].message}",
            code="not_ready",
            problems=[
                problem.model_dump(mode="json") for problem in problems[:_MAX_PROBLEMS_LISTED]
            ],
        )
    now = utc_now()
    submission.consent_at = submission.submitted_at = now
    for recording in recordings:
        fields.set_fields(recording, fields.effective(recording, submission.defaults))
        recording.state = ContributionState.PENDING
        recording.submitted_at = now
        leases.enqueue(session, PREVIEWS, recording, now)
        audit.record(session, user, "contributions.submitted", "contribution", recording.id)
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
    return to_schemas(session, [submission])[0]


def withdraw(session: Session, user: User, contribution_id: UUID) -> ContributionOut:
    """Withdraw a recording: later releases leave it out, and maintenance deletes its pixels.

    Raises:
        ConflictError: it is in a draft, which can be deleted instead, or was already withdrawn.
    """
    row = find_contribution(session, user, contribution_id, lock=True)
    if row.state == ContributionState.DRAFT:
        raise ConflictError("This recording has not been submitted yet. Delete it instead.")
    if row.state == ContributionState.WITHDRAWN:
        raise ConflictError("This recording has already been withdrawn.", code="already_withdrawn")
    before = row.state
    row.state = ContributionState.WITHDRAWN
    row.withdrawn_at = utc_now()
    row.claimed_by = row.claimed_at = row.claimed_until = None
    audit.record(session, user, "contributions.withdrawn", "contribution", row.id, before=before)
    session.flush()
    return contribution(session, user, row.id)


def answer(
    session: Session, settings: Settings, user: User, contribution_id: UUID, form: AnswerIn
) -> ContributionOut:
    """Answer a request for changes: the recording returns to the reviewers.

    Raises:
        ConflictError: nobody asked for changes, or a required field was cleared.
    """
    row = find_contribution(session, user, contribution_id, lock=True)
    if row.state != ContributionState.CHANGES_REQUESTED:
        raise ConflictError("No reviewer has asked for changes to this recording.")
    fields.set_by_hand(row, columns(session, settings, user, form.fields))
    if problems := _problems_of(row, {}):
        raise ConflictError(problems[0].message, code="not_ready")
    now = utc_now()
    row.answer_to_reviewer = form.answer.strip()
    row.state = ContributionState.PENDING
    row.review_round += 1
    row.claimed_by = row.claimed_at = row.claimed_until = None
    if row.cine is None:
        leases.enqueue(session, PREVIEWS, row, now)
    audit.record(session, user, "contributions.answered", "contribution", row.id)
    session.flush()
    return contribution(session, user, row.id)


def _counted(count: int, one: str, many: str) -> str:
    """A number with its noun and verb, singular or plural."""
    return f"{count} {one if count == 1 else many}"


def _problems(submission: Submission, recordings: Sequence[Contribution]) -> list[CheckProblem]:
    if not recordings:
        message = "The submission has no recordings yet."
        return [CheckProblem(contribution_id=None, field="files", message=message)]
    return [
        problem
        for recording in recordings
        for problem in _problems_of(recording, submission.defaults)
    ]


def _problems_of(recording: Contribution, defaults: FieldValues) -> list[CheckProblem]:
    effective = fields.effective(recording, defaults)
    problems = [
        CheckProblem(
            contribution_id=recording.id,
            field=name,
            message=_WITHHELD[name] if name in recording.withheld else _MISSING[name],
        )
        for name in fields.REQUIRED
        if not effective[name]
    ]
    if picture_text.undecided(recording):
        problems.append(
            CheckProblem(contribution_id=recording.id, field="text", message=_TEXT_MESSAGE)
        )
    return problems


def _duplicates(
    recordings: Sequence[Contribution], found: Sequence[near_copies.Duplicate]
) -> list[Duplicate]:
    """Recordings that duplicate another one of the batch, the queue or the dataset, in order."""
    places = {recording.id: place for place, recording in enumerate(recordings)}
    duplicates: list[Duplicate] = []
    for pair in sorted(
        found, key=lambda pair: (places[pair.contribution_id], pair.other_id not in places)
    ):
        in_batch = pair.other_id in places
        # within the batch, the later one of a pair is reported
        if in_batch and places[pair.other_id] > places[pair.contribution_id]:
            continue
        approved = pair.other_state == ContributionState.APPROVED
        duplicates.append(
            Duplicate(
                contribution_id=pair.contribution_id,
                of="batch" if in_batch else "dataset" if approved else "queue",
                other_id=pair.other_id if in_batch else None,
                kind="exact" if pair.is_exact else "near",
            )
        )
    return duplicates
