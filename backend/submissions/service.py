"""Drafts: their owner, fields, manifest and deletion."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, GoneError, InvalidInputError, NotFoundError
from backend.core.settings import Settings
from backend.storage.base import MissingObjectError, Storage
from backend.submissions import apply_manifest, fields, manifest, near_copies, repository
from backend.submissions.deletion import delete_bytes, delete_draft
from backend.submissions.schemas import (
    ContributionOut,
    ContributionPage,
    FieldsIn,
    ManifestOut,
    RowOut,
    SubmissionIn,
    SubmissionOut,
    SubmissionPage,
    SubmissionPatch,
)
from backend.submissions.serializers import contribution_to_schema, submission_to_schema
from backend.submissions.uploads import repository as uploads
from backend.tables import Contribution, Submission, User
from backend.tables.contributions import FieldValues
from backend.tables.vocabulary import ContributionState, Role

log = structlog.get_logger(__name__)

SUBMITTED = "This submission has already been sent. Its recordings can be withdrawn one by one."


def create(session: Session, settings: Settings, user: User, form: SubmissionIn) -> SubmissionOut:
    """Create a draft."""
    now = utc_now()
    submission = Submission(
        id=uuid4(),
        contributor_id=user.id,
        title=form.title.strip(),
        defaults=columns(session, settings, user, form.defaults),
        created_at=now,
        touched_at=now,
    )
    repository.add(session, submission)
    audit.record(session, user, "submissions.created", "submission", submission.id)
    return submission_to_schema(submission, {}, {})


def find(session: Session, user: User, submission_id: UUID, *, lock: bool = False) -> Submission:
    """The user's submission with this id.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    submission = repository.get_own(session, submission_id, user.id, lock=lock)
    if submission is None:
        raise NotFoundError(f"You have no submission {submission_id}.")
    return submission


def draft(session: Session, user: User, submission_id: UUID) -> Submission:
    """The user's draft with this id, locked until the transaction ends and marked as touched.

    Raises:
        NotFoundError: see `find`.
        ConflictError: it has already been submitted.
    """
    submission = find(session, user, submission_id, lock=True)
    if submission.submitted_at is not None:
        raise ConflictError(SUBMITTED, code="already_submitted")
    submission.touched_at = utc_now()
    return submission


def to_schemas(session: Session, submissions: Sequence[Submission]) -> list[SubmissionOut]:
    """Submissions as the API returns them, with their counts."""
    ids = [submission.id for submission in submissions]
    states, files = repository.states(session, ids), uploads.counts(session, ids)
    return [
        submission_to_schema(
            submission, states.get(submission.id, {}), files.get(submission.id, {})
        )
        for submission in submissions
    ]


def page(session: Session, user: User, cursor: str | None, limit: int) -> SubmissionPage:
    """The user's submissions, newest first."""
    current = repository.page(session, user.id, cursor, limit)
    return SubmissionPage(items=to_schemas(session, current.rows), next=current.next)


def change(
    session: Session, settings: Settings, user: User, submission_id: UUID, changes: SubmissionPatch
) -> SubmissionOut:
    """Change a draft's title or its defaults."""
    submission = draft(session, user, submission_id)
    if changes.title is not None:
        submission.title = changes.title.strip()
    if changes.defaults is not None:
        merged = {**submission.defaults, **columns(session, settings, user, changes.defaults)}
        submission.defaults = cast(
            "FieldValues", {name: value for name, value in merged.items() if value is not None}
        )
    return to_schemas(session, [submission])[0]


def delete(session: Session, user: User, submission_id: UUID) -> None:
    """Delete a draft and, after the commit, its bytes."""
    submission = draft(session, user, submission_id)
    delete_draft(session, submission.id)
    audit.record(session, user, "submissions.deleted", "submission", submission_id)
    log.info("submission_deleted", submission_id=str(submission_id))


def columns(session: Session, settings: Settings, user: User, form: FieldsIn) -> FieldValues:
    """The given fields as columns of a row, with the pseudonym hashed.

    Raises:
        InvalidInputError: the pseudonym is blank.
    """
    values = form.model_dump(include=form.model_fields_set)
    if "patient" in values:
        pseudonym = values.pop("patient")
        values["patient_hash"] = None
        if pseudonym is not None:
            values["patient_hash"] = fields.patient_hash(session, settings, user.id, pseudonym)
            if values["patient_hash"] is None:
                raise InvalidInputError(
                    "The patient's pseudonym is blank. Leave it out, or set it."
                )
    return cast("FieldValues", values)


# Contributions


def find_contribution(
    session: Session, user: User, contribution_id: UUID, *, lock: bool = False
) -> Contribution:
    """The user's contribution with this id, its submission loaded.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    row = repository.contribution(session, contribution_id, lock=lock)
    if row is None or row.submission.contributor_id != user.id:
        raise NotFoundError(f"You have no contribution {contribution_id}.")
    return row


def contribution(session: Session, user: User, contribution_id: UUID) -> ContributionOut:
    """One of the user's contributions, with the reviewers' comments."""
    row = find_contribution(session, user, contribution_id)
    reviews = repository.reviews_of(session, [row.id]).get(row.id, [])
    return contribution_to_schema(row, row.submission.defaults, reviews)


def contributions(
    session: Session, user: User, submission_id: UUID, cursor: str | None, limit: int
) -> ContributionPage:
    """The recordings of a submission, in the order in which they arrived."""
    submission = find(session, user, submission_id)
    current = repository.contributions_page(session, submission.id, cursor, limit)
    reviews = repository.reviews_of(session, [row.id for row in current.rows])
    return ContributionPage(
        items=[
            contribution_to_schema(row, submission.defaults, reviews.get(row.id, []))
            for row in current.rows
        ],
        next=current.next,
    )


def edit(
    session: Session, settings: Settings, user: User, contribution_id: UUID, form: FieldsIn
) -> ContributionOut:
    """Change the fields of one recording of a draft."""
    submission_id = find_contribution(session, user, contribution_id).submission_id
    edit_many(session, settings, user, submission_id, [contribution_id], form)
    return contribution(session, user, contribution_id)


def edit_many(
    session: Session,
    settings: Settings,
    user: User,
    submission_id: UUID,
    ids: Sequence[UUID],
    form: FieldsIn,
) -> int:
    """Set the same fields of several recordings of a draft: of all or of none.

    Raises:
        NotFoundError: one of them is not in this submission.
    """
    submission = draft(session, user, submission_id)
    requested = set(ids)
    rows = repository.lock_contributions(session, submission.id, requested)
    if missing := requested - {row.id for row in rows}:
        raise NotFoundError(
            f"{len(missing)} of these recordings are not in this submission; nothing was changed.",
            missing=sorted(map(str, missing))[:20],
        )
    values = columns(session, settings, user, form)
    for row in rows:
        fields.set_by_hand(row, values)
    session.flush()
    return len(rows)


def delete_contribution(session: Session, user: User, contribution_id: UUID) -> None:
    """Remove a recording from a draft and, after the commit, delete its bytes."""
    row = find_contribution(session, user, contribution_id)
    submission = draft(session, user, row.submission_id)
    delete_bytes(session, row)
    near_copies.lock(session)
    repository.remove_contribution(session, row.id)
    apply_manifest.rematch(session, submission)


def preview(session: Session, storage: Storage, user: User, contribution_id: UUID) -> bytes:
    """The preview as JPEG, for its contributor and, once it is submitted, for reviewers.

    Raises:
        NotFoundError: there is none that the user may see.
        GoneError: it was withdrawn, and its pixels are deleted.
    """
    row = repository.contribution(session, contribution_id)
    reviewer = user.role != Role.CONTRIBUTOR
    if row is None or not (
        row.submission.contributor_id == user.id
        or (reviewer and row.state != ContributionState.DRAFT)
    ):
        raise NotFoundError(f"There is no contribution {contribution_id} that you may see.")
    gone = GoneError("The pixels of this recording were deleted.")
    if row.preview_key is None or row.state == ContributionState.WITHDRAWN:
        raise gone
    try:
        with storage.open(row.preview_key) as file:
            return file.read()
    except MissingObjectError as error:
        raise gone from error


def apply_csv(
    session: Session,
    settings: Settings,
    user: User,
    submission_id: UUID,
    upload: apply_manifest.ManifestUpload,
) -> ManifestOut:
    """Apply a CSV manifest to a draft.

    Raises:
        InvalidInputError: it is not a manifest; nothing was changed.
    """
    submission = draft(session, user, submission_id)
    try:
        report = apply_manifest.apply(session, settings, submission, upload)
    except manifest.ManifestError as error:
        raise InvalidInputError(error.message, code="bad_manifest") from error
    return ManifestOut(
        applied=sum(row["problem"] is None for row in report),
        rows=[RowOut(**row) for row in report],
    )
