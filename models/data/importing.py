"""The public dataset comes in: from a folder or a Git repository, checked, named and extracted."""

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
"""Everything known of each imported recording: what the table says, and what was measured."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

_SUBFOLDER = "data"
"""Where the public repository keeps the dataset."""

_CLONE_TIMEOUT_S = 3600


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import found: the index of the source, what came in, and what could not be read."""

    index: Index
    copied: int
    unreadable: Mapping[str, str]


def import_dataset(source: str, into: Path, cache: FrameCache, progress: Progress) -> ImportResult:
    """Copy every readable recording and the table into a folder of the same layout.

    An import that was stopped goes on where it was; one that is repeated copies what is new.

    Args:
        source: a folder in the layout of the public dataset, or one that holds it as `data`; or
            the address of a Git repository with either.
        into: folder of the dataset, made where it is missing.
        cache: for the extracted frames, which training reads.
        progress: told of every step.

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
    """A recording as plain JSON values: label, probe, licence, patient, comments, measures."""
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
    """The folder itself, or its `data`, whichever holds the table.

    Raises:
        DatasetError: neither.
    """
    for candidate in (folder, folder / _SUBFOLDER):
        if (candidate / METADATA).is_file():
            return candidate
    raise DatasetError(f"{folder} holds no {METADATA}: give the folder that contains it.")


def is_repository_url(source: str) -> bool:
    """Whether a source is the address of a repository, and no folder."""
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
            # Nobody is there to be asked for a password.
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
    """Whether there was something to do; a file is there whole or not at all."""
    content = source.read_bytes()
    if target.is_file() and target.read_bytes() == content:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_replace(target) as scratch:
        scratch.write_bytes(content)
    return True
