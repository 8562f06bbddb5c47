"""The rules of drafts: whose they are, their fields, their manifest, and their end."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, GoneError, InvalidInputError, NotFoundError
from backend.core.settings import Settings
from backend.storage.base import MissingObjectError, Storage
from backend.submissions import apply_manifest, fields, manifest, repository
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
from backend.submissions.serializers import contribution_out, submission_out
from backend.submissions.uploads import repository as uploads
from backend.tables import Contribution, Submission, User
from backend.tables.vocabulary import ContributionState, Role

log = structlog.get_logger(__name__)

SENT = "This submission was sent already. Its recordings can be withdrawn one by one."


def create(session: Session, settings: Settings, user: User, given: SubmissionIn) -> SubmissionOut:
    """A new draft."""
    now = utc_now()
    submission = Submission(
        id=uuid4(),
        contributor_id=user.id,
        title=given.title.strip(),
        defaults=columns(session, settings, user, given.defaults),
        created_at=now,
        touched_at=now,
    )
    repository.add(session, submission)
    audit.record(session, user, "submissions.created", "submission", submission.id)
    return submission_out(submission, {}, {})


def find(session: Session, user: User, submission_id: UUID, *, lock: bool = False) -> Submission:
    """Their submission.

    Raises:
        NotFoundError: there is none with this id, or it is somebody else's.
    """
    submission = repository.get_own(session, submission_id, user.id, lock=lock)
    if submission is None:
        raise NotFoundError(f"You have no submission {submission_id}.")
    return submission


def draft(session: Session, user: User, submission_id: UUID) -> Submission:
    """Their draft, kept from others until the transaction ends, and touched.

    Raises:
        NotFoundError: as `find`.
        ConflictError: it was sent already.
    """
    submission = find(session, user, submission_id, lock=True)
    if submission.submitted_at is not None:
        raise ConflictError(SENT, code="already_submitted")
    submission.touched_at = utc_now()
    return submission


def shown(session: Session, submissions: Sequence[Submission]) -> list[SubmissionOut]:
    """Submissions with their counts."""
    ids = [each.id for each in submissions]
    states, files = repository.states(session, ids), uploads.counts(session, ids)
    return [
        submission_out(each, states.get(each.id, {}), files.get(each.id, {}))
        for each in submissions
    ]


def page(session: Session, user: User, cursor: str | None, limit: int) -> SubmissionPage:
    """Their submissions, newest first."""
    found = repository.page(session, user.id, cursor, limit)
    return SubmissionPage(items=shown(session, found.rows), next=found.next)


def change(
    session: Session, settings: Settings, user: User, submission_id: UUID, given: SubmissionPatch
) -> SubmissionOut:
    """Change a draft's title or its defaults."""
    submission = draft(session, user, submission_id)
    if given.title is not None:
        submission.title = given.title.strip()
    if given.defaults is not None:
        merged = submission.defaults | columns(session, settings, user, given.defaults)
        submission.defaults = {name: value for name, value in merged.items() if value is not None}
    return shown(session, [submission])[0]


def remove(session: Session, user: User, submission_id: UUID) -> None:
    """Delete a draft, and with the commit its bytes."""
    submission = draft(session, user, submission_id)
    delete_draft(session, submission.id)
    audit.record(session, user, "submissions.deleted", "submission", submission_id)
    log.info("submission_deleted", submission_id=str(submission_id))


def columns(session: Session, settings: Settings, user: User, given: FieldsIn) -> dict[str, Any]:
    """The fields that were given, as the columns of a row; the pseudonym hashed.

    Raises:
        InvalidInputError: a pseudonym without a letter or a digit.
    """
    values = given.model_dump(mode="json", include=given.model_fields_set)
    if "patient" in values:
        pseudonym = values.pop("patient")
        values["patient_hash"] = None
        if pseudonym is not None:
            values["patient_hash"] = fields.patient_hash(session, settings, user.id, pseudonym)
            if values["patient_hash"] is None:
                raise InvalidInputError(
                    "The patient's pseudonym is blank. Leave it out, or set it."
                )
    return values


# Contributions


def find_contribution(
    session: Session, user: User, contribution_id: UUID, *, lock: bool = False
) -> Contribution:
    """Their contribution, its submission loaded.

    Raises:
        NotFoundError: there is none with this id, or it is somebody else's.
    """
    found = repository.contribution(session, contribution_id, lock=lock)
    if found is None or found.submission.contributor_id != user.id:
        raise NotFoundError(f"You have no contribution {contribution_id}.")
    return found


def contribution(session: Session, user: User, contribution_id: UUID) -> ContributionOut:
    """One of theirs, with what the reviewers said."""
    found = find_contribution(session, user, contribution_id)
    words = repository.words(session, [found.id]).get(found.id, [])
    return contribution_out(found, found.submission.defaults, words)


def contributions(
    session: Session, user: User, submission_id: UUID, cursor: str | None, limit: int
) -> ContributionPage:
    """The recordings of their submission, in the order in which they came."""
    submission = find(session, user, submission_id)
    found = repository.contributions_page(session, submission.id, cursor, limit)
    words = repository.words(session, [each.id for each in found.rows])
    return ContributionPage(
        items=[
            contribution_out(each, submission.defaults, words.get(each.id, []))
            for each in found.rows
        ],
        next=found.next,
    )


def edit(
    session: Session, settings: Settings, user: User, contribution_id: UUID, given: FieldsIn
) -> ContributionOut:
    """Change the fields of one recording of a draft."""
    submission_id = find_contribution(session, user, contribution_id).submission_id
    edit_many(session, settings, user, submission_id, [contribution_id], given)
    return contribution(session, user, contribution_id)


def edit_many(
    session: Session,
    settings: Settings,
    user: User,
    submission_id: UUID,
    ids: Sequence[UUID],
    given: FieldsIn,
) -> int:
    """Change the same fields of several recordings of a draft: all of them or none.

    Raises:
        NotFoundError: one of them is not in this submission.
    """
    submission = draft(session, user, submission_id)
    wanted = set(ids)
    found = repository.chosen(session, submission.id, wanted)
    if missing := wanted - {each.id for each in found}:
        raise NotFoundError(
            f"{len(missing)} of these recordings are not in this submission; nothing was changed.",
            missing=sorted(map(str, missing))[:20],
        )
    values = columns(session, settings, user, given)
    for each in found:
        fields.put_by_hand(each, values)
    session.flush()
    return len(found)


def remove_contribution(session: Session, user: User, contribution_id: UUID) -> None:
    """Take a recording out of a draft, and with the commit its bytes."""
    found = find_contribution(session, user, contribution_id)
    submission = draft(session, user, found.submission_id)
    delete_bytes(session, found)
    repository.remove_contribution(session, found.id)
    apply_manifest.rematch(session, submission)


def preview(session: Session, storage: Storage, user: User, contribution_id: UUID) -> bytes:
    """The preview as JPEG, for its contributor and, once it was sent, for reviewers.

    Raises:
        NotFoundError: there is none that they may see.
        GoneError: it was withdrawn, and its pixels are deleted.
    """
    found = repository.contribution(session, contribution_id)
    reviewer = user.role != Role.CONTRIBUTOR
    if found is None or not (
        found.submission.contributor_id == user.id
        or (reviewer and found.state != ContributionState.DRAFT)
    ):
        raise NotFoundError(f"There is no contribution {contribution_id} that you may see.")
    gone = GoneError("The pixels of this recording were deleted.")
    if found.preview_key is None or found.state == ContributionState.WITHDRAWN:
        raise gone
    try:
        with storage.open(found.preview_key) as file:
            return file.read()
    except MissingObjectError as error:
        raise gone from error


def take_manifest(
    session: Session,
    settings: Settings,
    user: User,
    submission_id: UUID,
    sent: apply_manifest.ManifestUpload,
) -> ManifestOut:
    """Fill a draft from a CSV manifest.

    Raises:
        InvalidInputError: it is no manifest; nothing was changed.
    """
    submission = draft(session, user, submission_id)
    try:
        report = apply_manifest.apply(session, settings, submission, sent)
    except manifest.ManifestError as error:
        raise InvalidInputError(error.message, code="bad_manifest") from error
    return ManifestOut(
        applied=sum(row["problem"] is None for row in report),
        rows=[RowOut(**row) for row in report],
    )
