"""Releases as everybody sees them: versions, recordings, frames, and the archive."""

from contextlib import closing
from uuid import UUID

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from backend.core.errors import GoneError, NotFoundError
from backend.core.pagination import PAGE
from backend.releases import repository
from backend.releases.archive import Archive
from backend.releases.parts import MeasuredArchive, Sessions, open_archive
from backend.releases.schemas import (
    FileOut,
    ItemOut,
    ItemPage,
    MakingProgress,
    ReleaseLine,
    ReleaseOut,
    ReleasePage,
)
from backend.storage.base import Storage
from backend.tables import Release, ReleaseItem
from backend.tables.vocabulary import JobState, Label, Licence, Probe
from models.media import sampling

PATH = "/api/v1/releases"
PREVIEW_SIDE = 512
"""Longer side of a frame on the page, in pixels."""


def find(session: Session, number: int, *, every_state: bool = False) -> Release:
    """The release with this number.

    Raises:
        NotFoundError: there is none, or it is not finished (unless `every_state`).
    """
    release = repository.get(session, number)
    if release is None or not (every_state or release.state == JobState.DONE):
        raise NotFoundError(f"There is no release {number}.")
    return release


def page(session: Session, cursor: str | None, limit: int, *, every_state: bool) -> ReleasePage:
    """Releases, the newest first.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """
    rows = repository.page(session, cursor, limit, every_state=every_state)
    return ReleasePage(items=[_to_line(row) for row in rows.rows], next=rows.next)


def to_schema(session: Session, release: Release) -> ReleaseOut:
    """The release with all its details."""
    address = f"{PATH}/{release.number}"
    return ReleaseOut(
        **_to_line(release).model_dump(),
        diff=repository.diff(session, release.number),
        files=[
            FileOut(name=file.path, bytes=file.bytes, sha256=file.sha256)
            for file in release.files.files
        ],
        withdrawn=repository.removed_ids(session, release.number),
        archive_url=f"{address}/archive.zip",
        csv_url=f"{address}/dataset_metadata.csv",
        croissant_url=f"{address}/croissant.json",
    )


def _to_line(release: Release) -> ReleaseLine:
    is_done = release.state == JobState.DONE
    return ReleaseLine(
        number=release.number,
        state=release.state,
        created_at=release.created_at,
        finished_at=release.finished_at,
        note=release.note,
        error=release.error,
        progress=MakingProgress(done=release.done, total=release.total),
        summary=release.summary if is_done else None,
        archive_bytes=release.archive_bytes,
    )


def items(
    session: Session,
    number: int,
    *,
    cursor: str | None,
    limit: int = PAGE,
    label: Label | None = None,
    probe: Probe | None = None,
) -> ItemPage:
    """Recordings of a release, in the order of their random ids."""
    rows = repository.items_page(session, number, cursor, limit, label=label, probe=probe)
    return ItemPage(items=[_item(row) for row in rows.rows], next=rows.next)


def _item(item: ReleaseItem) -> ItemOut:
    columns = item.row
    return ItemOut(
        id=item.contribution_id,
        label=item.label,
        probe=item.probe,
        kind=columns["Type"],
        licence=Licence(columns["License"]),
        licence_url=columns["LinkToLicense"],
        attribution=columns["Attribution"],
        patient=int(columns["Patient ID / Name"]) if columns["Patient ID / Name"] else None,
        fold=item.fold,
        left_out=item.left_out,
        frames=len(item.files.frames) if item.files else 0,
        comment=columns["Comments first medical doctor (MD1)"],
        findings=item.contribution.final_findings,
        withdrawn=item.removed,
        frame_url=f"{PATH}/{item.release_number}/items/{item.contribution_id}/frames/{{n}}.jpg",
    )


def find_item(session: Session, number: int, contribution_id: UUID) -> ReleaseItem:
    """A recording in a finished release, with its contribution.

    Raises:
        NotFoundError: there is none.
    """
    find(session, number)
    item = repository.item(session, number, contribution_id)
    if item is None:
        raise NotFoundError(f"There is no recording {contribution_id} in release {number}.")
    return item


def frame(
    session: Session, storage: Storage, number: int, contribution_id: UUID, index: int
) -> bytes:
    """One sampled frame of a recording, as JPEG.

    Raises:
        NotFoundError: no such release, recording or frame.
        GoneError: the recording was withdrawn.
    """
    item = find_item(session, number, contribution_id)
    if item.removed:
        raise GoneError("This recording was withdrawn, and its pixels were deleted.")
    frames = item.files.frames if item.files else []
    if index >= len(frames):
        raise NotFoundError(f"The recording {contribution_id} has no frame {index}.")
    with closing(storage.open(frames[index].key)) as file, Image.open(file) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return sampling.encode_jpeg(pixels, PREVIEW_SIDE)


def document(session: Session, storage: Storage, number: int, name: str) -> bytes:
    """A file at the top level of a finished release, such as its table.

    Raises:
        NotFoundError: no such release or file.
    """
    for stored in find(session, number).files.files:
        if stored.path == name:
            with closing(storage.open(stored.key)) as file:
                return file.read()
    raise NotFoundError(f"Release {number} has no file {name}.")


def archive(session: Session, number: int, sessions: Sessions) -> Archive | MeasuredArchive:
    """The archive of a finished release, without the pixels of recordings withdrawn since.

    Its tables stay as they were; `WITHDRAWN.csv` lists what is missing. What it sends is read with
    `sessions`.

    Raises:
        NotFoundError: there is none.
    """
    return open_archive(session, find(session, number), sessions)
