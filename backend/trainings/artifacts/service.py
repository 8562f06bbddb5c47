"""Artifacts: which one is active, and activating another."""

from collections.abc import Mapping
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core import audit
from backend.core.db import utc_now
from backend.core.errors import ConflictError, NotFoundError
from backend.storage.base import Storage
from backend.tables import Artifact, User
from backend.trainings.artifacts import repository
from backend.trainings.artifacts.schemas import (
    ActivationOut,
    ArtifactLine,
    ArtifactList,
    ArtifactOut,
)

HISTORY = 20

log = structlog.get_logger(__name__)


def listing(session: Session) -> ArtifactList:
    """All artifacts, with the active and the previously active one."""
    active, shipped = _active(session), repository.shipped(session)
    origins = repository.origins(session)
    history = repository.activations(session, HISTORY)
    return ArtifactList(
        items=[
            _line(artifact, active, shipped, origins) for artifact in repository.listing(session)
        ],
        active=active,
        previous=_previous(session, active),
        history=[
            ActivationOut(
                version=activation.version, at=activation.activated_at, by=activation.activated_by
            )
            for activation in history
        ],
    )


def to_schema(session: Session, version: str) -> ArtifactOut:
    """An artifact with its manifest.

    Raises:
        NotFoundError: there is none of this version.
    """
    artifact = find(session, version)
    shipped = repository.shipped(session)
    line = _line(artifact, _active(session), shipped, repository.origins(session))
    return ArtifactOut(**line.model_dump(), manifest=artifact.manifest)


def find(session: Session, version: str) -> Artifact:
    """The artifact of this version.

    Raises:
        NotFoundError: there is none.
    """
    artifact = repository.get(session, version)
    if artifact is None:
        raise NotFoundError(f"There is no artifact {version[:100]}.")
    return artifact


def activate(session: Session, storage: Storage, actor: User | None, version: str) -> ArtifactOut:
    """Use this version for every screening claimed from now on.

    Raises:
        NotFoundError: there is none of this version.
        ConflictError: it is active already, its files are missing, or it shipped with an earlier
            version of the software.
    """
    artifact = find(session, version)
    before = _active(session)
    if before == version:
        raise ConflictError(f"{version} is already active.")
    if not _is_available(artifact, repository.shipped(session)):
        raise ConflictError(
            f"{version} shipped with an earlier version of this software and is no longer included."
        )
    if artifact.storage_folder is not None:
        for name in (*artifact.manifest.files, "manifest.json"):
            if not storage.exists(f"{artifact.storage_folder}/{name}"):
                raise ConflictError(
                    f"{version} cannot be activated: its file {name} is missing. Train it again."
                )
    repository.activate(session, version, None if actor is None else actor.id, utc_now())
    audit.record(session, actor, "artifacts.activated", "artifact", version, before=before)
    log.info("artifact_activated", version=version, before=before)
    return to_schema(session, version)


def _active(session: Session) -> str | None:
    decided = repository.active(session)
    if decided is not None:
        return decided.version
    shipped = repository.shipped(session)
    return None if shipped is None else shipped.version


def _previous(session: Session, active: str | None) -> str | None:
    """The version that was active before this one."""
    shipped = repository.shipped(session)
    for activation in repository.activations(session, HISTORY):
        if activation.version != active and _is_available(
            find(session, activation.version), shipped
        ):
            return activation.version
    return None if shipped is None or shipped.version == active else shipped.version


def _is_available(artifact: Artifact, shipped: Artifact | None) -> bool:
    """Whether it was trained here, or is the one shipped today."""
    return artifact.storage_folder is not None or artifact is shipped


def _line(
    artifact: Artifact,
    active: str | None,
    shipped: Artifact | None,
    origins: Mapping[str, tuple[UUID, int]],
) -> ArtifactLine:
    training, release = origins.get(artifact.version, (None, None))
    return ArtifactLine.model_validate(
        {
            "version": artifact.version,
            "created_at": artifact.created_at,
            "active": artifact.version == active,
            "shipped": artifact.storage_folder is None,
            "available": _is_available(artifact, shipped),
            "release": release,
            "training": training,
            "group": artifact.manifest.group,
            "metrics": artifact.manifest.metrics,
        }
    )
