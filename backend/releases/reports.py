"""Reports of wrong labels: anybody can request a new review of a released recording."""

from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, GoneError
from backend.releases import public, repository
from backend.releases.schemas import ReportIn, ReportOut
from backend.reviews import repository as reviews
from backend.reviews.decisions import reopen
from backend.tables import LabelReport

log = structlog.get_logger(__name__)


def report(
    session: Session, number: int, contribution_id: UUID, client: str, body: ReportIn
) -> ReportOut:
    """Record a report and reopen the review of the recording, unless it is open already.

    Until reviewers decide otherwise, the label holds and the recording stays in the dataset.

    Raises:
        NotFoundError: no such release or recording.
        GoneError: it was withdrawn.
        ConflictError: this client has reported it already, or it has this label.
    """
    item = public.find_item(session, number, contribution_id)
    if item.removed:
        raise GoneError("This recording was withdrawn from the dataset.")
    contribution = reviews.lock(session, contribution_id) or item.contribution
    if body.label is not None and body.label == contribution.final_label:
        raise ConflictError(
            f"The label of this recording was already changed to {body.label} in a later release."
            if item.label != contribution.final_label
            else f"The label of this recording is {body.label} already."
        )
    if repository.was_reported(session, contribution_id, client):
        raise ConflictError("You have already reported this recording. Thank you.")
    now = utc_now()
    row = LabelReport(
        id=uuid4(),
        contribution_id=contribution_id,
        release_number=number,
        client=client,
        label=body.label,
        message=body.message,
        created_at=now,
    )
    try:
        repository.add(session, row)
    except IntegrityError as error:  # a concurrent request of the same client was faster
        raise ConflictError("You have already reported this recording. Thank you.") from error
    audit.record(
        session,
        None,
        "releases.label_reported",
        "contribution",
        contribution_id,
        release=number,
        report=str(row.id),
    )
    reopened = reopen(session, None, contribution, now)
    log.info("label_reported", contribution=str(contribution_id), reopened=reopened)
    return ReportOut(id=row.id, created_at=now)
