"""Rows and bytes of what a release is made of, and releases themselves, for tests."""

import hashlib
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.storage.base import Storage
from backend.storage.keys import dataset_frame_key, dataset_pixels_key
from backend.tables import Contribution, FoldAssignment, Release, ReleaseItem
from backend.tables.releases import Difference, Summary
from tests.factories_contributions import create_contribution
from tests.models.media import odd_files
from tests.worker.deployment import still


def create_ingested(session: Session, storage: Storage, **changes: Any) -> Contribution:
    """An approved contribution whose pixels and frames lie where ingest puts them."""
    kind = changes.get("kind", "video")
    label = changes.pop("label", "covid19")
    frames = changes.pop("dataset_frames", 2 if kind == "video" else 1)
    contribution = create_contribution(
        session,
        **{
            "state": "approved",
            "label": label,
            "final_label": label,
            "final_findings": {"b_lines": True, "effusion": False},
            "md_comment": "B-lines on the right",
            "original_key": None,
            "deidentify_state": "done",
            "dataset_frames": frames,
            "decided_at": utc_now(),
        }
        | changes,
    )
    pixels = _video() if kind == "video" else still()
    contribution.pixels_key = dataset_pixels_key(
        contribution.id, "mp4" if kind == "video" else "png"
    )
    contribution.pixels_sha256 = hashlib.sha256(pixels).hexdigest()
    storage.put_bytes(contribution.pixels_key, pixels)
    for index in range(frames):
        storage.put_bytes(dataset_frame_key(contribution.id, index), still(32 + index))
    session.flush()
    return contribution


@cache
def _video() -> bytes:
    return odd_files.clip(frames=4, rate=2, width=64, height=64)


NOTHING = Summary(recordings=0, frames=0, patients=0, classes=[], licences={})
UNCHANGED = Difference(since=None, added=[], withdrawn=[], relabelled=[], corrected=[])


def create_release(session: Session, number: int = 1, **changes: Any) -> Release:
    """A finished release of nothing."""
    moment = changes.pop("created_at", utc_now())
    values: dict[str, Any] = {
        "state": "done",
        "created_at": moment,
        "notified_at": moment,
        "finished_at": moment,
        "summary": NOTHING,
        "diff": UNCHANGED,
    }
    release = Release(number=number, **values | changes)
    session.add(release)
    session.flush()
    return release


def create_item(
    session: Session, release: Release, contribution: Contribution, **changes: Any
) -> ReleaseItem:
    """A contribution in a release, with a row that says little and no files."""
    key = f"recording:{contribution.id}"
    if session.get(FoldAssignment, key) is None:
        given = session.query(FoldAssignment).count()
        session.add(
            FoldAssignment(group_key=key, number=given + 1, fold=0, assigned_in=release.number)
        )
        session.flush()
    values: dict[str, Any] = {
        "group_key": key,
        "fold": 0,
        "label": contribution.final_label or "covid19",
        "probe": contribution.probe or "convex",
        "row": {"License": "CC BY 4.0", "Patient ID / Name": ""},
        "removed": contribution.state in ("withdrawn", "rejected"),
    }
    item = ReleaseItem(
        release_number=release.number, contribution_id=contribution.id, **values | changes
    )
    session.add(item)
    session.flush()
    return item
