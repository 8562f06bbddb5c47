"""A folder in the layout of the public dataset, with a few recordings made on the spot."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.data.index import METADATA
from tests.models.media.odd_files import drawn_clip, packed

LABELS = {
    "covid19": "COVID-19",
    "pneumonia": "Bacterial pneumonia",
    "healthy": "regular",
    "viral": "Viral pneumonia",
}
COLUMNS = (
    "Date added",
    "Filename",
    "Label",
    "License",
    "Type",
    "Probe",
    "Source ID",
    "Patient ID / Name",
)


@dataclass(frozen=True)
class Row:
    """One recording: the file's name, its row's name, its class, probe and patient."""

    file: str
    label: str
    patient: str = ""
    row: str = ""
    probe: str = "convex"

    @property
    def kind(self) -> str:
        return "video" if self.file.lower().endswith((".mp4", ".avi", ".gif")) else "image"


TWO_OF_EACH = tuple(
    Row(f"{label}_{n}.{ending}", label, f"{label} {n}")
    for label in ("covid19", "pneumonia", "healthy")
    for n, ending in enumerate(("png", "mp4"))
)
"""As little as can be trained on in two folds: a picture and a video of two frames of each."""


def make(folder: Path, rows: Sequence[Row] = TWO_OF_EACH) -> Path:
    """Write the files and their table, and return the folder."""
    for number, row in enumerate(rows):
        home = folder / f"pocus_{row.kind}s" / row.probe
        home.mkdir(parents=True, exist_ok=True)
        (home / row.file).write_bytes(_content(row, number))
    write_table(folder, rows)
    return folder


def write_table(folder: Path, rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> None:
    """Write the rows of recordings, whether or not their files are there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / METADATA).open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore")
        table.writeheader()
        for row in rows:
            table.writerow(
                {
                    "Filename": row.row or Path(row.file).stem,
                    "Label": LABELS.get(row.label, row.label),
                    "License": "CC BY 4.0",
                    "Type": row.kind,
                    "Probe": row.probe,
                    "Source ID": "7",
                    "Patient ID / Name": row.patient,
                }
            )


def _content(row: Row, number: int) -> bytes:
    if row.kind == "video":
        return drawn_clip(number, frames=2, rate=2, width=64 + 2 * number, height=64)
    grey = np.random.default_rng(number).integers(30, 220, (64, 64), dtype=np.uint8)
    return packed(
        Image.fromarray(grey), Image.registered_extensions()[Path(row.file).suffix.lower()]
    )
