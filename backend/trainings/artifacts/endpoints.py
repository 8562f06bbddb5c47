"""HTTP of artifacts: which models there are, and which of them answer."""

from typing import Annotated

from fastapi import APIRouter, Path

from backend.accounts.deps import CurrentAdmin
from backend.http.deps import ReadSessionDep, SessionDep, StorageDep
from backend.http.openapi import problems
from backend.trainings.artifacts import service
from backend.trainings.artifacts.schemas import ArtifactList, ArtifactOut

router = APIRouter(prefix="/artifacts", tags=["artifacts"])

Version = Annotated[
    str, Path(max_length=100, pattern="^[A-Za-z0-9._-]+$", description="Such as pocovidnet-1.")
]


@router.get("", summary="Models that can answer")
def list_artifacts(session: ReadSessionDep) -> ArtifactList:
    """With their cross-validated figures; each screening names the one that answered it."""
    return service.listing(session)


@router.get("/{version}", summary="An artifact", responses=problems(404, 422))
def get_artifact(version: Version, session: ReadSessionDep) -> ArtifactOut:
    """Its manifest: preprocessing, every hyperparameter, what it was trained on, its figures."""
    return service.shown(session, version)


@router.post(
    "/{version}/activate",
    summary="Have it answer",
    responses=problems(401, 403, 404, 409, 422),
)
def activate_artifact(
    version: Version, session: SessionDep, storage: StorageDep, admin: CurrentAdmin
) -> ArtifactOut:
    """From the next screening on, on every worker. Activate the one before to roll back."""
    return service.activate(session, storage, admin, version)
