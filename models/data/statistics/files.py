"""Writes a survey to disk: JSON, CSV tables, and the figure."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from models import plotting
from models.data.statistics import plots
from models.data.statistics.survey import Spread, Survey, SurveyRow


def write(survey: Survey, folder: Path) -> list[Path]:
    """Write everything into a folder, and return the paths of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    summary = folder / "stats.json"
    summary.write_text(json.dumps(survey.to_dict(), indent=1, ensure_ascii=False))
    tables: dict[str, list[dict[str, Any]]] = {
        "by_class.csv": [flatten(line) for line in survey.by_class],
        "by_source.csv": [flatten(line) for line in survey.by_source],
        "recordings.csv": [recording.row for recording in survey.recordings],
    }
    paths = [summary]
    for name, rows in tables.items():
        _write_csv(folder / name, rows)
        paths.append(folder / name)
    with plotting.new_figure(plots.WIDTH_IN, plots.HEIGHT_IN) as figure:
        plots.draw(survey, figure)
        (folder / "stats.png").write_bytes(plotting.to_png(figure))
        figure.savefig(folder / "stats.pdf", metadata={"CreationDate": None})
    return [*paths, folder / "stats.png", folder / "stats.pdf"]


def flatten(line: SurveyRow) -> dict[str, Any]:
    """A survey row as one CSV row: each spread in four columns."""
    row: dict[str, Any] = dict(line.names)
    for name in ("recordings", "videos", "stills", "patients", "frames"):
        row[name] = getattr(line, name)
    for name in ("frames_per_video", "file_frames_per_video", "length_s", "frame_rate_hz"):
        row |= _columns(name, getattr(line, name))
    for name in ("width", "height"):
        row |= _columns(name, getattr(line, name))
    return row


def _columns(name: str, spread: Spread) -> Mapping[str, float | None]:
    values = {
        "mean": spread.mean,
        "sd": spread.sd,
        "min": spread.least,
        "max": spread.most,
    }
    return {f"{name}_{key}": None if v is None else round(v, 3) for key, v in values.items()}


def _write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    all_rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(all_rows[0]) if all_rows else [])
        table.writeheader()
        table.writerows(all_rows)
