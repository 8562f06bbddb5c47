"""Stored bytes that have changed: compared by size or, with `deep`, by hash."""

from collections.abc import Iterator
from functools import partial

from backend.storage.base import MissingObjectError
from backend.system.checks.finding import Context, Finding, in_transaction, pages, sha256_of
from backend.system.checks.missing import deidentify_again
from backend.tables import Contribution, Recording
from backend.tables.vocabulary import ContributionState

_BACKUP = "Restore it from a backup, or ask its contributor to withdraw it and send it again."


def contents(context: Context) -> Iterator[Finding]:
    """Compare what is stored with the sizes and hashes in the rows."""
    for recording in pages(context, Recording, Recording.pixels_deleted_at.is_(None)):
        if not is_same(context, recording.storage_key, recording.bytes, recording.sha256):
            yield Finding(
                "bytes_changed",
                "recording",
                str(recording.id),
                "The stored bytes of an uploaded recording differ from those that were sent.",
                "Its sender must upload it again. It is deleted after the retention time.",
            )
    for row in pages(context, Contribution, Contribution.state != ContributionState.WITHDRAWN):
        yield from _of_contribution(context, row)


def _of_contribution(context: Context, row: Contribution) -> Iterator[Finding]:
    original = row.original_key
    original_ok = original is not None and is_same(context, original, row.bytes, row.sha256)
    if original is not None and not original_ok:
        yield Finding(
            "bytes_changed",
            "contribution",
            str(row.id),
            "The stored bytes of a contributed recording differ from those that were sent.",
            _BACKUP,
        )
    pixels = row.pixels_key
    if pixels is None or not context.deep or is_same(context, pixels, None, row.pixels_sha256):
        return
    source = (original if original_ok else None) or row.deidentified_key
    can_fix = source is not None and row.state == ContributionState.APPROVED
    yield Finding(
        "bytes_changed",
        "contribution",
        str(row.id),
        "The stored bytes of a recording of the dataset have changed.",
        "" if can_fix else _BACKUP,
        mend=in_transaction(partial(deidentify_again, contribution_id=row.id, pixels_key=pixels))
        if can_fix
        else None,
    )


def is_same(context: Context, key: str, size: int | None, sha256: str | None) -> bool:
    """Whether the bytes are unchanged. Missing bytes are left to another check."""
    try:
        if size is not None and context.storage.size(key) != size:
            return False
        if not context.deep or sha256 is None:
            return True
        with context.storage.local(key) as path:
            return sha256_of(path) == sha256
    except MissingObjectError:
        return True
