"""Released files, which must never change: missing and altered ones."""

import shutil
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select

from backend.storage.base import MissingObjectError
from backend.storage.keys import dataset_frame_key
from backend.storage.private_files import private_folder
from backend.system.checks.contents import is_same
from backend.system.checks.finding import Context, Finding, Mend, note, sha256_of
from backend.tables import Contribution, Release, ReleaseItem
from backend.tables.releases import ItemFiles, StoredFile
from backend.tables.vocabulary import ContributionState, JobState

_PAGE = 200
_ADVICE = "Restore it from a backup, or create another release."


def releases(context: Context) -> Iterator[Finding]:
    """Check every file of every release.

    This runs before files of the dataset are made again, since these may be copies of a released
    file.
    """
    with context.database.read() as session:
        found = session.execute(
            select(Release.number, Release.files)
            .where(Release.state == JobState.DONE)
            .order_by(Release.number)
        ).all()
    for number, files in found:
        for file in files.files:
            if (wrong := _wrong(context, file, number)) is not None:
                yield Finding(wrong[0], "release", str(number), wrong[1], _ADVICE)
        yield from _items(context, number)


def _items(context: Context, number: int) -> Iterator[Finding]:
    for files, row in _pages(context, number):
        context.progress("")
        for file in files.all() if files else ():
            if (wrong := _wrong(context, file, number)) is None:
                continue
            sources = _source_keys(row)
            yield Finding(
                wrong[0],
                "contribution",
                str(row.id),
                wrong[1],
                _ADVICE,
                mend=_publish_again(sources, file.key, file.sha256) if sources else None,
            )


def _pages(context: Context, number: int) -> Iterator[tuple[ItemFiles | None, Contribution]]:
    """The files of each recording of a release that was not withdrawn, a page at a time."""
    query = (
        select(ReleaseItem.files, Contribution)
        .join(ReleaseItem.contribution)
        .where(
            ReleaseItem.release_number == number,
            Contribution.state != ContributionState.WITHDRAWN,
        )
        .order_by(ReleaseItem.contribution_id)
        .limit(_PAGE)
    )
    last = UUID(int=0)
    while True:
        with context.database.read() as session:
            items = session.execute(query.where(ReleaseItem.contribution_id > last)).all()
        for files, row in items:
            yield files, row
            last = row.id
        if len(items) < _PAGE:
            return


def _wrong(context: Context, file: StoredFile, number: int) -> tuple[str, str] | None:
    """The kind of finding and a sentence, if the file is missing or altered."""
    of = f"A file of release {number} is"
    if not context.storage.exists(file.key):
        return "release_file_missing", f"{of} not stored any more: {file.path}."
    if not is_same(context, file.key, file.bytes, file.sha256):
        return "release_file_changed", f"{of} not the one that was released: {file.path}."
    return None


def _source_keys(contribution: Contribution) -> list[str]:
    """Storage keys of the files that releases are made of: the recording, and its frames."""
    if contribution.pixels_key is None:
        return []
    frames = range(contribution.dataset_frames)
    return [contribution.pixels_key, *(dataset_frame_key(contribution.id, n) for n in frames)]


def _publish_again(sources: Sequence[str], key: str, sha256: str) -> Mend:
    """Copy a released file from a file of the dataset with the same content."""

    def mend(context: Context, finding: Finding) -> bool:
        for source in sources:
            try:
                with (
                    context.storage.local(source) as path,
                    private_folder(context.settings.incoming_dir) as folder,
                ):
                    if sha256_of(path) != sha256:
                        continue
                    context.storage.put(key, shutil.copyfile(path, folder / "copy"))
            except MissingObjectError:
                continue
            with context.transaction() as session:
                note(session, context, finding)
            return True
        return False

    return mend
