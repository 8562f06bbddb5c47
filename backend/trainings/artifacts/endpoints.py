"""HTTP of artifacts: the available models, and which one is active."""

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


@router.get("", summary="Available models")
def list_artifacts(session: ReadSessionDep) -> ArtifactList:
    """With their cross-validated figures; every screening names the one it used."""
    return service.listing(session)


@router.get("/{version}", summary="An artifact", responses=problems(404, 422))
def get_artifact(version: Version, session: ReadSessionDep) -> ArtifactOut:
    """Its manifest: preprocessing, hyperparameters, training data and figures."""
    return service.to_schema(session, version)


@router.post(
    "/{version}/activate",
    summary="Activate it",
    responses=problems(401, 403, 404, 409, 422),
)
def activate_artifact(
    version: Version, session: SessionDep, storage: StorageDep, admin: CurrentAdmin
) -> ArtifactOut:
    """Takes effect with the next screening. Activate the previous one to roll back."""
    return service.activate(session, storage, admin, version)
