"""The report's figures: ROC curves, confusion matrices, reliability, and all ways side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from models.contract import CLASS_NAMES, CLASSES
from models.drawing import COLOURS, INK, MUTED, figure, svg
from models.evaluation.report.curves import Roc
from models.evaluation.report.evaluation import Chapter
from models.evaluation.report.trust import Reliability, Trust

_LABELS = [CLASS_NAMES[key] for key in CLASSES]
_WAYS = {"recording": "#8fb8de", "patient": "#22507d", "source": "#c2410c", "external": "#111827"}
_MARKS = {"recording": "o", "patient": "s", "source": "D", "external": "^"}

Draw = Callable[[Figure], None]


def roc(name: str, rocs: Sequence[Roc]) -> str:
    """Figure 2: a panel for each class; the band is one standard deviation over the folds."""

    def draw(into: Figure) -> None:
        panels = into.subplots(1, len(rocs), squeeze=False)[0]
        for axes, each in zip(panels, rocs, strict=True):
            _roc_panel(axes, each)
        panels[0].set_ylabel("true positive rate")

    said = "; ".join(f"{CLASS_NAMES[each.key]}: AUC {each.auc_mean:.2f}" for each in rocs)
    return _drawn(f"{name}-roc", f"ROC curves. {said}.", (3.5 * len(rocs), 3.6), draw)


def confusion(name: str, chapter: Chapter) -> str:
    """Figure 3: frames, and their shares of each true and of each named class."""
    sheet = chapter.sheet
    counts = confusion_matrix(sheet.labels, sheet.scores.argmax(axis=1), labels=range(len(CLASSES)))

    def draw(into: Figure) -> None:
        left, middle, right = into.subplots(1, 3)
        rows = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        columns = counts / np.maximum(1, counts.sum(axis=0, keepdims=True))
        _matrix(left, counts, "a  Frames", "{:d}", counts.max())
        _matrix(middle, rows, "b  Share of true class (sensitivity)", "{:.2f}", 1)
        _matrix(right, columns, "c  Share of answers (precision)", "{:.2f}", 1)
        left.set_ylabel("true class")

    shown = "; ".join(
        f"{_LABELS[n]}: {', '.join(map(str, row))}" for n, row in enumerate(counts.tolist())
    )
    return _drawn(f"{name}-confusion", f"Confusion matrices. Frames of {shown}.", (11.4, 3.5), draw)


def reliability(name: str, found: Trust) -> str:
    """Confidence against accuracy, as answered and at the fitted temperatures."""
    kinds = [("a  Frames", found.frames, found.frames_scaled)]
    if found.videos and found.videos_scaled:
        kinds.append(("b  Videos", found.videos, found.videos_scaled))

    def draw(into: Figure) -> None:
        panels = into.subplots(1, len(kinds), squeeze=False)[0]
        for axes, (title, before, after) in zip(panels, kinds, strict=True):
            axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
            _bins(axes, before, "#9ca3af", "as answered")
            _bins(axes, after, "#22507d", "at fitted temperature")
            axes.set(title=title, xlabel="confidence", xlim=(0.28, 1.03), ylim=(-0.03, 1.05))
            axes.legend(loc="upper left")
        panels[0].set_ylabel("share that is right")

    said = f"ECE of frames {found.frames.ece:.3f}, scaled {found.frames_scaled.ece:.3f}."
    return _drawn(f"{name}-reliability", f"Reliability. {said}", (4.6 * len(kinds), 3.9), draw)


def ways(chapters: Mapping[str, Chapter]) -> str:
    """The main figures by what was held out, with their intervals."""
    rows = {
        "frame_accuracy": "Frames: accuracy",
        "frame_balanced_accuracy": "Frames: balanced accuracy",
        "video_accuracy": "Videos: accuracy",
        "frame_classes.covid19.sensitivity": "COVID-19 frames: sensitivity",
        "frame_classes.covid19.specificity": "COVID-19 frames: specificity",
        "video_classes.covid19.sensitivity": "COVID-19 videos: sensitivity",
        "video_classes.covid19.specificity": "COVID-19 videos: specificity",
    }

    def draw(into: Figure) -> None:
        axes = into.subplots()
        step = 0.72 / len(chapters)
        for n, (name, chapter) in enumerate(chapters.items()):
            points = [
                (place + (n - (len(chapters) - 1) / 2) * step, value(chapter, key), key)
                for place, key in enumerate(rows)
            ]
            colour = _WAYS[name]
            for place, middle, key in points:
                if middle is None or key not in chapter.intervals:
                    continue
                axes.plot(chapter.intervals[key], [place, place], color=colour, linewidth=2)
            there = [(middle, place) for place, middle, _ in points if middle is not None]
            xs, ys = zip(*there, strict=True)
            label = "external data" if name == "external" else f"held out by {name}"
            axes.plot(xs, ys, _MARKS[name], color=colour, markersize=6, label=label)
        axes.set_yticks(range(len(rows)), list(rows.values()))
        axes.invert_yaxis()
        axes.set_xlim(min(0.4, axes.get_xlim()[0]), 1.0)
        axes.grid(axis="x", color="#e5e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(chapters))

    return _drawn("ways", "The main figures by what was held out.", (9.0, 4.6), draw)


def value(chapter: Chapter, path: str) -> float | None:
    """A figure by its path, as `frame_classes.covid19.sensitivity`; None where there is none."""
    found: Any = chapter.figures
    for key in path.split("."):
        found = found.get(key) if found else None
    return None if found is None else float(found)


def _drawn(name: str, alt: str, size: tuple[float, float], draw: Draw) -> str:
    with figure(*size) as into:
        draw(into)
        return svg(into, name, alt)


def _roc_panel(axes: Axes, each: Roc) -> None:
    colour = COLOURS[each.key]
    low, high = np.clip(each.mean - each.sd, 0, 1), np.clip(each.mean + each.sd, 0, 1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=":")
    axes.fill_between(each.false_positives, low, high, color=colour, alpha=0.18, linewidth=0)
    folds = f"mean of {each.folds} folds" if each.folds > 1 else "all frames together"
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
    axes.set(title=title, xlabel="answered class")


def _bins(axes: Axes, found: Reliability, colour: str, label: str) -> None:
    """A dot for each bin, as large as it is full."""
    most = max(each.count for each in found.bins)
    x = [each.confidence for each in found.bins]
    y = [each.accuracy for each in found.bins]
    axes.plot(x, y, color=colour, linewidth=1.2, label=f"{label}, ECE {found.ece:.3f}")
    axes.scatter(x, y, s=[14 + 90 * each.count / most for each in found.bins], color=colour)
