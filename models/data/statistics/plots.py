"""The survey as one figure of eight panels."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from models.data.statistics.survey import CLASS_ORDER, MeasuredRecording, Survey
from models.plotting import CLASS_COLOURS, CLASS_LABELS, INK, MUTED

WIDTH_IN, HEIGHT_IN = 16.0, 8.4


def draw(survey: Survey, figure: Figure) -> None:
    """Sources, classes and findings above; frames, length, rate and resolution below."""
    axes = figure.subplots(2, 4)
    recordings = survey.recordings
    _sources(axes[0, 0], recordings)
    _classes(axes[0, 1], recordings)
    _findings(axes[0, 2], survey)
    _patients(axes[0, 3], recordings)
    videos = [recording for recording in recordings if recording.is_video]
    _spread(
        axes[1, 0],
        "e  Frames sampled per video",
        videos,
        lambda recording: recording.facts.probe.sampled,
    )
    _spread(
        axes[1, 1],
        "f  Length of videos (s)",
        videos,
        lambda recording: recording.facts.probe.duration_s,
    )
    axes[1, 1].set_yscale("log")
    _plain_ticks(axes[1, 1].yaxis, (1, 2, 5, 10, 20, 50, 100, 200, 500))
    _spread(
        axes[1, 2],
        "g  Frame rate of videos (Hz)",
        videos,
        lambda recording: recording.facts.frame_rate_hz,
    )
    _resolution(axes[1, 3], recordings)


def _present(recordings: Sequence[MeasuredRecording]) -> list[str]:
    labels = {recording.entry.label for recording in recordings}
    return [label for label in CLASS_ORDER if label in labels]


def _sources(axes: Axes, recordings: Sequence[MeasuredRecording]) -> None:
    """Classes by source, which a model could learn instead of the disease."""
    counts = Counter(
        (recording.entry.source or "unknown", recording.entry.label) for recording in recordings
    )
    sizes = Counter(recording.entry.source or "unknown" for recording in recordings)
    names = [name for name, _ in reversed(sizes.most_common())]
    left = np.zeros(len(names))
    for label in _present(recordings):
        widths = [counts[name, label] for name in names]
        axes.barh(names, widths, left=left, color=CLASS_COLOURS[label], label=CLASS_LABELS[label])
        left += widths
    for place, name in enumerate(names):
        axes.text(left[place] + 0.5, place, str(sizes[name]), va="center", color=MUTED, size=8)
    axes.set(title="a  Recordings by source", ylabel="Source ID")
    axes.margins(x=0.1)
    axes.legend(loc="lower right")


def _classes(axes: Axes, recordings: Sequence[MeasuredRecording]) -> None:
    kinds = [(probe, kind) for probe in ("convex", "linear") for kind in ("video", "image")]
    labels = _present(recordings)
    width = 0.8 / len(labels)
    for n, label in enumerate(labels):
        counts = [
            sum(
                (recording.entry.probe, recording.entry.kind) == kind
                and recording.entry.label == label
                for recording in recordings
            )
            for kind in kinds
        ]
        places = np.arange(len(kinds)) + (n - (len(labels) - 1) / 2) * width
        bars = axes.bar(places, counts, width * 0.92, color=CLASS_COLOURS[label])
        axes.bar_label(bars, [str(c) if c else "" for c in counts], size=8, color=MUTED, padding=1)
    shown = {"video": "videos", "image": "stills"}
    axes.set_xticks(range(len(kinds)), [f"{probe}\n{shown[kind]}" for probe, kind in kinds])
    axes.set(title="b  Recordings by probe and class")


def _findings(axes: Axes, survey: Survey) -> None:
    """How often doctors reported each finding in recordings of each class."""
    labels = list(survey.findings)
    names = list(dict.fromkeys(name for labelled in survey.findings.values() for name in labelled))
    axes.set(title="c  Findings, share of recordings")
    if not names:
        axes.set_axis_off()
        axes.text(0, 0.9, "None in the table.", transform=axes.transAxes, color=MUTED)
        return
    sizes = Counter(
        recording.entry.label
        for recording in survey.recordings
        if recording.entry.metadata.findings
    )
    shares = np.array(
        [
            [survey.findings[label].get(name, 0) / max(1, sizes[label]) for label in labels]
            for name in names
        ]
    )
    axes.imshow(shares, cmap="Purples", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.5 else INK
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", size=8, color=colour)
    axes.set_xticks(
        range(len(labels)),
        [f"{CLASS_LABELS[name]}\nn = {sizes[name]}".replace(" p", "\np") for name in labels],
    )
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _patients(axes: Axes, recordings: Sequence[MeasuredRecording]) -> None:
    """Recordings per patient and class; patient folds keep each block together."""
    labels = _present(recordings)
    for place, label in enumerate(labels):
        labelled = [
            recording.entry.patient for recording in recordings if recording.entry.label == label
        ]
        sizes = sorted(Counter(name for name in labelled if name).values(), reverse=True)
        bottom = 0
        for size in sizes:
            axes.bar(
                place,
                size,
                0.7,
                bottom=bottom,
                color=CLASS_COLOURS[label],
                edgecolor="white",
                linewidth=0.8,
            )
            bottom += size
        if unknown := labelled.count(""):
            axes.bar(place, unknown, 0.7, bottom=bottom, color="#d4d4d8", edgecolor="white")
            bottom += unknown
        text = f"{len(sizes)} patients" + (f"\n{unknown} unknown" if unknown else "")
        axes.text(place, bottom + 0.8, text, ha="center", va="bottom", size=8, color=MUTED)
    axes.set_xticks(range(len(labels)), [CLASS_LABELS[name].replace(" ", "\n") for name in labels])
    axes.margins(y=0.12)
    axes.set(title="d  Recordings, a block for each patient")


def _spread(
    axes: Axes,
    title: str,
    videos: Sequence[MeasuredRecording],
    measure: Callable[[MeasuredRecording], float | None],
) -> None:
    """Quartiles, and every video as a dot."""
    labels = _present(videos)
    rng = np.random.default_rng(0)
    for place, label in enumerate(labels):
        values = [
            value
            for video in videos
            if video.entry.label == label and (value := measure(video)) is not None
        ]
        if not values:
            continue
        axes.boxplot(
            values,
            positions=[place],
            widths=0.55,
            showfliers=False,
            medianprops={"color": INK, "linewidth": 1.4},
            boxprops={"color": MUTED},
            whiskerprops={"color": MUTED},
            capprops={"color": MUTED},
        )
        jitter = place + rng.uniform(-0.18, 0.18, len(values))
        axes.scatter(
            jitter, values, s=11, color=CLASS_COLOURS[label], alpha=0.65, linewidths=0, zorder=3
        )
    axes.set_xticks(range(len(labels)), [CLASS_LABELS[name].replace(" ", "\n") for name in labels])
    axes.set(title=title)


def _resolution(axes: Axes, recordings: Sequence[MeasuredRecording]) -> None:
    for label in _present(recordings):
        labelled = [
            recording.facts.probe for recording in recordings if recording.entry.label == label
        ]
        axes.scatter(
            [probe.width for probe in labelled],
            [probe.height for probe in labelled],
            s=16,
            color=CLASS_COLOURS[label],
            alpha=0.65,
            linewidths=0,
        )
    axes.axline((100, 100), (1000, 1000), color=MUTED, linewidth=0.7, linestyle=":", zorder=0)
    axes.set(title="h  Resolution (pixels)", xlabel="width", ylabel="height")
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        _plain_ticks(axis, (50, 100, 200, 500, 1000, 2000, 5000))


def _plain_ticks(axis: Axis, ticks: Sequence[float]) -> None:
    """Plain numbers on a logarithmic axis."""
    low, high = axis.get_view_interval()
    shown = [tick for tick in ticks if low <= tick <= high]
    axis.set_ticks(shown, [f"{tick:g}" for tick in shown])
    axis.set_minor_locator(NullLocator())
