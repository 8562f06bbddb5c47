"""The files at the top of a release, as text: table, folds, changes, checksums, README.

All of them follow from the release's rows alone, so that a release made twice is the same.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.tables import Release, ReleaseItem
from backend.tables.releases import Difference, Facts, ItemFiles, StoredFile, Summary
from backend.tables.vocabulary import Label, Probe

TABLE = "dataset_metadata.csv"
FOLDS = "folds.csv"
CHANGES = "changes.csv"
README = "README.md"
CROISSANT = "croissant.json"
CHECKSUMS = "SHA256SUMS"

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


def table(items: Iterable[ReleaseItem]) -> str:
    """One line for each recording, in the form of the paper's appendix A, and our columns."""
    lines = []
    for each in items:
        facts, stored = measured(each)
        lines.append(
            each.row
            | {
                "Framerate": facts.rate,
                "Resolution": f"{facts.width}x{facts.height}",
                "Length (frames)": facts.frames,
                "Fold": each.fold,
                "Sampled frames": len(stored.frames),
                "File": stored.recording.path,
                "SHA-256": stored.recording.sha256,
            }
        )
    return _csv(COLUMNS, lines)


def fold_table(items: Iterable[ReleaseItem]) -> str:
    """Which fold tests each recording, and which ones are neither learnt from nor tested on."""
    lines = [
        {
            "File": measured(each)[1].recording.path,
            "Fold": each.fold,
            "Patient": each.row["Patient ID / Name"],
            "Label": each.label,
            "Left out": _TORN if each.left_out else "",
        }
        for each in items
    ]
    return _csv(("File", "Fold", "Patient", "Label", "Left out"), lines)


def changes(diff: Difference) -> str:
    """What has changed since the release before."""
    lines: list[Mapping[str, Any]] = [
        {"Change": kind, "Recording": each}
        for kind, ids in (
            ("added", diff.added),
            ("withdrawn", diff.withdrawn),
            ("corrected", diff.corrected),
        )
        for each in ids
    ]
    lines += [
        {
            "Change": "relabelled",
            "Recording": each.id,
            "Before": each.before,
            "After": each.after,
        }
        for each in diff.relabelled
    ]
    return _csv(("Change", "Recording", "Before", "After"), lines)


def checksums(files: Iterable[StoredFile]) -> str:
    """As `sha256sum --check` reads them."""
    return "".join(
        f"{each.sha256}  {each.path}\n" for each in sorted(files, key=lambda each: each.path)
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
    for each in summary.classes:
        counts = (each.convex, each.linear)
        numbers = [str(number) for one in counts for number in (one.videos, one.images, one.frames)]
        lines.append(f"| {_NAMES[each.label]} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def _csv(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    # RFC 4180; with it, both halves of a line's end are quoted inside a cell too
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
