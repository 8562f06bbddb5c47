"""HTTP of reviews: the queue, claims, what a reviewer looks at, verdicts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from backend.accounts.deps import CurrentReviewer
from backend.core.pagination import LONGEST_PAGE, PAGE
from backend.http.deps import ReadSessionDep, SessionDep, SettingsDep, StorageDep
from backend.http.openapi import JPEG, problems
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
    asked: Annotated[QueueQuery, Query()], reviewer: CurrentReviewer, session: ReadSessionDep
) -> QueueOut:
    """Oldest first, without your own recordings and those that you have judged."""
    filters = QueueFilters.model_validate(asked.model_dump(exclude={"cursor", "limit"}))
    return service.queue(session, reviewer, filters, asked.cursor, asked.limit)


@router.post(
    "/reviews/next",
    summary="Claim the next recording",
    response_model=ReviewItem,
    responses={204: {"description": "Nothing waits that you could take."}, **problems(422)},
)
def claim_next(
    reviewer: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
    filters: QueueFilters | None = None,
) -> ReviewItem | Response:
    """What you hold already, else what waits longest; last what you gave back before."""
    found = service.claim_next(session, settings, reviewer, filters or QueueFilters())
    return Response(status_code=204) if found is None else found


@router.get("/reviews/mine", summary="Your verdicts", responses=problems(422))
def get_mine(
    reviewer: CurrentReviewer, session: ReadSessionDep, cursor: Cursor = None, limit: Limit = PAGE
) -> MinePage:
    """The newest first, with the model's answers."""
    return service.mine(session, reviewer, cursor, limit)


@router.get("/reviews/stats", summary="Agreement and throughput")
def get_stats(_: CurrentReviewer, session: ReadSessionDep) -> StatsOut:
    """Cohen's kappa of first and second readers; verdicts for each reviewer and day."""
    return statistics.stats(session)


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
    """Yours, or as an administrator anybody's, until the recording is in a release."""
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
    """A problem `claimed` tells with `claimed_until` how long another reviewer has it."""
    return service.claim(session, settings, reviewer, contribution_id)


@router.delete(
    "/contributions/{contribution_id}/claim",
    status_code=204,
    summary="Give a recording back",
    responses=problems(404, 422),
)
def give_back(
    contribution_id: ContributionId, reviewer: CurrentReviewer, session: SessionDep
) -> None:
    """The next reviewer takes it; you are asked again when nothing else waits."""
    service.give_back(session, reviewer, contribution_id)


@router.post(
    "/contributions/{contribution_id}/reviews",
    status_code=201,
    summary="Give a verdict",
    responses=problems(404, 409, 422),
)
def give(
    contribution_id: ContributionId,
    said: ReviewIn,
    reviewer: CurrentReviewer,
    session: SessionDep,
    settings: SettingsDep,
) -> GivenOut:
    """On a recording that you have claimed. The answer shows what the model says."""
    return service.give(session, settings, reviewer, contribution_id, said)


@router.get(
    "/contributions/{contribution_id}/cine",
    summary="What a player needs",
    responses=problems(404, 409, 410, 422),
)
def get_cine(
    contribution_id: ContributionId, reviewer: CurrentReviewer, session: ReadSessionDep
) -> CineOut:
    """The times of all frames, and where the frames are."""
    return cine.cine(session, reviewer, contribution_id)


@router.get(
    "/contributions/{contribution_id}/cine/{index}.jpg",
    summary="A frame for the player",
    response_class=Response,
    responses={200: JPEG, **problems(404, 410, 422)},
)
def get_cine_frame(
    contribution_id: ContributionId,
    index: Annotated[int, Path(ge=0, le=99_999, description="Its place, from 0.")],
    reviewer: CurrentReviewer,
    session: ReadSessionDep,
    storage: StorageDep,
) -> Response:
    """The whole picture, its longer side at most 720 pixels."""
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
    """Up to 30 whole frames, on which to look for names and marks."""
    content = cine.contact_sheet(session, storage, reviewer, contribution_id)
    return Response(content, media_type="image/jpeg", headers=PIXELS_CACHE)
