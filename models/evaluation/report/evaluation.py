"""One evaluation: recordings are answered by who may, and everything in the report is computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.contract import Manifest
from models.data.extraction import FRAMES, FrameCache
from models.data.index import read_index
from models.evaluation.held_out import trained_recordings
from models.evaluation.report import bootstrap
from models.evaluation.report.calibration import Calibration, measure_calibration
from models.evaluation.report.curves import Roc, roc_curves
from models.evaluation.report.scores import ScoreSet, stored_score_sets
from models.evaluation.report.scoring import (
    EvaluationError,
    assign_scores,
    predict_all,
    refuse_training_data,
)
from models.inference import artifact

ORDER = ("patient", "recording", "source", "external")
"""Of the report's chapters; the shipped models' own comes first."""

_ANSWERS = "answers"

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Chapter:
    """A sheet with all that is computed from it.

    `answered_here` tells whether the models were asked now; else the scores are those that
    training stored in the artifact. `unequal` lists the figures that are not the manifest's,
    where they should be.
    """

    score_set: ScoreSet
    metrics: Mapping[str, Any]
    intervals: Mapping[str, bootstrap.Interval]
    rocs: tuple[Roc, ...]
    calibration: Calibration | None
    answered_here: bool
    unequal: tuple[str, ...] | None


@dataclass(frozen=True)
class Evaluation:
    """What the report shows.

    Attributes:
        manifest: of the artifact.
        chapters: one for each way of holding out, and `external` for recordings never seen.
        known: how many of the recordings trained on are in the data folder.
        fold: the only model that was asked; None for the rule of
            `models.evaluation.report.scoring`.
        resamples: draws behind each interval.
        frames: where the frames of the recordings are.
        unread: by key, why a recording is missing here.
    """

    manifest: Manifest
    chapters: Mapping[str, Chapter]
    known: int
    fold: int | None
    resamples: int
    frames: FrameCache
    unread: Mapping[str, str]

    @property
    def main(self) -> Chapter:
        """The chapter of the models that ship."""
        return self.chapters[self.manifest.group]


def evaluate(
    folder: Path,
    data: Path,
    work: Path,
    progress: Progress,
    *,
    fold: int | None = None,
    resamples: int = bootstrap.RESAMPLES,
) -> Evaluation:
    """Answer the recordings of a folder and measure everything.

    Args:
        folder: of the artifact.
        data: folder in the layout of the public dataset.
        work: folder that keeps extracted frames and answers; a killed run goes on.
        progress: told of every step.
        fold: ask the model of this fold alone, of recordings it has not seen.
        resamples: draws behind each interval.

    Raises:
        ArtifactError, HeldOutError, DatasetError: what cannot be read.
        EvaluationError: a fold's model would be asked about what it was trained on.
    """
    manifest, weights = artifact.load(folder)
    found = stored_score_sets(manifest, weights.scores)
    if manifest.group not in found:
        raise EvaluationError(f"{manifest.version} has kept no scores of its own folds.")
    entries = read_index(data).trained
    if fold is not None:
        refuse_training_data(manifest, entries, {}, fold)  # before anything is read
    cache = FrameCache(work / FRAMES)
    failed = cache.fill(entries, lambda done, total: progress("Reading recordings", done, total))
    readable = [entry for entry in entries if entry.sha256 not in failed]
    answers = predict_all(
        folder,
        manifest,
        readable,
        cache,
        work / _ANSWERS,
        lambda done, total: progress("Answering recordings", done, total),
    )
    facts = {entry.sha256: cache.facts(entry.sha256) for entry in readable}
    sorted_ = assign_scores(manifest, readable, facts, answers, fold)
    held_out_scores = sorted_.held_out_scores
    fresh = {"external": sorted_.external_scores, manifest.group: held_out_scores}
    found |= {name: score_set for name, score_set in fresh.items() if score_set is not None}
    wanted = [manifest.group, *(name for name in ORDER if name != manifest.group)]
    chapters = {}
    for done, name in enumerate(name for name in wanted if name in found):
        progress("Measuring", done, len(found))
        here = fresh.get(name) is not None
        chapters[name] = _chapter(manifest, found[name], here, resamples)
    progress("Measuring", len(found), len(found))
    return Evaluation(
        manifest=manifest,
        chapters=chapters,
        known=0 if held_out_scores is None else len(held_out_scores.recordings),
        fold=fold,
        resamples=resamples,
        frames=cache,
        unread={
            entry.key: failed[entry.sha256].message for entry in entries if entry.sha256 in failed
        }
        | dict(sorted_.unscored),
    )


def _chapter(manifest: Manifest, score_set: ScoreSet, here: bool, resamples: int) -> Chapter:
    metrics = score_set.metrics()
    complete = len(score_set.recordings) == len(trained_recordings(manifest))
    expected = manifest.metrics.get(score_set.name)
    return Chapter(
        score_set=score_set,
        metrics=metrics,
        intervals=bootstrap.intervals(score_set, resamples=resamples),
        rocs=tuple(roc_curves(score_set)),
        calibration=measure_calibration(score_set),
        answered_here=here,
        unequal=tuple(unequal(metrics, expected)) if complete and expected else None,
    )


def unequal(metrics: Mapping[str, Any], expected: Mapping[str, Any], name: str = "") -> list[str]:
    """Names of the figures, as `video_classes.healthy.f1`, that are not the expected ones."""
    found = []
    for key, value in expected.items():
        path = f"{name}.{key}".lstrip(".")
        actual = metrics.get(key)
        if isinstance(value, Mapping) and isinstance(actual, Mapping):
            found += unequal(actual, value, path)
        elif actual != value:
            found.append(path)
    return found
