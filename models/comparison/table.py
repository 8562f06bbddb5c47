"""Table 2 for all networks: as rows, as text, and as files."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from models.comparison.candidates import CANDIDATES
from models.comparison.run import Comparison, Outcome
from models.contract import CLASS_NAMES, CLASSES
from models.evaluation import metrics
from models.evaluation.report import paper

HTML, CSV, JSON = "comparison.html", "comparison.csv", "comparison.json"

PAPER_SOURCE = (
    f"{paper.CITATION}; its videos by majority vote. It used other recordings, many of them not "
    "available, so the figures can be compared but not reproduced. No published figures of the "
    "other networks on lung ultrasound are cited."
)

OVERALL = {
    "frame_accuracy": "Frames",
    "frame_balanced_accuracy": "balanced",
    "video_accuracy": "Videos",
}
MEASURES = ("sensitivity", "specificity", "precision", "f1")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: a network in one cross-validation, or the paper's.

    `values` has the overall metrics by name, and those of each class by `class measure`.
    """

    network: str
    title: str
    group: str
    parameters: int | None
    start: str
    epochs: int | None
    values: Mapping[str, float | None]

    def formatted(self, name: str) -> str:
        """A metric with three digits (the paper's with two), or a dash."""
        value = self.values.get(name)
        if value is None:
            return "–"
        return f"{value:.3f}" if self.parameters is not None else f"{value:.2f}"


def rows(found: Comparison) -> list[Row]:
    """All networks in all cross-validations, and the paper's results by recording."""
    lines: list[Row] = []
    for group in found.shared.budget.groups:
        lines += [_row(found, outcome) for outcome in found.outcomes if outcome.group == group]
        if group == "recording":
            lines.append(_paper())
    return lines


def as_text(lines: list[Row]) -> str:
    """The tables for a terminal: overall metrics, and sensitivity and specificity by class."""
    names = [*OVERALL, *(f"{key} {measure}" for key in CLASSES for measure in MEASURES[:2])]
    heads = [*OVERALL.values(), *("sens", "spec") * len(CLASSES)]
    wide = max(len(line.title) for line in lines)
    blocks = []
    for group in dict.fromkeys(line.group for line in lines):
        over = " " * (wide + 3 * 9) + "".join(f"{CLASS_NAMES[key]:>18}" for key in CLASSES)
        head = (
            f"{f'by {group}':<{wide}}" + "".join(f"{head:>9}" for head in heads) + "   starts from"
        )
        body = [
            f"{line.title:<{wide}}"
            + "".join(f"{line.formatted(name):>9}" for name in names)
            + f"   {line.start}"
            for line in lines
            if line.group == group
        ]
        blocks.append("\n".join([over, head, *body]))
    return "\n\n".join(blocks)


def write(found: Comparison, out: Path) -> list[Row]:
    """Write the tables as one HTML page, CSV and JSON, and return their rows."""
    lines = rows(found)
    out.mkdir(parents=True, exist_ok=True)
    (out / CSV).write_text(_csv(lines))
    budget = asdict(found.shared.budget)
    about = {"budget": budget, "trunk": found.shared.trunk_name, "paper": PAPER_SOURCE}
    values = {**about, "rows": [asdict(line) for line in lines]}
    (out / JSON).write_text(json.dumps(values, indent=1, ensure_ascii=False))
    pages = Environment(
        loader=PackageLoader("models.comparison", ""),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = pages.get_template("table.html.j2").render(
        rows=lines,
        groups=list(dict.fromkeys(line.group for line in lines)),
        budget=found.shared.budget,
        recordings=len(found.entries),
        frames=len(found.shared.frame_set.labels),
        overall=OVERALL,
        measures=MEASURES,
        classes=CLASS_NAMES,
        paper=PAPER_SOURCE,
    )
    (out / HTML).write_text(page)
    return lines


def _paper() -> Row:
    values: dict[str, float | None] = {
        f"{key} {measure}": paper.CLASSES[key][measure] for key in CLASSES for measure in MEASURES
    }
    values |= {name: paper.OVERALL[name] for name in ("frame_accuracy", "frame_balanced_accuracy")}
    values["video_accuracy"] = paper.OVERALL["video_accuracy_majority"]
    return Row("paper", "POCOVID-Net, paper", "recording", None, "ImageNet, 224 px", None, values)


def _row(found: Comparison, outcome: Outcome) -> Row:
    frame_set, entries = found.shared.frame_set, found.entries
    is_video = [entry.kind == "video" for entry in entries]
    by_frame = metrics.compute_metrics(
        metrics.HeldOutScores(outcome.frames, frame_set.labels, frame_set.recordings, is_video)
    )
    # A recording's own scores, as if it were a video of one frame.
    labels = np.array([CLASSES.index(entry.label) for entry in entries])
    numbers = np.arange(len(entries))
    by_recording = metrics.compute_metrics(
        metrics.HeldOutScores(outcome.recordings, labels, numbers, is_video)
    )
    candidate = CANDIDATES[outcome.network]
    values: dict[str, float | None] = {
        "frame_accuracy": by_frame["frame_accuracy"],
        "frame_balanced_accuracy": by_frame["frame_balanced_accuracy"],
        "video_accuracy": by_recording["video_accuracy"],
    }
    for key in CLASSES:
        class_metrics = by_frame["frame_classes"][key]
        values |= {f"{key} {name}": class_metrics[name] for name in MEASURES[:3]}
        values[f"{key} f1"] = _f1(class_metrics["sensitivity"], class_metrics["precision"])
    return Row(
        outcome.network,
        candidate.title,
        outcome.group,
        found.parameters[outcome.network],
        candidate.start(found.shared),
        candidate.epochs(found.shared.budget),
        values,
    )


def _f1(sensitivity: float, precision: float) -> float:
    total = sensitivity + precision
    return round(2 * sensitivity * precision / total, 4) if total else 0.0


def _csv(lines: list[Row]) -> str:
    names = [*OVERALL, *(f"{key} {measure}" for key in CLASSES for measure in MEASURES)]
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["network", "title", "group", "parameters", "start", "epochs", *names])
    for line in lines:
        about: list[Any] = [line.network, line.title, line.group, line.parameters, line.start]
        table.writerow([*about, line.epochs, *(line.values.get(name) for name in names)])
    return file.getvalue()
