"""The dataset as an index of recordings."""

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from models.contract import CLASSES
from models.metadata import About, read_about

METADATA = "dataset_metadata.csv"
_FOLDERS = ("pocus_videos", "pocus_images")
_COLUMNS = ("Filename", "Type", "Label", "Patient ID / Name", "Source ID", "License")
_PROBES = ("convex", "linear")
_LABELS = {
    "covid-19": "covid19",
    "bacterial pneumonia": "pneumonia",
    "regular": "healthy",
    "viral pneumonia": "viral",
}


class DatasetError(Exception):
    """A folder that is not a dataset, or one that cannot be split as asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording of the dataset and what is known of it.

    `label` is a class key, or `viral`, which is kept but not trained (paper, section 3).
    `patient` is empty where the dataset does not say who was examined. `certain` is false for a
    file that lies in a folder of its own, as `label_uncertain`. `twins` names the set of
    recordings that look nearly the same, see `models.duplicates.with_twins`.
    """

    key: str
    path: Path
    label: str
    probe: str
    kind: Literal["video", "image"]
    patient: str
    source: str
    licence: str
    sha256: str = field(repr=False)
    certain: bool = True
    twins: str = ""
    about: About = field(default_factory=About, repr=False)

    @property
    def trained(self) -> bool:
        """Whether it belongs to the three-class convex set the models are trained on."""
        return self.probe == "convex" and self.label in CLASSES and self.certain


@dataclass(frozen=True, slots=True)
class Index:
    """All recordings of a folder, with the rows and files that have no partner."""

    entries: tuple[Entry, ...]
    rows_without_file: tuple[str, ...]
    files_without_row: tuple[str, ...]

    @property
    def trained(self) -> tuple[Entry, ...]:
        """The recordings the models are trained on; of copies with the same bytes, the first."""
        found: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.trained:
                found.setdefault(entry.sha256, entry)
        return tuple(found.values())


def read_index(folder: Path) -> Index:
    """Read a folder in the layout of the public POCUS dataset.

    Files lie in `pocus_videos/` and `pocus_images/`, each with `convex/` and `linear/`, those of
    uncertain label in a folder below. A file's row in `dataset_metadata.csv` has its name without
    the ending, case and punctuation apart. The row's label counts, the letters before the first
    `_` of a name do not.

    Raises:
        DatasetError: the folder or its CSV is missing, or nothing in it can be trained on.
    """
    table = folder / METADATA
    if not table.is_file():
        raise DatasetError(f"{folder} holds no {METADATA}: give the folder that contains it.")
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            raise DatasetError(f"{table} lacks the columns {', '.join(missing)}.")
        rows = {(_kind(row["Type"]), _plain(row["Filename"])): row for row in reader}
    entries, orphans = [], []
    for path in _files(folder):
        home, probe, *deeper = path.relative_to(folder).parts
        kind: Literal["video", "image"] = "video" if "videos" in home else "image"
        row = rows.pop((kind, _plain(path.stem)), None)
        label = _LABELS.get(row["Label"].strip().lower()) if row else None
        if row is None or label is None:
            orphans.append(path.name)
            continue
        entries.append(
            Entry(
                key=path.relative_to(folder).as_posix(),
                path=path,
                label=label,
                probe=probe,
                kind=kind,
                patient=row["Patient ID / Name"].strip(),
                source=row["Source ID"].strip(),
                licence=row["License"].strip(),
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                certain=len(deeper) == 1,
                about=read_about(row),
            )
        )
    index = Index(
        tuple(entries), tuple(sorted(row["Filename"] for row in rows.values())), tuple(orphans)
    )
    if not index.trained:
        raise DatasetError(f"{folder} holds no convex recording of {', '.join(CLASSES)}.")
    return index


def listing_hash(entries: Sequence[Entry]) -> str:
    """SHA-256 over what was trained on: content hash, label and patient of every recording."""
    lines = sorted(f"{each.sha256} {each.label} {each.patient}" for each in entries)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for kind in _FOLDERS
        for probe in _PROBES
        for path in (folder / kind / probe).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def _kind(text: str) -> Literal["video", "image"]:
    return "video" if text.strip().lower() == "video" else "image"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
