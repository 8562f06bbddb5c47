"""HTTP of trainings, for administrators: start, view, cancel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from backend.accounts.deps import CurrentAdmin, get_admin
from backend.core.pagination import LONGEST_PAGE, PAGE
from backend.http.deps import ReadSessionDep, SessionDep
from backend.http.openapi import problems
from backend.trainings import service
from backend.trainings.schemas import TrainingIn, TrainingOut, TrainingPage

router = APIRouter(prefix="/trainings", tags=["trainings"])

TrainingId = Annotated[UUID, Path(description="The training's id.")]
_ADMINS = [Depends(get_admin)]


@router.get("", summary="Trainings", dependencies=_ADMINS, responses=problems(401, 403, 422))
def list_trainings(
    session: ReadSessionDep,
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> TrainingPage:
    """Newest first."""
    return service.page(session, cursor, limit)


@router.post(
    "",
    status_code=202,
    summary="Train on a release",
    responses={
        202: {"description": "It is queued; Location holds its address."},
        **problems(401, 403, 404, 409, 422),
    },
)
def start_training(
    body: TrainingIn, response: Response, session: SessionDep, admin: CurrentAdmin
) -> TrainingOut:
    """Trains five folds on the available trainers, then builds an artifact for comparison."""
    training = service.start(session, admin, body)
    response.headers["Location"] = f"{service.PATH}/{training.id}"
    return service.to_schema(training)


@router.get(
    "/{training_id}",
    summary="A training",
    dependencies=_ADMINS,
    responses=problems(401, 403, 404, 422),
)
def get_training(training_id: TrainingId, session: ReadSessionDep) -> TrainingOut:
    """The progress of each fold, and the result."""
    return service.to_schema(service.find(session, training_id))


@router.post(
    "/{training_id}/cancel", summary="Cancel it", responses=problems(401, 403, 404, 409, 422)
)
def cancel_training(
    training_id: TrainingId, session: SessionDep, admin: CurrentAdmin
) -> TrainingOut:
    """Stops it. The active artifact stays as it is."""
    return service.to_schema(service.cancel(session, admin, training_id))
