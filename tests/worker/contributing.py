"""Contributions for the worker's tests: stored as uploads are, decided as reviewers do."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from backend.core.db import utc_now
from backend.reviews import repository
from backend.reviews.decisions import apply_reviews
from backend.storage.base import StoredObject
from backend.storage.keys import contribution_key, contribution_preview_key
from backend.tables import AuditEvent, Contribution
from models.media import sampling
from tests.factories_contributions import create_contribution
from tests.factories_reviews import create_review
from tests.worker.deployment import Deployment

FOLDERS = ("contributions", "contribution-previews", "review", "wholes", "dataset")


def contribute(deployment: Deployment, content: bytes, **changes: Any) -> UUID:
    """Store a recording with its preview and its row, as if just submitted."""
    contribution_id: UUID = changes.pop("id", uuid4())
    path = deployment.settings.incoming_dir / str(contribution_id)
    path.write_bytes(content)
    found = sampling.probe(path)
    preview = sampling.encode_jpeg(sampling.Recording.open(path).still(), 1024)
    sha256 = hashlib.sha256(content).hexdigest()
    deployment.storage.put(contribution_key(sha256, contribution_id), path)
    deployment.storage.put_bytes(contribution_preview_key(contribution_id), preview)
    values: dict[str, Any] = {
        "id": contribution_id,
        "sha256": sha256,
        "bytes": len(content),
        "kind": found.kind,
        "format": found.format,
        "media_type": found.media_type,
        "width": found.width,
        "height": found.height,
        "duration_s": found.duration_s,
        "frames": found.frames,
        "sampled_frames": found.sampled,
        "square_x": found.square.x,
        "square_y": found.square.y,
        "square_size": found.square.size,
    }
    with deployment.database.write() as session:
        create_contribution(session, **values | changes)
        session.commit()
    return contribution_id


def decide(deployment: Deployment, contribution_id: UUID, **changes: Any) -> None:
    """A reviewer's verdict, an approval unless the changes say otherwise."""
    with deployment.database.write() as session:
        row = repository.lock(session, contribution_id)
        assert row is not None
        create_review(session, row, **changes)
        apply_reviews(session, None, row, 1, utc_now())
        session.commit()


def row(deployment: Deployment, contribution_id: UUID) -> Contribution:
    """The contribution as it is now."""
    with deployment.database.read() as session:
        return session.scalars(select(Contribution).where(Contribution.id == contribution_id)).one()


def change(deployment: Deployment, contribution_id: UUID, **values: Any) -> None:
    """Write columns behind everybody's back."""
    with deployment.database.write() as session:
        found = session.get(Contribution, contribution_id)
        for name, value in values.items():
            setattr(found, name, value)
        session.commit()


def kept(deployment: Deployment, contribution_id: UUID) -> dict[str, bytes]:
    """Every byte that is stored of it, by its key without the id."""
    found = {}
    for each in everything(deployment):
        if str(contribution_id) in each.key:
            with deployment.storage.open(each.key) as file:
                found[each.key.replace(str(contribution_id), "")] = file.read()
    return found


def everything(deployment: Deployment) -> list[StoredObject]:
    """All that is stored of contributions."""
    return [stored for folder in FOLDERS for stored in deployment.storage.listing(folder)]


def actions(deployment: Deployment, contribution_id: UUID) -> list[str]:
    """What the audit log says was done to it, in order."""
    with deployment.database.read() as session:
        return list(
            session.scalars(
                select(AuditEvent.action)
                .where(AuditEvent.subject_id == str(contribution_id))
                .order_by(AuditEvent.id)
            )
        )


def incoming(deployment: Deployment) -> list[Path]:
    """What lies about in the folder of unfinished files."""
    return list(deployment.settings.incoming_dir.iterdir())
