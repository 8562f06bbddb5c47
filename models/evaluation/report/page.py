"""The report as one self-contained HTML page."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from models.contract import CLASS_NAMES, CLASSES, DISCLAIMER
from models.evaluation.held_out import PRECISION
from models.evaluation.report import figures, paper
from models.evaluation.report.bootstrap import Interval
from models.evaluation.report.evaluation import Chapter, Evaluation
from models.evaluation.report.scores import ScoredRecording, ScoreSet, by_fold, worst
from models.media import sampling
from models.plotting import CLASS_COLOURS

WORST = 12
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
        chapters=[_chapter(name, chapter) for name, chapter in found.chapters.items()],
        worst=_worst(found),
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
        "people": len({each.patient_id for each in score_set.recordings}),
        "table2": [_class_row(chapter, key) for key in CLASSES],
        "overall": {
            key: with_interval(chapter.metrics[key], chapter.intervals.get(key))
            for key in ("frame_accuracy", "frame_balanced_accuracy")
        },
        "paper": paper.OVERALL,
        "roc": Markup(figures.roc(name, chapter.rocs)) if chapter.rocs else "",  # noqa: S704
        "areas": [
            {
                "name": CLASS_NAMES[each.key],
                "folds": f"{each.auc_mean:.3f} ± {each.auc_sd:.3f}" if each.folds > 1 else "–",
                "count": each.folds,
                "pooled": with_interval(each.auc, chapter.intervals.get(f"auc.{each.key}")),
                "threshold": f"{each.threshold:.3f}",
                "accuracy": f"{each.accuracy:.3f}",
            }
            for each in chapter.rocs
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
        "videos": sum(each.label == key for each in chapter.score_set.videos),
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
    sources = sorted({each.source or "unknown" for each in part.recordings}, key=_by_number)
    present = {each.label for each in part.recordings}
    return {
        "name": "all models" if fold < 0 else str(fold + 1),
        "sources": ", ".join(sources),
        "recordings": len(part.recordings),
        "counts": [sum(each.label == key for each in part.recordings) for key in CLASSES],
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


def _worst(found: Evaluation) -> list[dict[str, Any]]:
    """The recordings with the lowest probability of the true class, with their worst frames."""
    scored_now = [
        each
        for name in (found.manifest.group, "external")
        if (chapter := found.chapters.get(name)) and chapter.answered_here
        for each in chapter.score_set.recordings
    ]
    return [_case(each, found) for each in worst(scored_now, WORST)]


def _case(each: ScoredRecording, found: Evaluation) -> dict[str, Any]:
    frames = found.frames.frames(each.sha256)
    places = sorted(each.scores[:, each.truth].argsort()[:_THUMBNAILS])
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
        "pictures": [
            {
                "data": base64.b64encode(sampling.encode_jpeg(frames[place], _SIDE)).decode(),
                "number": place + 1,
                "score": f"{each.scores[place, each.truth]:.2f}",
            }
            for place in places
        ],
    }


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
