"""The report's figures: ROC curves, confusion matrices, reliability, and all protocols compared."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from models.contract import CLASS_NAMES, CLASSES
from models.evaluation.report.calibration import Calibration, Reliability
from models.evaluation.report.curves import Roc
from models.evaluation.report.evaluation import Chapter
from models.plotting import CLASS_COLOURS, INK, MUTED, new_figure, to_svg

_LABELS = [CLASS_NAMES[key] for key in CLASSES]
_PROTOCOL_COLOURS = {
    "recording": "#8fb8de",
    "patient": "#22507d",
    "source": "#c2410c",
    "external": "#111827",
}
_PROTOCOL_MARKERS = {"recording": "o", "patient": "s", "source": "D", "external": "^"}

Draw = Callable[[Figure], None]


def roc(name: str, rocs: Sequence[Roc]) -> str:
    """Figure 2: a panel for each class; the band is one standard deviation over the folds."""

    def draw(canvas: Figure) -> None:
        panels = canvas.subplots(1, len(rocs), squeeze=False)[0]
        for axes, each in zip(panels, rocs, strict=True):
            _roc_panel(axes, each)
        panels[0].set_ylabel("true positive rate")

    description = "; ".join(f"{CLASS_NAMES[curve.key]}: AUC {curve.auc_mean:.2f}" for curve in rocs)
    return _render(f"{name}-roc", f"ROC curves. {description}.", (3.5 * len(rocs), 3.6), draw)


def confusion(name: str, chapter: Chapter) -> str:
    """Figure 3: confusion matrices of frames: counts, normalised by true and by predicted class."""
    score_set = chapter.score_set
    counts = confusion_matrix(
        score_set.labels, score_set.scores.argmax(axis=1), labels=range(len(CLASSES))
    )

    def draw(canvas: Figure) -> None:
        left, middle, right = canvas.subplots(1, 3)
        rows = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        columns = counts / np.maximum(1, counts.sum(axis=0, keepdims=True))
        _matrix(left, counts, "a  Frames", "{:d}", counts.max())
        _matrix(middle, rows, "b  Share of true class (sensitivity)", "{:.2f}", 1)
        _matrix(right, columns, "c  Share of predicted class (precision)", "{:.2f}", 1)
        left.set_ylabel("true class")

    shown = "; ".join(
        f"{_LABELS[n]}: {', '.join(map(str, row))}" for n, row in enumerate(counts.tolist())
    )
    return _render(
        f"{name}-confusion", f"Confusion matrices. Frames of {shown}.", (11.4, 3.5), draw
    )


def reliability(name: str, reliability_: Calibration) -> str:
    """Reliability diagram: accuracy by confidence, uncalibrated and at the fitted temperatures."""
    kinds = [("a  Frames", reliability_.frames, reliability_.frames_scaled)]
    if reliability_.videos and reliability_.videos_scaled:
        kinds.append(("b  Videos", reliability_.videos, reliability_.videos_scaled))

    def draw(canvas: Figure) -> None:
        panels = canvas.subplots(1, len(kinds), squeeze=False)[0]
        for axes, (title, before, after) in zip(panels, kinds, strict=True):
            axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
            _bins(axes, before, "#9ca3af", "uncalibrated")
            _bins(axes, after, "#22507d", "at fitted temperature")
            axes.set(title=title, xlabel="confidence", xlim=(0.28, 1.03), ylim=(-0.03, 1.05))
            axes.legend(loc="upper left")
        panels[0].set_ylabel("accuracy")

    description = (
        f"ECE of frames {reliability_.frames.ece:.3f}, scaled {reliability_.frames_scaled.ece:.3f}."
    )
    return _render(
        f"{name}-reliability", f"Reliability. {description}", (4.6 * len(kinds), 3.9), draw
    )


def overview(chapters: Mapping[str, Chapter]) -> str:
    """The main metrics of each protocol, with their intervals."""
    rows = {
        "frame_accuracy": "Frames: accuracy",
        "frame_balanced_accuracy": "Frames: balanced accuracy",
        "video_accuracy": "Videos: accuracy",
        "frame_classes.covid19.sensitivity": "COVID-19 frames: sensitivity",
        "frame_classes.covid19.specificity": "COVID-19 frames: specificity",
        "video_classes.covid19.sensitivity": "COVID-19 videos: sensitivity",
        "video_classes.covid19.specificity": "COVID-19 videos: specificity",
    }

    def draw(canvas: Figure) -> None:
        axes = canvas.subplots()
        step = 0.72 / len(chapters)
        for n, (name, chapter) in enumerate(chapters.items()):
            points = [
                (place + (n - (len(chapters) - 1) / 2) * step, value(chapter, key), key)
                for place, key in enumerate(rows)
            ]
            colour = _PROTOCOL_COLOURS[name]
            for place, middle, key in points:
                if middle is None or key not in chapter.intervals:
                    continue
                axes.plot(chapter.intervals[key], [place, place], color=colour, linewidth=2)
            points_ = [(middle, place) for place, middle, _ in points if middle is not None]
            xs, ys = zip(*points_, strict=True)
            label = "external data" if name == "external" else f"held out by {name}"
            axes.plot(xs, ys, _PROTOCOL_MARKERS[name], color=colour, markersize=6, label=label)
        axes.set_yticks(range(len(rows)), list(rows.values()))
        axes.invert_yaxis()
        axes.set_xlim(min(0.4, axes.get_xlim()[0]), 1.0)
        axes.grid(axis="x", color="#e5e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(chapters))

    return _render("overview", "The main metrics by protocol.", (9.0, 4.6), draw)


def value(chapter: Chapter, path: str) -> float | None:
    """A metric by its path, such as `frame_classes.covid19.sensitivity`, or None."""
    reliability_: Any = chapter.metrics
    for key in path.split("."):
        reliability_ = reliability_.get(key) if reliability_ else None
    return None if reliability_ is None else float(reliability_)


def _render(name: str, alt: str, size: tuple[float, float], draw: Draw) -> str:
    with new_figure(*size) as canvas:
        draw(canvas)
        return to_svg(canvas, name, alt)


def _roc_panel(axes: Axes, each: Roc) -> None:
    colour = CLASS_COLOURS[each.key]
    low, high = np.clip(each.mean - each.sd, 0, 1), np.clip(each.mean + each.sd, 0, 1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
    axes.fill_between(each.false_positives, low, high, color=colour, alpha=0.18, linewidth=0)
    folds = f"mean of {each.folds} folds" if each.folds > 1 else "all frames pooled"
    axes.plot(each.false_positives, each.mean, color=colour, linewidth=2, label=folds)
    axes.plot(
        *each.best,
        "o",
        color="white",
        markeredgecolor=INK,
        markersize=7,
        markeredgewidth=1.4,
        label=f"highest accuracy, {each.accuracy:.2f}",
    )
    spread = f" ± {each.auc_sd:.2f}" if each.folds > 1 else ""
    axes.set(
        title=f"{CLASS_NAMES[each.key]}   AUC {each.auc_mean:.2f}{spread}",
        xlabel="false positive rate",
        xlim=(-0.02, 1.0),
        ylim=(0, 1.02),
    )
    axes.legend(loc="lower right")


def _matrix(axes: Axes, values: np.ndarray, title: str, form: str, top: float) -> None:
    axes.imshow(values, cmap="Blues", vmin=0, vmax=top)
    for (row, column), each in np.ndenumerate(values):
        colour = "white" if each > 0.55 * top else INK
        axes.text(column, row, form.format(each), ha="center", va="center", color=colour, size=11)
    axes.set_xticks(range(len(CLASSES)), _LABELS)
    axes.set_yticks(range(len(CLASSES)), _LABELS)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(title=title, xlabel="predicted class")


def _bins(axes: Axes, reliability_: Reliability, colour: str, label: str) -> None:
    """A dot for each bin, its area growing with the count."""
    most = max(bin_.count for bin_ in reliability_.bins)
    x = [bin_.confidence for bin_ in reliability_.bins]
    y = [bin_.accuracy for bin_ in reliability_.bins]
    axes.plot(x, y, color=colour, linewidth=1.2, label=f"{label}, ECE {reliability_.ece:.3f}")
    axes.scatter(x, y, s=[14 + 90 * bin_.count / most for bin_ in reliability_.bins], color=colour)
