"""Images for reviewers: the frames of the player, the contact sheet, and maps of signs."""

from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.errors import ConflictError, GoneError, NotFoundError
from backend.reviews import repository
from backend.reviews.schemas import CineOut
from backend.reviews.serializers import PATH, proposed_crop
from backend.reviews.service import find
from backend.storage.base import MissingObjectError, Storage
from backend.storage.keys import cine_key, contact_sheet_key, contribution_signs_key
from backend.tables import Contribution, User
from backend.tables.vocabulary import ContributionState, JobState
from models.media import overlay


def cine(session: Session, reviewer: User, contribution_id: UUID) -> CineOut:
    """The frame times and URLs with which a player shows the recording at its true rate.

    Raises:
        NotFoundError, ForbiddenError: see `service.find`.
        ConflictError: the recording could not be prepared; the sentence says why.
        GoneError: its pixels were deleted.
    """
    contribution = find(session, reviewer, contribution_id)
    _check_prepared(contribution)
    player = contribution.cine
    url = f"{PATH}/{contribution_id}"
    return CineOut(
        state="preparing" if player is None else "ready",
        times_s=[] if player is None else player.times_s,
        duration_s=contribution.duration_s,
        width=contribution.width,
        height=contribution.height,
        proposed_crop=proposed_crop(contribution),
        frame_url=f"{url}/cine/{{n}}.jpg",
        contact_sheet_url=f"{url}/contact-sheet.jpg",
    )


def frame(
    session: Session, storage: Storage, reviewer: User, contribution_id: UUID, index: int
) -> bytes:
    """One frame of the player as JPEG.

    Raises:
        NotFoundError, ForbiddenError: see `service.find`; or there is no such frame (yet).
        GoneError: its pixels were deleted.
    """
    _check_available(find(session, reviewer, contribution_id))
    return _read(storage, cine_key(contribution_id, index), f"no frame {index}")


def contact_sheet(
    session: Session, storage: Storage, reviewer: User, contribution_id: UUID
) -> bytes:
    """The contact sheet as JPEG.

    Raises:
        NotFoundError, ForbiddenError: see `service.find`; or there is no sheet (yet).
        ConflictError, GoneError: see `cine`.
    """
    _check_prepared(find(session, reviewer, contribution_id))
    return _read(storage, contact_sheet_key(contribution_id), "no contact sheet yet")


def signs(
    session: Session, storage: Storage, reviewer: User, contribution_id: UUID, index: int
) -> bytes:
    """The maps over a sampled frame as PNG, once the reviewer has given a verdict.

    Grad-CAM tells of the class, and is left out where the model names none.

    Raises:
        NotFoundError, ForbiddenError: see `service.find`; or there are no such maps.
        ConflictError: the reviewer has given no verdict in this round, or has taken it back.
        GoneError: its pixels were deleted.
    """
    contribution = find(session, reviewer, contribution_id)
    if not _has_verdict_of(session, reviewer, contribution):
        raise ConflictError(
            "What the model sees is shown once you have given your verdict.", code="no_verdict"
        )
    _check_available(contribution)
    key = contribution_signs_key(contribution_id, index)
    content = _read(storage, key, f"no maps of signs in frame {index}")
    answer = contribution.model_answer
    if answer is not None and answer.usable:
        return content
    return overlay.encode(overlay.without_cams(overlay.decode(content)))


def _has_verdict_of(session: Session, reviewer: User, contribution: Contribution) -> bool:
    return any(
        review.reviewer_id == reviewer.id and review.round == contribution.review_round
        for review in repository.live_reviews(session, contribution.id)
    )


def _check_available(contribution: Contribution) -> None:
    """Refuse withdrawn recordings at once, even before maintenance deletes their bytes."""
    withdrawn = contribution.state == ContributionState.WITHDRAWN
    if withdrawn or (contribution.original_key is None and contribution.deidentified_key is None):
        raise GoneError("The pixels of this recording were deleted.")


def _check_prepared(contribution: Contribution) -> None:
    _check_available(contribution)
    if contribution.cine is not None:
        return
    if contribution.previews_state == JobState.FAILED:
        raise ConflictError(
            f"This recording cannot be shown: {contribution.previews_error} "
            "Reject it, or ask its contributor for another file.",
            code="preparation_failed",
        )


def _read(storage: Storage, key: str, lacks: str) -> bytes:
    try:
        with storage.open(key) as file:
            return file.read()
    except MissingObjectError as error:
        raise NotFoundError(f"This recording has {lacks}.") from error
