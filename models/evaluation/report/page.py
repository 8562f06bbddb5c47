"""The report as one self-contained HTML page."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from models.contract import (
    CLASS_NAMES,
    CLASSES,
    DISCLAIMER,
    MAP_COLOURS,
    MAP_NAMES,
    SIGN_MAPS,
    SIGN_NAMES,
)
from models.evaluation.held_out import PRECISION
from models.evaluation.report import figures, paper
from models.evaluation.report.bootstrap import Interval
from models.evaluation.report.evaluation import Chapter, Evaluation
from models.evaluation.report.scores import ScoredRecording, ScoreSet, best, by_fold, worst
from models.evaluation.report.signs import Area
from models.media import overlay, sampling
from models.plotting import CLASS_COLOURS

WORST = 12
BEST_OF_CLASS = 2
SHOWN_MAPS = tuple(key for key in SIGN_MAPS if key not in ("tissue", "shadow"))
"""Maps over the frames of a recording: what a disease changes, not what is always there."""

_THUMBNAILS = 4
_SIDE = 128

_TITLES = {
    "patient": "Held out by patient",
    "recording": "Held out by recording",
    "source": "Held out by source",
    "external": "External recordings",
}
_EXPLAINED = {
    "patient": (
        "No patient is in both training and test set: an estimate without leakage between "
        "patients, for the sources of this dataset."
    ),
    "recording": (
        "No recording is in both training and test set, but recordings of one patient may be: "
        "the paper's protocol."
    ),
    "source": (
        "Whole sources are held out, the small ones together: an estimate for a hospital that is "
        "not in the training data."
    ),
    "external": (
        "The artifact was not trained on these recordings. The prediction is the mean over all "
        "its models."
    ),
}
_RATES = ("sensitivity", "specificity", "precision", "f1")


def render(found: Evaluation) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    chapters = [_chapter(name, chapter) for name, chapter in found.chapters.items()]
    environment.filters["percent"] = lambda value: f"{value:.0%}"
    return environment.get_template("report.html.j2").render(
        manifest=found.manifest,
        found=found,
        disclaimer=DISCLAIMER,
        citation=paper.CITATION,
        colours=CLASS_COLOURS,
        precision=PRECISION,
        names=CLASS_NAMES,
        trained_recordings=len(found.manifest.data["recordings"]),
        summary=_summary(found.chapters),
        overview=Markup(figures.overview(found.chapters)),  # noqa: S704 - drawn here
        chapters=chapters,
        calibrated=[chapter for chapter in chapters if chapter["calibration"]],
        worst=[_case(each, found, each.scores[:, each.truth]) for each in _worst(found)],
        best=[_case(each, found, -each.scores[:, each.truth]) for each in _best(found)],
        legend=[(MAP_NAMES[key], MAP_COLOURS[key]) for key in SHOWN_MAPS],
        findings=_findings(found),
        refusals=found.signs.refusals if found.signs else (),
        kinds=_refused(found, "others"),
        lung_sources=_refused(found, "lungs_by_source"),
        answer=found.manifest.answer,
        settings=_flat(found.manifest.training),
    )


def with_interval(value: float | None, interval: Interval | None) -> str:
    """A metric and its interval, such as `0.835 (0.78–0.89)`."""
    if value is None:
        return "–"
    if interval is None:
        return f"{value:.3f}"
    low, high = interval
    return Markup('{:.3f} <span class="interval">({:.2f}–{:.2f})</span>').format(value, low, high)


def _summary(chapters: Mapping[str, Chapter]) -> list[list[str]]:
    rows = {
        "Frames: accuracy": "frame_accuracy",
        "Frames: balanced accuracy": "frame_balanced_accuracy",
        "Videos: accuracy, mean probability": "video_accuracy",
        "Videos: accuracy, majority of frames": "video_accuracy_majority",
        "COVID-19, frames: sensitivity": "frame_classes.covid19.sensitivity",
        "COVID-19, frames: specificity": "frame_classes.covid19.specificity",
        "COVID-19, videos: sensitivity": "video_classes.covid19.sensitivity",
        "COVID-19, videos: specificity": "video_classes.covid19.specificity",
    }
    paper_figures = {
        "frame_accuracy": paper.OVERALL["frame_accuracy"],
        "frame_balanced_accuracy": paper.OVERALL["frame_balanced_accuracy"],
        "video_accuracy_majority": paper.OVERALL["video_accuracy_majority"],
        "frame_classes.covid19.sensitivity": paper.CLASSES["covid19"]["sensitivity"],
        "frame_classes.covid19.specificity": paper.CLASSES["covid19"]["specificity"],
    }
    return [
        [
            title,
            *(
                with_interval(figures.value(chapter, path), chapter.intervals.get(path))
                for chapter in chapters.values()
            ),
            f"{paper_figures[path]:.2f}" if path in paper_figures else "–",
        ]
        for title, path in rows.items()
    ]


def _chapter(name: str, chapter: Chapter) -> dict[str, Any]:
    score_set = chapter.score_set
    return {
        "name": name,
        "title": _TITLES[name],
        "explained": _EXPLAINED[name],
        "answered_here": chapter.answered_here,
        "unequal": chapter.unequal,
        "recordings": len(score_set.recordings),
        "frames": len(score_set.scores),
        "people": len({recording.patient_id for recording in score_set.recordings}),
        "table2": [_class_row(chapter, key) for key in CLASSES],
        "overall": {
            key: with_interval(chapter.metrics[key], chapter.intervals.get(key))
            for key in ("frame_accuracy", "frame_balanced_accuracy")
        },
        "paper": paper.OVERALL,
        "roc": Markup(figures.roc(name, chapter.rocs)) if chapter.rocs else "",  # noqa: S704
        "areas": [
            {
                "name": CLASS_NAMES[roc.key],
                "folds": f"{roc.auc_mean:.3f} ± {roc.auc_sd:.3f}" if roc.folds > 1 else "–",
                "count": roc.folds,
                "pooled": with_interval(roc.auc, chapter.intervals.get(f"auc.{roc.key}")),
                "threshold": f"{roc.threshold:.3f}",
                "accuracy": f"{roc.accuracy:.3f}",
            }
            for roc in chapter.rocs
        ],
        "confusion": Markup(figures.confusion(name, chapter)),  # noqa: S704
        "videos": _videos(chapter),
        "calibration": chapter.calibration,
        "reliability": _reliability(name, chapter),
        "folds": [_fold_row(fold, part) for fold, part in by_fold(score_set)],
    }


def _reliability(name: str, chapter: Chapter) -> str:
    if chapter.calibration is None:
        return ""
    return Markup(figures.reliability(name, chapter.calibration))  # noqa: S704


def _class_row(chapter: Chapter, key: str) -> dict[str, Any]:
    measured = chapter.metrics["frame_classes"][key]
    return {
        "key": key,
        "name": CLASS_NAMES[key],
        "rates": [
            with_interval(measured[rate], chapter.intervals.get(f"frame_classes.{key}.{rate}"))
            for rate in _RATES
        ],
        "frames": measured["count"],
        "videos": sum(video.label == key for video in chapter.score_set.videos),
        "paper_rates": [f"{paper.CLASSES[key][rate]:.2f}" for rate in _RATES],
        "paper_frames": int(paper.CLASSES[key]["count"]),
    }


def _videos(chapter: Chapter) -> dict[str, Any] | None:
    if not chapter.score_set.videos:
        return None
    return {
        "count": len(chapter.score_set.videos),
        "mean": with_interval(
            chapter.metrics["video_accuracy"], chapter.intervals.get("video_accuracy")
        ),
        "majority": with_interval(
            chapter.metrics["video_accuracy_majority"],
            chapter.intervals.get("video_accuracy_majority"),
        ),
        "classes": [
            {
                "key": key,
                "name": CLASS_NAMES[key],
                "count": chapter.metrics["video_classes"][key]["count"],
                "rates": [
                    with_interval(
                        chapter.metrics["video_classes"][key][rate],
                        chapter.intervals.get(f"video_classes.{key}.{rate}"),
                    )
                    for rate in _RATES
                ],
            }
            for key in CLASSES
        ],
    }


def _fold_row(fold: int, part: ScoreSet) -> dict[str, Any]:
    """One model's test recordings and metrics; a dash for classes that are not present."""
    found = part.metrics()
    sources = sorted(
        {recording.source or "unknown" for recording in part.recordings}, key=_by_number
    )
    present = {recording.label for recording in part.recordings}
    return {
        "name": "all models" if fold < 0 else str(fold + 1),
        "sources": ", ".join(sources),
        "recordings": len(part.recordings),
        "counts": [sum(recording.label == key for recording in part.recordings) for key in CLASSES],
        "frames": found["frames"],
        "frame_accuracy": f"{found['frame_accuracy']:.3f}",
        "balanced": f"{found['frame_balanced_accuracy']:.3f}" if len(present) > 1 else "–",
        "video_accuracy": "–"
        if found["video_accuracy"] is None
        else f"{found['video_accuracy']:.3f}",
        "sensitivity": [
            f"{found['frame_classes'][key]['sensitivity']:.2f}" if key in present else "–"
            for key in CLASSES
        ],
    }


def _by_number(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (10**9, name)


def _findings(found: Evaluation) -> list[dict[str, Any]]:
    """Signs against doctors' findings."""
    return [
        {
            "name": row.finding,
            "recordings": row.recordings,
            "present": row.present,
            "sign": row.sign_name,
            "by_sign": _area(row.sign),
            "map": row.map_name or "–",
            "by_map": _area(row.map),
        }
        for row in (found.signs.findings if found.signs else ())
    ]


def _area(area: Area | None) -> str:
    return "–" if area is None else with_interval(area.value, area.interval)


def _refused(found: Evaluation, part: str) -> list[tuple[str, int, int]]:
    """A row of the manifest's counts: name, how many there are, how many of them were refused."""
    rows = found.manifest.answer.get("refused", {}).get(part, {})
    return [
        (name.removeprefix("kind ").replace("_", " "), row["recordings"], row["refused"])
        for name, row in rows.items()
    ]


def _scored_now(found: Evaluation) -> list[ScoredRecording]:
    """Recordings whose frames are at hand."""
    return [
        recording
        for name in (found.manifest.group, "external")
        if (chapter := found.chapters.get(name)) and chapter.answered_here
        for recording in chapter.score_set.recordings
    ]


def _worst(found: Evaluation) -> list[ScoredRecording]:
    return worst(_scored_now(found), WORST)


def _best(found: Evaluation) -> list[ScoredRecording]:
    """None where all recordings are among the worst."""
    shown = {recording.sha256 for recording in _worst(found)}
    rest = [recording for recording in _scored_now(found) if recording.sha256 not in shown]
    return best(rest, BEST_OF_CLASS)


def _case(
    each: ScoredRecording, found: Evaluation, order: npt.NDArray[np.floating]
) -> dict[str, Any]:
    """A recording with the frames that come first in this order (frames,), and maps over them."""
    frames = found.frames.frames(each.sha256)
    places = sorted(order.argsort(kind="stable")[:_THUMBNAILS].tolist())
    signs = found.signs.by_recording[each.sha256] if found.signs else None
    return {
        "key": each.key,
        "truth": CLASS_NAMES[each.label],
        "truth_key": each.label,
        "predicted": CLASS_NAMES[each.predicted],
        "predicted_key": each.predicted,
        "right": each.predicted == each.label,
        "source": each.source,
        "patient": each.patient,
        "frames": len(each.scores),
        "scores": [(key, CLASS_NAMES[key], float(each.mean[n])) for n, key in enumerate(CLASSES)],
        "signs": _seen_signs(found, each.sha256),
        "pictures": [
            {
                "data": _jpeg(frames[place]),
                "number": place + 1,
                "score": f"{each.scores[place, each.truth]:.2f}",
                "maps": ""
                if signs is None
                else _jpeg(
                    overlay.all_drawn_over(
                        frames[place], overlay.to_grey(signs.maps[place], None), SHOWN_MAPS
                    )
                ),
            }
            for place in places
        ],
    }


def _seen_signs(found: Evaluation, sha256: str) -> list[tuple[str, float]]:
    """The mean of each sign over a recording's frames."""
    if found.signs is None:
        return []
    means = found.signs.by_recording[sha256].whole.mean(axis=0)
    return [(name, float(means[found.signs.names.index(key)])) for key, name in SIGN_NAMES.items()]


def _jpeg(picture: npt.NDArray[np.uint8]) -> str:
    return base64.b64encode(sampling.encode_jpeg(picture, _SIDE)).decode()


def _flat(values: Mapping[str, Any], name: str = "") -> list[tuple[str, str]]:
    """A manifest's settings as rows, without the learning curves."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        path = f"{name}.{key}".lstrip(".")
        if key == "curves":
            continue
        if isinstance(value, Mapping):
            rows += _flat(value, path)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append((path, ", ".join(map(str, value))))
        else:
            rows.append((path, str(value)))
    return rows
