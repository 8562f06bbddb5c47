"""Rows of submissions, contributions and arriving files for tests: each field open to change."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.storage.base import Storage
from backend.storage.keys import contribution_key, contribution_preview_key, upload_key
from backend.tables import Contribution, Submission, Upload, User
from tests.factories import create_user
from tests.planted import SECRET

SAID: dict[str, Any] = {
    "label": "covid19",
    "probe": "convex",
    "licence": "CC BY 4.0",
    "source": "A hospital",
}
"""The fields without which nothing can be submitted."""


def create_submission(
    session: Session, contributor: User | None = None, **changes: Any
) -> Submission:
    """A draft of a contributor, a new one where none is given."""
    contributor = contributor or create_user(session)
    now = changes.pop("created_at", utc_now())
    values: dict[str, Any] = {
        "id": uuid4(),
        "contributor_id": contributor.id,
        "title": "Monday's clinic",
        "created_at": now,
        "touched_at": now,
    }
    submission = Submission(**values | changes)
    session.add(submission)
    session.flush()
    return submission


def create_contribution(
    session: Session, submission: Submission | None = None, **changes: Any
) -> Contribution:
    """A pending video with all it needs; its bytes are nowhere until `store_contribution`.

    Where no submission is given, it is of a new one, sent when the contribution was.
    """
    now = changes.pop("created_at", utc_now())
    state = changes.pop("state", "pending")
    sent_at = None if state == "draft" else now
    if submission is None:
        submission = create_submission(session, submitted_at=sent_at, consent_at=sent_at)
    contribution_id = changes.pop("id", uuid4())
    sha256 = changes.pop("sha256", hashlib.sha256(contribution_id.bytes).hexdigest())
    values: dict[str, Any] = {
        "id": contribution_id,
        "submission_id": submission.id,
        "state": state,
        "created_at": now,
        "submitted_at": sent_at,
        "file_name": f"{SECRET} {contribution_id}.mp4",
        "sha256": sha256,
        "original_key": contribution_key(sha256, contribution_id),
        "preview_key": contribution_preview_key(contribution_id),
        "bytes": 1000,
        "kind": "video",
        "format": "mp4",
        "media_type": "video/mp4",
        "width": 96,
        "height": 64,
        "duration_s": 1.0,
        "frames": 10,
        "sampled_frames": 3,
        "square_x": 16,
        "square_y": 0,
        "square_size": 64,
        "fingerprints": [sha256[:16]],
        **SAID,
    }
    contribution = Contribution(**values | changes)
    session.add(contribution)
    session.flush()
    return contribution


def store_contribution(
    storage: Storage, contribution: Contribution, original: bytes = b"original"
) -> None:
    """Put bytes where a contribution's original and preview would lie."""
    if contribution.original_key:
        storage.put_bytes(contribution.original_key, original)
    if contribution.preview_key:
        storage.put_bytes(contribution.preview_key, b"preview")


def create_upload(session: Session, submission: Submission | None = None, **changes: Any) -> Upload:
    """A file that is all here and waits to be taken in; `store_upload` puts its bytes."""
    submission = submission or create_submission(session)
    now = changes.pop("created_at", utc_now())
    values: dict[str, Any] = {
        "id": uuid4(),
        "submission_id": submission.id,
        "file_name": f"{SECRET} lung.mp4",
        "bytes": 1000,
        "received": 1000,
        "state": "queued",
        "created_at": now,
        "expires_at": now + timedelta(days=3),
        "queued_at": now,
        "notified_at": now,
    }
    upload = Upload(**values | changes)
    session.add(upload)
    session.flush()
    return upload


def store_upload(storage: Storage, upload: Upload, content: bytes) -> None:
    """Put bytes where the worker looks for them."""
    storage.put_bytes(upload_key(upload.id), content)
