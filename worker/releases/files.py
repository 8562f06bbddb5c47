"""The files at the top of a release, as text: table, folds, changes, checksums, README.

All of them follow from the release's rows alone, so that a release made twice is the same.
"""

import csv
import heapq
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from backend.tables import Release, ReleaseItem
from backend.tables.releases import Difference, Facts, ItemFiles, StoredFile, Summary
from backend.tables.vocabulary import Label, Probe

TABLE = "dataset_metadata.csv"
FOLDS = "folds.csv"
CHANGES = "changes.csv"
README = "README.md"
CROISSANT = "croissant.json"
CHECKSUMS = "SHA256SUMS"
FRAMES = "frames"

COLUMNS = (
    "Date added",
    "Current location",
    "Filename",
    "URL (Video Name)",
    "Label",
    "License",
    "LinkToLicense",
    "ChangesMade",
    "InThisRepo",
    "Type",
    "Probe",
    "DOI",
    "Source ID",
    "Comments from web site",
    "Title",
    "Comments first medical doctor (MD1)",
    "MD2",
    "MD3",
    "Framerate",
    "Resolution",
    "Length (frames)",
    "Gender",
    "Age",
    "Patient ID / Name",
    "Lung /abdomen interface",
    "Preconditions / Comments about patient",
    "Area according to DEGUM",
    "",
    "Effusion",
    "Consolidations",
    "B-lines",
    "A-lines",
    "Pleural line irregularities",
    "Air bronchogram",
    "Healthy",
    "Fever",
    "Cough",
    "Respiratory problems",
    "Headache",
    "Loss of smell/taste",
    "Fatigue",
    "Sore throat",
    "Asymptomatic",
    "Other",
    # the public dataset's columns end here, an unnamed one among them
    "BLUE point",
    "Attribution",
    "First release",
    "Fold",
    "Sampled frames",
    "File",
    "SHA-256",
)

_TORN = "patient or copy in another fold"
"""Why a recording is left out, in the column of `models.data.folds.GIVEN`."""

_NAMES = {
    Label.COVID19: "COVID-19",
    Label.PNEUMONIA: "Pneumonia",
    Label.HEALTHY: "Healthy",
    Label.VIRAL: "Viral pneumonia",
    Label.OTHER: "Other",
}


def measured(item: ReleaseItem) -> tuple[Facts, ItemFiles]:
    """What the worker found of a recording.

    Raises:
        ValueError: it has not come to it yet.
    """
    if item.facts is None or item.files is None:
        raise ValueError(f"the recording {item.contribution_id} was not measured yet")
    return item.facts, item.files


class Table:
    """The table of all recordings, in the form of the paper's appendix A, and our columns."""

    def __init__(self, file: TextIO) -> None:
        self._writer = _writer(file, COLUMNS)

    def add(self, item: ReleaseItem) -> None:
        """Write a recording's line."""
        facts, stored = measured(item)
        self._writer.writerow(
            item.row
            | {
                "Framerate": facts.rate,
                "Resolution": f"{facts.width}x{facts.height}",
                "Length (frames)": facts.frames,
                "Fold": item.fold,
                "Sampled frames": len(stored.frames),
                "File": stored.recording.path,
                "SHA-256": stored.recording.sha256,
            }
        )


class FoldTable:
    """Which fold tests each recording, and which ones are neither learnt from nor tested on."""

    def __init__(self, file: TextIO) -> None:
        self._writer = _writer(file, ("File", "Fold", "Patient", "Label", "Left out"))

    def add(self, item: ReleaseItem) -> None:
        """Write a recording's line."""
        self._writer.writerow(
            {
                "File": measured(item)[1].recording.path,
                "Fold": item.fold,
                "Patient": item.row["Patient ID / Name"],
                "Label": item.label,
                "Left out": _TORN if item.left_out else "",
            }
        )


class Checksums:
    """The checksums of all files by path, as `sha256sum --check` reads them.

    Files are kept in an own file for each folder, in which they come by path: that of frames, and
    each of recordings. So they need not be in memory to be in order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}

    def add(self, item: ReleaseItem) -> None:
        """Keep the checksums of a recording's files; recordings come by ascending id."""
        for stored in measured(item)[1].all():
            top, _, _ = stored.path.partition("/")
            folder = top if top == FRAMES else stored.path.rpartition("/")[0]
            if folder not in self._files:
                path = self._folder / f"{CHECKSUMS}-{len(self._files)}"
                self._files[folder] = path.open("w+", encoding="utf-8")
            self._files[folder].write(_line(stored))

    def write(self, file: TextIO, top: Iterable[StoredFile]) -> None:
        """Write the checksums of the recordings' files and of those at the top."""
        for kept in self._files.values():
            kept.seek(0)
        lines = sorted(map(_line, top), key=_path_of)
        file.writelines(heapq.merge(lines, *self._files.values(), key=_path_of))
        for kept in self._files.values():
            kept.close()


def _line(file: StoredFile) -> str:
    return f"{file.sha256}  {file.path}\n"


def _path_of(line: str) -> str:
    return line.partition("  ")[2]


def write_changes(file: TextIO, diff: Difference) -> None:
    """Write what has changed since the release before."""
    writer = _writer(file, ("Change", "Recording", "Before", "After"))
    for kind, ids in (
        ("added", diff.added),
        ("withdrawn", diff.withdrawn),
        ("corrected", diff.corrected),
    ):
        writer.writerows({"Change": kind, "Recording": id_} for id_ in ids)
    writer.writerows(
        {
            "Change": "relabelled",
            "Recording": changed.id,
            "Before": changed.before,
            "After": changed.after,
        }
        for changed in diff.relabelled
    )


def readme(release: Release, summary: Summary, diff: Difference) -> str:
    """What people read first."""
    since = "the first release" if diff.since is None else f"since release {diff.since}"
    note = f"{release.note}\n\n" if release.note else ""
    return f"""\
# Lung ultrasound dataset, release {release.number}

{release.created_at:%Y-%m-%d}. {summary.recordings} recordings, {summary.frames} sampled \
frames, {summary.patients} patients known by number.

{note}{_counts(summary)}
{_left_out(summary)}
Changes, {since}: {len(diff.added)} added, {len(diff.withdrawn)} withdrawn, \
{len(diff.relabelled)} relabelled, {len(diff.corrected)} corrected; see `{CHANGES}`.

## What is here

| file | holds |
| --- | --- |
| `pocus_videos/`, `pocus_images/` | recordings by kind of probe, cropped to the square that was \
reviewed and encoded anew, without any metadata |
| `frames/<name>/` | up to 30 frames of each, sampled at 3 Hz |
| `{TABLE}` | a line for each recording: the columns of the public POCUS dataset \
(POCOVID-Net, appendix A), and ours behind them |
| `{FOLDS}` | five folds by patient, stratified by class; a recording keeps its fold in every \
later release |
| `{CHANGES}` | the difference to the release before |
| `{CROISSANT}` | the same for programs (MLCommons Croissant) |
| `{CHECKSUMS}` | `sha256sum --check --ignore-missing {CHECKSUMS}` |

Names are random and stay the same in every release; the number of a patient means nothing outside
of this dataset.

## Licences

Each recording has its own, in the columns `License`, `LinkToLicense` and `Attribution`: name whom
`Attribution` names, and say that recordings were cropped and encoded anew. In this release: \
{", ".join(f"{name} ({count})" for name, count in summary.licences.items())}.

## Withdrawn recordings

Whoever gave a recording may take it back. It is then left out of every later release, and its
pixels are deleted: an archive that is downloaded afterwards lacks its files and lists them in
`WITHDRAWN.csv`. Its line in the tables above and its checksums stay as they were, so that these
files never change. If `WITHDRAWN.csv` names a recording that you have, please delete it.

Research use only. This is not a diagnosis and not a medical device.
"""


def _left_out(summary: Summary) -> str:
    count = summary.left_out
    if not count:
        return ""
    return f"""
**Left out of training and testing: {count}.** Only after they were released in one fold it became
known that they are of a patient, or copies of a recording, in another one. Their folds stay, and
`{FOLDS}` marks them in the column `Left out`: a model that learns from one of them must not be
tested on that patient.
"""


def _counts(summary: Summary) -> str:
    """The paper's Table 1."""
    kinds = ("videos", "images", "frames")
    titles = [f"{probe} {kind}" for probe in Probe for kind in kinds]
    lines = [f"| class | {' | '.join(titles)} |", "| --- |" + " ---: |" * len(titles)]
    for class_ in summary.classes:
        counts = (class_.convex, class_.linear)
        numbers = [str(number) for one in counts for number in (one.videos, one.images, one.frames)]
        lines.append(f"| {_NAMES[class_.label]} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def _writer(file: TextIO, columns: Sequence[str]) -> "csv.DictWriter[str]":
    """A writer of lines with these columns, which has written their names."""
    # RFC 4180; with it, both halves of a line's end are quoted inside a cell too
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    return writer
