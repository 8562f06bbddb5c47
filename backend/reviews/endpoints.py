"""HTTP of reviews: the queue, claims, the images for reviewers, verdicts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from backend.accounts.deps import CurrentReviewer
from backend.core.pagination import LONGEST_PAGE, PAGE
from backend.http.deps import ReadSessionDep, SessionDep, SettingsDep, StorageDep
from backend.http.openapi import JPEG, PNG, problems
from backend.reviews import cine, service, statistics
from backend.reviews.schemas import (
    CineOut,
    GivenOut,
    MinePage,
    QueueFilters,
    QueueOut,
    ReviewIn,
    ReviewItem,
    StatsOut,
)

router = APIRouter(tags=["reviews"])

ContributionId = Annotated[UUID, Path(description="The recording's id.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]
PIXELS_CACHE = {"Cache-Control": "private, max-age=600"}


class QueueQuery(QueueFilters):
    """The filters, and the page."""

    cursor: Cursor = None
    limit: Limit = PAGE


@router.get("/reviews/queue", summary="What waits for your verdict", responses=problems(422))
def get_queue(
    query: Annotated[QueueQuery, Query()], reviewer: CurrentReviewer, session: ReadSessionDep
) -> QueueOut:
    """In the order asked for, without your own recordings and those you have reviewed."""
    filters = QueueFilters.model_validate(query.model_dump(exclude={"cursor", "limit"}))
    return service.queue(session, reviewer, filters, query.cursor, query.limit)


@router.post(
    "/reviews/next",
    summary="Claim the next recording",
    response_model=ReviewItem,
    responses={204: {"description": "No recording is waiting for your review."}, **problems(422)},
)
def claim_next(
    reviewer: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
    filters: QueueFilters | None = None,
) -> ReviewItem | Response:
    """The one you have claimed already, else the first; those you returned come last."""
    item = service.claim_next(session, settings, reviewer, filters or QueueFilters())
    return Response(status_code=204) if item is None else item


@router.get("/reviews/mine", summary="Your verdicts", responses=problems(422))
def get_mine(
    reviewer: CurrentReviewer, session: ReadSessionDep, cursor: Cursor = None, limit: Limit = PAGE
) -> MinePage:
    """Newest first, with the model's results."""
    return service.own_reviews(session, reviewer, cursor, limit)


@router.get("/reviews/stats", summary="Agreement and throughput")
def get_stats(_: CurrentReviewer, session: ReadSessionDep) -> StatsOut:
    """Cohen's kappa of first and second readers; verdicts per reviewer and day."""
    return statistics.read(session)


@router.delete(
    "/reviews/{review_id}",
    status_code=204,
    summary="Take a verdict back",
    responses=problems(404, 409, 410, 422),
)
def undo(
    review_id: Annotated[UUID, Path(description="The review's id.")],
    reviewer: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
) -> None:
    """Your own, or any as an administrator, until the recording is in a release."""
    service.undo(session, settings, reviewer, review_id)


@router.post(
    "/contributions/{contribution_id}/claim",
    summary="Claim a recording, or renew your claim",
    responses=problems(404, 409, 422),
)
def claim(
    contribution_id: ContributionId,
    reviewer: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
) -> ReviewItem:
    """A problem `claimed` says in `claimed_until` how long another reviewer has it."""
    return service.claim(session, settings, reviewer, contribution_id)


@router.delete(
    "/contributions/{contribution_id}/claim",
    status_code=204,
    summary="Return a recording to the queue",
    responses=problems(404, 422),
)
def release_claim(
    contribution_id: ContributionId, reviewer: CurrentReviewer, session: SessionDep
) -> None:
    """Another reviewer can claim it; you get it again when nothing else is waiting."""
    service.release_claim(session, reviewer, contribution_id)


@router.post(
    "/contributions/{contribution_id}/reviews",
    status_code=201,
    summary="Give a verdict",
    responses=problems(404, 409, 422),
)
def give(
    contribution_id: ContributionId,
    verdict: ReviewIn,
    reviewer: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
) -> GivenOut:
    """On a recording that you have claimed. The response shows the model's result."""
    return service.submit_review(session, settings, reviewer, contribution_id, verdict)


@router.get(
    "/contributions/{contribution_id}/cine",
    summary="Frame times for the player",
    responses=problems(404, 409, 410, 422),
)
def get_cine(
    contribution_id: ContributionId, reviewer: CurrentReviewer, session: ReadSessionDep
) -> CineOut:
    """The times of all frames, and the URLs of the frames."""
    return cine.cine(session, reviewer, contribution_id)


@router.get(
    "/contributions/{contribution_id}/cine/{index}.jpg",
    summary="A frame for the player",
    response_class=Response,
    responses={200: JPEG, **problems(404, 410, 422)},
)
def get_cine_frame(
    contribution_id: ContributionId,
    index: Annotated[int, Path(ge=0, le=99_999, description="Its index, from 0.")],
    reviewer: CurrentReviewer,
    session: ReadSessionDep,
    storage: StorageDep,
) -> Response:
    """The uncropped frame, its longer side at most 720 pixels."""
    content = cine.frame(session, storage, reviewer, contribution_id, index)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)


@router.get(
    "/contributions/{contribution_id}/contact-sheet.jpg",
    summary="The contact sheet",
    response_class=Response,
    responses={200: JPEG, **problems(404, 409, 410, 422)},
)
def get_contact_sheet(
    contribution_id: ContributionId,
    reviewer: CurrentReviewer,
    session: ReadSessionDep,
    storage: StorageDep,
) -> Response:
    """Up to 30 uncropped frames, on which to look for identifying text and marks."""
    content = cine.contact_sheet(session, storage, reviewer, contribution_id)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)


@router.get(
    "/contributions/{contribution_id}/frames/{index}/signs.png",
    summary="Where its signs are, after your verdict",
    response_class=Response,
    responses={200: PNG, **problems(404, 409, 410, 422)},
)
def get_contribution_signs(
    contribution_id: ContributionId,
    index: Annotated[int, Path(ge=0, le=999, description="Of `model_answer.frames`.")],
    reviewer: CurrentReviewer,
    session: ReadSessionDep,
    storage: StorageDep,
) -> Response:
    """Maps of 14 × 14 places over the proposed square; 404 where the models know no signs.

    One grey picture as of a screening. Before your own verdict, and after you have taken it back,
    a problem `no_verdict`.
    """
    content = cine.signs(session, storage, reviewer, contribution_id, index)
    return Response(content, media_type="image/png", headers={"Cache-Control": "no-store"})
