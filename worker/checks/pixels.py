"""Recordings that the present reader reads otherwise than the one that took them in."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.db import utc_now
from backend.jobs import leases
from backend.jobs.kinds import DEIDENTIFICATION, PREVIEWS
from backend.reviews import repository as reviews
from backend.storage.base import MissingObjectError
from backend.submissions import near_copies
from backend.system.checks.finding import Context, Finding, in_transaction, pages
from backend.system.checks.missing import deidentify_again
from backend.tables import Contribution
from backend.tables.media import media_columns
from backend.tables.vocabulary import ContributionState, JobState
from models.data import fingerprint
from models.media import sampling

_AT_WORK = (JobState.QUEUED, JobState.RUNNING)
_ENDED = (ContributionState.WITHDRAWN, ContributionState.REJECTED)
_BESIDE_PICTURES = ("depth_mm", "mm_per_pixel", "notes")
_SAME_S = 0.002
"""Durations that differ by less are the same."""

_SAME_BITS = 4
"""Frames whose hashes of 64 bits differ by no more are the same picture, on any processor."""

_NAMES = {
    "kind": "kind",
    "format": "format",
    "media_type": "media type",
    "width": "width",
    "height": "height",
    "duration_s": "duration",
    "frames": "number of frames",
    "sampled_frames": "number of sampled frames",
    "fingerprints": "pictures",
    "times_s": "times of the frames",
}


def pixels(context: Context) -> Iterator[Finding]:
    """Read every contribution anew: the original, or else what the dataset holds of it."""
    for row in pages(context, Contribution, Contribution.state.not_in(_ENDED), size=20):
        if row.previews_state in _AT_WORK or row.deidentify_state in _AT_WORK:
            continue  # it is being read by the present reader
        try:
            if row.original_key is not None:
                yield from _original(context, row)
            elif row.pixels_key is not None:
                yield from _dataset(context, row)
        except MissingObjectError:
            continue  # which another check tells of


def _original(context: Context, row: Contribution) -> Iterator[Finding]:
    with context.storage.local(row.original_key or "") as path:
        try:
            seen = _read(path, row)
        except sampling.MediaError as error:
            yield Finding(
                "unreadable",
                "contribution",
                str(row.id),
                f"The reader of today refuses this recording: {error.message}",
                "Reject it, or ask its contributor to send it in another form."
                if row.state != ContributionState.APPROVED
                else "Open a new review of it, by a report of its label, and reject it.",
            )
            return
    differing = [name for name, value in seen.items() if not _is_same(name, value, row)]
    if not differing:
        return
    named = ", ".join(_NAMES[name] for name in differing)
    decided = row.state == ContributionState.APPROVED
    reshaped = bool({"width", "height"} & set(differing)) or row.trim_start_s is not None
    text = f"The current version reads it differently: {named}."
    if decided and reshaped:
        yield Finding(
            "read_otherwise",
            "contribution",
            str(row.id),
            text,
            "A reviewer has chosen a square or a part of it on pictures that were read wrongly: "
            "open a new review of it, by a report of its label.",
        )
        return
    mend = partial(_read_again, contribution_id=row.id, seen=seen, sha256=row.sha256)
    yield Finding("read_otherwise", "contribution", str(row.id), text, mend=in_transaction(mend))


def _read(path: Path, row: Contribution) -> dict[str, Any]:
    """The columns that the present reader would write, and the times of the reviewers' frames.

    All but the proposed square, and what the file says beside its pictures.
    """
    probe = sampling.probe(path)
    seen: dict[str, Any] = {
        name: value
        for name, value in media_columns(probe).items()
        if not name.startswith("square_") and name not in _BESIDE_PICTURES
    }
    seen["fingerprints"] = fingerprint.fingerprint_file(path)
    times_s = row.cine.times_s if row.cine is not None else []
    if len(times_s) == probe.frames:  # of longer ones, only some frames are shown
        seen["times_s"] = [round(each, 4) for each in sampling.Recording.open(path).source.times_s]
    return seen


def _is_same(name: str, value: Any, row: Contribution) -> bool:
    kept = row.cine.times_s if name == "times_s" and row.cine else getattr(row, name, None)
    if name == "duration_s" and value is not None and kept is not None:
        return bool(abs(value - kept) < _SAME_S)
    if name == "times_s":
        return all(abs(a - b) < _SAME_S for a, b in zip(value, kept or (), strict=True))
    if name == "fingerprints":
        pairs = zip(value, kept or (), strict=False)
        apart = [(int(a, 16) ^ int(b, 16)).bit_count() for a, b in pairs]
        return bool(len(value) == len(kept or ()) and max(apart, default=0) <= _SAME_BITS)
    return bool(value == kept)


def _read_again(session: Session, contribution_id: UUID, seen: dict[str, Any], sha256: str) -> bool:
    """Keep what was read now, and have everything made anew that was made of it."""
    near_copies.lock(session)
    row = reviews.lock(session, contribution_id)
    if row is None or row.original_key is None or row.sha256 != sha256 or row.state in _ENDED:
        return False
    for name, value in seen.items():
        if name != "times_s":
            setattr(row, name, value)
    session.flush()
    near_copies.record(session, row)
    row.cine = row.previews_state = row.text_boxes = None
    for name, value in reviews.no_answer().items():
        setattr(row, name, value)
    if row.state == ContributionState.PENDING:
        leases.enqueue(session, PREVIEWS, row, utc_now())
    elif row.state == ContributionState.APPROVED:
        leases.enqueue(session, DEIDENTIFICATION, row, utc_now())
    return True


def _dataset(context: Context, row: Contribution) -> Iterator[Finding]:
    """What releases hold was written by this service: its frames are those that are read of it."""
    with context.storage.local(row.pixels_key or "") as path:
        try:
            frames = len(sampling.Recording.open(path).sampled())
        except sampling.MediaError as error:
            frames, why = 0, f"it is refused: {error.message}"
        else:
            why = f"{frames} frames are sampled of it, and {row.dataset_frames} are stored"
    if frames == row.dataset_frames:
        return
    can = row.deidentified_key is not None and row.state == ContributionState.APPROVED
    mend = partial(deidentify_again, contribution_id=row.id, pixels_key=row.pixels_key)
    yield Finding(
        "dataset_read_otherwise",
        "contribution",
        str(row.id),
        f"The current version reads the stored file differently: {why}.",
        "" if can else "Ask its contributor to withdraw it and to send it again.",
        mend=in_transaction(mend) if can else None,
    )
