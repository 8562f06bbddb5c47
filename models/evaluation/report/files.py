"""Writes the report: the page, and its numbers as JSON and CSV."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.contract import CLASSES
from models.evaluation.held_out import PRECISION
from models.evaluation.report import page, paper
from models.evaluation.report.evaluation import Chapter, Evaluation
from models.evaluation.report.scores import ScoreSet

PAGE = "report.html"
NUMBERS = "report.json"

_RATES = ("sensitivity", "specificity", "precision", "f1")


def write(found: Evaluation, folder: Path) -> list[Path]:
    """Write the page, its numbers, Table 2 and the predictions of all recordings.

    Returns:
        The paths of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        PAGE: page.render(found),
        NUMBERS: json.dumps(numbers(found), indent=1, ensure_ascii=False),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    tables = {
        "table2.csv": [
            row for name, chapter in found.chapters.items() for row in table2(name, chapter)
        ],
        "recordings.csv": [
            row
            for name, chapter in found.chapters.items()
            for row in answers(name, chapter.score_set)
        ],
    }
    for name, rows in tables.items():
        _write_csv(folder / name, rows)
    return [folder / name for name in (*texts, *tables)]


def numbers(found: Evaluation) -> dict[str, Any]:
    """Everything in the page, as plain JSON values."""
    return {
        "artifact": found.manifest.version,
        "group": found.manifest.group,
        "precision": PRECISION,
        "fold": found.fold,
        "known_recordings": found.known,
        "resamples": found.resamples,
        "unread": dict(found.unread),
        "paper": {"citation": paper.CITATION, **paper.OVERALL, "frame_classes": paper.CLASSES},
        "chapters": {name: _chapter(chapter) for name, chapter in found.chapters.items()},
        "findings": [asdict(row) for row in found.signs.findings] if found.signs else [],
        "refusals": {
            "here": [asdict(row) for row in found.signs.refusals] if found.signs else [],
            "held_out": found.manifest.answer.get("refused", {}),
        },
        "shipped_calibration": {
            name: found.manifest.answer.get(name) for name in ("temperature", "reliability")
        },
    }


def table2(name: str, chapter: Chapter) -> list[dict[str, Any]]:
    """A row for each class, with intervals and the paper's figures."""
    rows = []
    for key in CLASSES:
        measured = chapter.metrics["frame_classes"][key]
        row: dict[str, Any] = {"held_out_by": name, "class": key}
        for rate in _RATES:
            low, high = chapter.intervals[f"frame_classes.{key}.{rate}"]
            row |= {
                rate: measured[rate],
                f"{rate}_low": round(low, 4),
                f"{rate}_high": round(high, 4),
            }
        row["frames"] = measured["count"]
        row["videos"] = sum(video.label == key for video in chapter.score_set.videos)
        row |= {f"paper_{rate}": paper.CLASSES[key][rate] for rate in _RATES}
        rows.append(row)
    return rows


def answers(name: str, score_set: ScoreSet) -> list[dict[str, Any]]:
    """A row for each recording: its identity, the fold that scored it, and the prediction."""
    return [
        {
            "held_out_by": name,
            "recording": recording.key,
            "sha256": recording.sha256,
            "kind": recording.kind,
            "patient": recording.patient,
            "source": recording.source,
            "fold": "" if recording.fold is None else recording.fold,
            "frames": len(recording.scores),
            "class": recording.label,
            "answer": recording.predicted,
            **{key: round(float(recording.mean[n]), 6) for n, key in enumerate(CLASSES)},
        }
        for recording in score_set.recordings
    ]


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {
        "answered_here": chapter.answered_here,
        "equals_manifest": None if chapter.unequal is None else not chapter.unequal,
        "unequal": chapter.unequal,
        "figures": chapter.metrics,
        "intervals": {
            name: [round(v, 4) for v in ends] for name, ends in chapter.intervals.items()
        },
        "roc": {roc.key: _plain(asdict(roc)) for roc in chapter.rocs},
        "calibration": asdict(chapter.calibration) if chapter.calibration else None,
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [round(float(number), 4) for number in value]
        if isinstance(value, np.ndarray)
        else value
        for name, value in values.items()
    }


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
