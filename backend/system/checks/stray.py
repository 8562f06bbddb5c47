"""Bytes without rows: objects in the storage that nothing in the database refers to."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from backend.recordings import repository as recordings
from backend.releases import repository as releases
from backend.reviews import repository as reviews
from backend.screenings import repository as screenings
from backend.submissions import repository as submissions
from backend.submissions.uploads import repository as uploads
from backend.system.checks.finding import Context, Finding, Mend, note
from backend.trainings import repository as trainings
from backend.trainings.artifacts import repository as artifacts

_CHUNK = 500
_SKIPPED = ("incoming", "uploads")
"""Folders of the local storage with unfinished files, which maintenance cleans up."""

_OWNER = re.compile(r"[a-z-]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[./].*)?")


def stray(context: Context) -> Iterator[Finding]:
    """List the whole storage, and look up the rows of every object."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for stored in context.storage.listing(""):
        folder = stored.key.partition("/")[0]
        if folder in _SKIPPED or stored.modified_at >= context.old:
            continue
        if folder not in _LOOKUPS:
            yield Finding(
                "unknown_bytes",
                "storage",
                stored.key,
                "An object is in a folder that this service does not use.",
                "Find out what it is and move it: this folder or bucket is for the service alone.",
            )
            continue
        waiting[folder].append(stored.key)
        if len(waiting[folder]) >= _CHUNK:
            yield from _without_rows(context, folder, waiting.pop(folder))
            context.progress("")
    for folder, keys in waiting.items():
        yield from _without_rows(context, folder, keys)
        context.progress("")


def _without_rows(context: Context, folder: str, keys: list[str]) -> Iterator[Finding]:
    with context.database.read() as session:
        known = _LOOKUPS[folder](session, keys)
    for key in keys:
        if key not in known:
            yield Finding(
                "stray_bytes",
                "storage",
                key,
                "No row refers to this object.",
                mend=_delete(folder, key),
            )


def _delete(folder: str, key: str) -> Mend:
    def mend(context: Context, finding: Finding) -> bool:
        with context.database.read() as session:
            if _LOOKUPS[folder](session, [key]) or not context.storage.exists(key):
                return False
        context.storage.delete(key)
        with context.transaction() as session:
            note(session, context, finding)
        return True

    return mend


Known = Callable[[Session, list[str]], set[str]]
"""Returns those of a folder's keys that have a row, or may soon have one."""


def _by_owner(known: Callable[[Session, set[UUID]], set[UUID]]) -> Known:
    def lookup(session: Session, keys: list[str]) -> set[str]:
        owners = {key: UUID(match[1]) for key in keys if (match := _OWNER.fullmatch(key))}
        existing = known(session, set(owners.values()))
        return {key for key, owner in owners.items() if owner in existing}

    return lookup


def _of_contributions(folder: str) -> Known:
    return _by_owner(lambda session, ids: reviews.owners(session, folder, ids))


def _of_releases(session: Session, keys: list[str]) -> set[str]:
    if releases.under_way(session) is not None:
        return set(keys)
    return releases.file_keys(session) & set(keys)


def _of_artifacts(session: Session, keys: list[str]) -> set[str]:
    if any(True for _ in trainings.under_way_ids(session)):
        return set(keys)  # the last stage may be storing one
    folders = artifacts.folders(session)
    return {key for key in keys if key.rpartition("/")[0] in folders}


_LOOKUPS: dict[str, Known] = {
    "recordings": recordings.known_keys,
    "previews": recordings.known_keys,
    "frames": _by_owner(screenings.known_ids),
    "contributions": submissions.known_keys,
    "contribution-previews": submissions.known_keys,
    "arrivals": _by_owner(uploads.with_bytes),
    "pieces": uploads.known_pieces,
    "review": _of_contributions("review"),
    "dataset": _of_contributions("dataset"),
    "wholes": _of_contributions("wholes"),
    "published": _by_owner(releases.released_ids),
    "releases": _of_releases,
    "trainings": _by_owner(lambda session, ids: set(trainings.under_way_ids(session)) & ids),
    "artifacts": _of_artifacts,
}
