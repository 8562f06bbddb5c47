"""The dataset as an index of recordings."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from models.atomic_files import atomic_replace
from models.contract import CLASSES
from models.data.file_names import is_junk
from models.data.metadata import RecordingMetadata, read_metadata
from models.data.table_matching import Ambiguity, FileName, Match, TableRow, match

METADATA = "dataset_metadata.csv"
ORIGINALS = "originals.json"
"""Hash and fingerprints of each recording's original, by key, in an installation's own release.

Not part of the release itself, where it would let anybody who holds an original look it up.
"""
_FOLDERS = ("pocus_videos", "pocus_images")
_COLUMNS = ("Filename", "Type", "Label", "Patient ID / Name", "Source ID", "License")
Kind = Literal["video", "image"]
_PROBES = ("convex", "linear")
_LABELS = {
    "covid-19": "covid19",
    "bacterial pneumonia": "pneumonia",
    "regular": "healthy",
    "viral pneumonia": "viral",
}


class DatasetError(Exception):
    """A folder that is not a dataset, or one that cannot be split as requested."""


@dataclass(frozen=True, slots=True)
class Original:
    """The original file of a de-identified recording: its SHA-256 and fingerprint, if known."""

    sha256: str = ""
    fingerprints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording of the dataset and what is known of it.

    `label` is a class key, or `viral`, which is kept but not trained on (paper, section 3).
    `patient` is empty where the patient is unknown. `certain` is false for a file in a subfolder
    such as `label_uncertain`. `duplicate_group` identifies a set of near-duplicates, see
    `models.data.duplicates.with_duplicate_groups`. `original` describes the file from which
    de-identification produced this one, if known.
    """

    key: str
    path: Path
    label: str
    probe: str
    kind: Kind
    patient: str
    source: str
    licence: str
    sha256: str = field(repr=False)
    certain: bool = True
    duplicate_group: str = ""
    original: Original = field(default_factory=Original, repr=False)
    metadata: RecordingMetadata = field(default_factory=RecordingMetadata, repr=False)

    @property
    def trained(self) -> bool:
        """Whether it belongs to the convex, three-class set that models are trained on."""
        return self.probe == "convex" and self.label in CLASSES and self.certain


@dataclass(frozen=True, slots=True)
class Index:
    """All recordings of a folder, with unmatched table rows and files.

    `ambiguities` holds a sentence for each set of rows and files that could not be matched
    unambiguously and were left out; `approximate` one for each recording whose row differs from
    its file name in case, punctuation or spaces.
    """

    entries: tuple[Entry, ...]
    rows_without_file: tuple[str, ...]
    files_without_row: tuple[str, ...]
    ambiguities: tuple[str, ...] = ()
    approximate: tuple[str, ...] = ()

    @property
    def trained(self) -> tuple[Entry, ...]:
        """The recordings that models are trained on; of identical files, the first."""
        found: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.trained:
                found.setdefault(entry.sha256, entry)
        return tuple(found.values())


def read_index(folder: Path) -> Index:
    """Read a folder in the layout of the public POCUS dataset.

    Files are in `pocus_videos/` and `pocus_images/`, each with `convex/` and `linear/`, those of
    uncertain label in a subfolder. A file's row in `dataset_metadata.csv` has its name without the
    extension, see `models.data.table_matching.match`. The label is that of the row; the prefix of
    the file name is ignored.

    Raises:
        DatasetError: the folder or its CSV is missing, or it has no recording to train on.
    """
    rows = _rows(folder)
    files = _files(folder)
    originals = _read_originals(folder / ORIGINALS)
    entries: list[Entry] = []
    orphans: list[Path] = []
    unused: list[str] = []
    ambiguities: list[str] = []
    approximate: list[str] = []
    for kind in ("video", "image"):
        found = match(
            (row for row in rows if _kind(row.values["Type"]) == kind),
            (
                FileName(path, _key(folder, path))
                for path in files
                if _kind_of(folder, path) == kind
            ),
        )
        for match_ in found.matches:
            entry = _entry(folder, match_)
            if entry is None:
                orphans.append(_path(match_.file))
                continue
            entries.append(replace(entry, original=originals.get(entry.key, Original())))
            if match_.is_approximate:
                approximate.append(f"{entry.key} was matched with the row {match_.rows[0].name!r}.")
        orphans += [_path(file) for file in found.files_without_row]
        unused += [row.name for row in found.rows_without_file]
        ambiguities += [_reason(ambiguity) for ambiguity in found.ambiguities]
    index = Index(
        tuple(sorted(entries, key=lambda entry: entry.path)),
        tuple(sorted(unused)),
        tuple(path.name for path in sorted(orphans)),
        tuple(ambiguities),
        tuple(approximate),
    )
    if not index.trained:
        raise DatasetError(f"{folder} holds no convex recording of {', '.join(CLASSES)}.")
    return index


def _rows(folder: Path) -> list[TableRow]:
    table = folder / METADATA
    if not table.is_file():
        raise DatasetError(f"{folder} holds no {METADATA}: give the folder that contains it.")
    try:
        text = table.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{table} is not UTF-8: save it as CSV (UTF-8).") from error
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
        if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            raise DatasetError(f"{table} lacks the columns {', '.join(missing)}.")
        return [TableRow(reader.line_num, row["Filename"], row) for row in reader]
    except csv.Error as error:
        raise DatasetError(f"{table} cannot be read as CSV: {error}.") from error


def _entry(folder: Path, found: Match) -> Entry | None:
    """The recording, or None if the row's label is unknown."""
    path, row = _path(found.file), found.rows[0].values
    label = _LABELS.get(row["Label"].strip().lower())
    if label is None:
        return None
    _, probe, *deeper = path.relative_to(folder).parts
    return Entry(
        key=_key(folder, path),
        path=path,
        label=label,
        probe=probe,
        kind=_kind_of(folder, path),
        patient=row["Patient ID / Name"].strip(),
        source=row["Source ID"].strip(),
        licence=row["License"].strip(),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        certain=len(deeper) == 1,
        metadata=read_metadata(row),
    )


def _reason(ambiguity: Ambiguity) -> str:
    return ambiguity.reason([f"{row.name!r} (line {row.key})" for row in ambiguity.rows])


def _path(file: FileName) -> Path:
    return cast("Path", file.key)


def _key(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _kind_of(folder: Path, path: Path) -> Kind:
    return "video" if "videos" in path.relative_to(folder).parts[0] else "image"


def listing_hash(entries: Sequence[Entry]) -> str:
    """SHA-256 over the training set: content hash, label and patient of every recording."""
    lines = sorted(f"{entry.sha256} {entry.label} {entry.patient}" for entry in entries)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_originals(folder: Path, originals: Mapping[str, Original]) -> None:
    """Write the originals of a dataset's recordings, by key, beside its table."""
    with atomic_replace(folder / ORIGINALS) as scratch:
        scratch.write_text(json.dumps({key: asdict(each) for key, each in originals.items()}))


def _read_originals(path: Path) -> dict[str, Original]:
    if not path.is_file():
        return {}
    try:
        return {
            key: Original(each["sha256"], tuple(each["fingerprints"]))
            for key, each in json.loads(path.read_text()).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DatasetError(f"{path} is not a list of originals that can be read.") from error


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for kind in _FOLDERS
        for probe in _PROBES
        for path in (folder / kind / probe).rglob("*")
        if path.is_file() and not is_junk(_key(folder, path))
    )


def _kind(text: str) -> Kind:
    return "video" if text.strip().lower() == "video" else "image"
