"""The evaluation of an artifact: held-out scores, and everything computed from them."""

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
from models.evaluation.report.signs import SignEvaluation, evaluate_signs
from models.inference import artifact

ORDER = ("patient", "recording", "source", "external")
"""Order of the report's chapters, after that of the shipped models."""

_ANSWERS = "answers"

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, the items done and the total number of items."""


@dataclass(frozen=True)
class Chapter:
    """A score set with everything computed from it.

    `answered_here` tells whether the scores were computed now, rather than stored by training in
    the artifact. `unequal` lists the metrics that differ from the manifest's; None if they are not
    comparable.
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
    """The content of the report.

    Attributes:
        manifest: of the artifact.
        chapters: one for each kind of cross-validation, and `external` for unseen recordings.
        known: number of training recordings in the data folder.
        fold: the only model evaluated; None for the rule of `models.evaluation.report.scoring`.
        resamples: bootstrap resamples behind each interval.
        frames: cache of the recordings' frames.
        unread: by key, why a recording was not evaluated.
        signs: what the sign network says of the evaluated recordings; None where there is none.
    """

    manifest: Manifest
    chapters: Mapping[str, Chapter]
    known: int
    fold: int | None
    resamples: int
    frames: FrameCache
    unread: Mapping[str, str]
    signs: SignEvaluation | None

    @property
    def main(self) -> Chapter:
        """The chapter of the shipped models."""
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
    """Score the recordings of a folder and compute all metrics.

    Args:
        folder: of the artifact.
        data: folder in the layout of the public dataset.
        work: folder that caches extracted frames and scores; a killed run can be resumed.
        progress: called after every step.
        fold: evaluate only the model of this fold, on recordings it was not trained on.
        resamples: bootstrap resamples behind each interval.

    Raises:
        ArtifactError, HeldOutError, DatasetError: the artifact or the dataset cannot be read.
        EvaluationError: the fold's model was trained on one of the recordings.
    """
    manifest, weights = artifact.load(folder)
    found = stored_score_sets(manifest, weights.scores)
    if manifest.group not in found:
        raise EvaluationError(f"{manifest.version} has no stored scores of its own folds.")
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
        lambda done, total: progress("Scoring recordings", done, total),
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
    signs = evaluate_signs(
        manifest,
        weights,
        readable,
        cache,
        lambda done, total: progress("Reading signs", done, total),
        resamples,
    )
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
        signs=signs,
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
    """Names of the metrics, such as `video_classes.healthy.f1`, that differ from the expected."""
    found = []
    for key, value in expected.items():
        path = f"{name}.{key}".lstrip(".")
        actual = metrics.get(key)
        if isinstance(value, Mapping) and isinstance(actual, Mapping):
            found += unequal(actual, value, path)
        elif actual != value:
            found.append(path)
    return found
