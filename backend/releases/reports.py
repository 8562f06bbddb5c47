"""Reports of wrong labels: anybody's word that opens a review of a released recording."""

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
    session: Session, number: int, contribution_id: UUID, client: str, said: ReportIn
) -> ReportOut:
    """Note a report and have the recording reviewed again, unless it is already.

    Until reviewers decide otherwise, the label stands and the recording stays in the dataset.

    Raises:
        NotFoundError: no such release or recording.
        GoneError: it was withdrawn.
        ConflictError: this client has reported it, or it has this label.
    """
    item = public.find_item(session, number, contribution_id)
    if repository.is_gone(item.contribution):
        raise GoneError("This recording was withdrawn from the dataset.")
    contribution = reviews.hold(session, contribution_id) or item.contribution
    if said.label is not None and said.label == contribution.final_label:
        raise ConflictError(
            f"The label of this recording is {said.label} by now: a later release says so."
            if item.label != contribution.final_label
            else f"The label of this recording is {said.label} already."
        )
    if repository.was_reported(session, contribution_id, client):
        raise ConflictError("You have reported this recording already. Thank you.")
    now = utc_now()
    made = LabelReport(
        id=uuid4(),
        contribution_id=contribution_id,
        release_number=number,
        client=client,
        label=said.label,
        message=said.message,
        created_at=now,
    )
    try:
        repository.add(session, made)
    except IntegrityError as error:  # the same client's other request was faster
        raise ConflictError("You have reported this recording already. Thank you.") from error
    audit.record(
        session,
        None,
        "releases.label_reported",
        "contribution",
        contribution_id,
        release=number,
        report=str(made.id),
    )
    reopened = reopen(session, None, contribution, now)
    log.info("label_reported", contribution=str(contribution_id), reopened=reopened)
    return ReportOut(id=made.id, created_at=now)
