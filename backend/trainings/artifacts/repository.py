"""Queries on artifacts: which exist, and which one is active."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.tables import Activation, Artifact, Training
from backend.tables.vocabulary import JobState
from models.contract import Manifest


@dataclass(frozen=True, slots=True)
class Active:
    """The active artifact, trained here: its version and its storage folder.

    `activation` is the id of the activation.
    """

    activation: int
    version: str
    folder: str


def get(session: Session, version: str) -> Artifact | None:
    """The artifact of this version."""
    return session.get(Artifact, version)


def listing(session: Session) -> Sequence[Artifact]:
    """All artifacts, newest first."""
    return session.scalars(
        select(Artifact).order_by(Artifact.created_at.desc(), Artifact.version)
    ).all()


def active(session: Session) -> Active | None:
    """The active artifact, if it was trained here; None for the shipped one.

    Activating a shipped artifact means the one shipped today: a newer version of the software does
    not include older models.
    """
    row = session.execute(
        select(Activation.id, Artifact.version, Artifact.storage_folder)
        .join(Artifact, Artifact.version == Activation.version)
        .order_by(Activation.id.desc())
        .limit(1)
    ).first()
    if row is None or row.storage_folder is None:
        return None
    return Active(row.id, row.version, row.storage_folder)


def shipped(session: Session) -> Artifact | None:
    """The newest artifact that ships with the code."""
    query = select(Artifact).where(Artifact.storage_folder.is_(None))
    return session.scalars(query.order_by(Artifact.created_at.desc()).limit(1)).first()


def activations(session: Session, limit: int) -> Sequence[Activation]:
    """The latest activations, newest first."""
    return session.scalars(select(Activation).order_by(Activation.id.desc()).limit(limit)).all()


def activate(session: Session, version: str, actor_id: UUID | None, now: datetime) -> None:
    """Activate this version."""
    session.add(Activation(version=version, activated_by=actor_id, activated_at=now))
    session.flush()


def origins(session: Session) -> dict[str, tuple[UUID, int]]:
    """For each version that was trained here, its training and the release it was trained on."""
    rows = session.execute(
        select(Training.artifact_version, Training.id, Training.release_number).where(
            Training.state == JobState.DONE, Training.artifact_version.is_not(None)
        )
    )
    return {version: (training, release) for version, training, release in rows if version}


def register(
    session: Session, version: str, folder: str | None, manifest: Manifest, now: datetime
) -> None:
    """Add an artifact, unless it exists; of concurrently starting workers, one adds it."""
    if session.get(Artifact, version) is not None:
        return
    made = Artifact(version=version, storage_folder=folder, manifest=manifest, created_at=now)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        if session.get(Artifact, version) is None:  # another constraint was violated
            raise


def folders(session: Session) -> set[str]:
    """Storage folders of the artifacts that were trained here."""
    query = select(Artifact.storage_folder).where(Artifact.storage_folder.is_not(None))
    return {folder for folder in session.scalars(query) if folder}
