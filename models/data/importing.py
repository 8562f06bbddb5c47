"""Import of the public dataset from a folder or a Git repository, with frame extraction."""

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.atomic_files import atomic_replace
from models.data.extraction import Facts, FrameCache
from models.data.index import METADATA, DatasetError, Entry, Index, read_index

RECORDINGS = "recordings.json"
"""Metadata of each imported recording: from the table, and measured."""

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, the items done and the total number of items."""

_SUBFOLDER = "data"
"""Where the public repository keeps the dataset."""

_CLONE_TIMEOUT_S = 3600


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of an import: the source's index, the number of new files, and unreadable ones."""

    index: Index
    copied: int
    unreadable: Mapping[str, str]


def import_dataset(source: str, into: Path, cache: FrameCache, progress: Progress) -> ImportResult:
    """Copy every readable recording and the table into a folder of the same layout.

    An interrupted import can be resumed; a repeated one copies only what is new.

    Args:
        source: a folder in the layout of the public dataset, or one that contains it as `data`; or
            the URL of a Git repository with either.
        into: destination folder, created if missing.
        cache: for the extracted frames, which training reads.
        progress: called after every step.

    Raises:
        DatasetError: no such folder or repository, no network, or no dataset in it.
    """
    with _local_copy(source, progress) as folder:
        index = read_index(folder)
        if folder.resolve() == into.resolve():
            raise DatasetError(f"{into} is the source itself: choose another folder with --into.")
        failed = cache.fill(
            index.entries, lambda done, total: progress("Reading recordings", done, total)
        )
        readable = [entry for entry in index.entries if entry.sha256 not in failed]
        copied = 0
        for number, entry in enumerate(readable, start=1):
            copied += _copy(entry.path, into / entry.key)
            progress("Copying", number, len(readable))
        _copy(folder / METADATA, into / METADATA)
        descriptions = [describe(entry, cache.facts(entry.sha256)) for entry in readable]
        (into / RECORDINGS).write_text(json.dumps(descriptions, indent=1, ensure_ascii=False))
    unreadable = {
        entry.key: failed[entry.sha256].message for entry in index.entries if entry.sha256 in failed
    }
    return ImportResult(index, copied, unreadable)


def describe(entry: Entry, facts: Facts) -> dict[str, Any]:
    """A recording's metadata and measurements as plain JSON values."""
    values = asdict(entry)
    del values["path"], values["original"]
    # The file keeps the names of its first version.
    values["twins"], values["about"] = values.pop("duplicate_group"), values.pop("metadata")
    probe = asdict(facts.probe)
    return values | {
        "measured": probe | {"frame_rate_hz": facts.frame_rate_hz},
        "fingerprints": list(facts.fingerprints),
    }


def find_dataset(folder: Path) -> Path:
    """The folder itself or its subfolder `data`, whichever contains the table.

    Raises:
        DatasetError: neither does.
    """
    for candidate in (folder, folder / _SUBFOLDER):
        if (candidate / METADATA).is_file():
            return candidate
    raise DatasetError(f"{folder} holds no {METADATA}: give the folder that contains it.")


def is_repository_url(source: str) -> bool:
    """Whether a source is the URL of a repository rather than a folder."""
    return "://" in source or source.startswith("git@")


@contextlib.contextmanager
def _local_copy(source: str, progress: Progress) -> Iterator[Path]:
    if not is_repository_url(source):
        yield find_dataset(Path(source))
        return
    with tempfile.TemporaryDirectory(prefix="pocovid-import-") as scratch:
        progress("Fetching the repository", 0, 1)
        _clone(source, Path(scratch) / "repository")
        progress("Fetching the repository", 1, 1)
        yield find_dataset(Path(scratch) / "repository")


def _clone(address: str, target: Path) -> None:
    git = shutil.which("git")
    if git is None:
        raise DatasetError("Git is not installed: install it, or give a folder.")
    try:
        process = subprocess.run(  # noqa: S603 - no shell; the address cannot be taken for an option
            [git, "clone", "--quiet", "--depth", "1", "--", address, str(target)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_CLONE_TIMEOUT_S,
            check=False,
            # No prompt for a password.
            env={"GIT_TERMINAL_PROMPT": "0", "PATH": str(Path(git).parent)},
        )
    except subprocess.TimeoutExpired as error:
        raise DatasetError(
            f"{address} could not be fetched within {_CLONE_TIMEOUT_S // 60} minutes."
        ) from error
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["git gave no reason"])[-1]
        raise DatasetError(
            f"{address} could not be fetched ({reason}). Where this machine has no network, "
            "copy the repository here and give its folder."
        )


def _copy(source: Path, target: Path) -> bool:
    """Copy a file atomically unless it is already there; whether it was copied."""
    content = source.read_bytes()
    if target.is_file() and target.read_bytes() == content:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_replace(target) as scratch:
        scratch.write_bytes(content)
    return True
