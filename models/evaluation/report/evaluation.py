"""One evaluation: recordings are answered by who may, and everything in the report is computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.contract import Manifest
from models.data.extraction import FRAMES, FrameCache
from models.data.index import read_index
from models.evaluation.heldout import listed
from models.evaluation.report import bootstrap
from models.evaluation.report.answers import (
    EvaluationError,
    answer_all,
    refuse_training_data,
    sheets,
)
from models.evaluation.report.curves import Roc, roc_curves
from models.evaluation.report.sheet import Sheet, stored_sheets
from models.evaluation.report.trust import Trust, trust
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

    sheet: Sheet
    figures: Mapping[str, Any]
    intervals: Mapping[str, bootstrap.Interval]
    rocs: tuple[Roc, ...]
    trust: Trust | None
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
            `models.evaluation.report.answers`.
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
    found = stored_sheets(manifest, weights.scores)
    if manifest.group not in found:
        raise EvaluationError(f"{manifest.version} has kept no scores of its own folds.")
    entries = read_index(data).trained
    if fold is not None:
        refuse_training_data(manifest, entries, {}, fold)  # before anything is read
    cache = FrameCache(work / FRAMES)
    failed = cache.fill(entries, lambda done, total: progress("Reading recordings", done, total))
    readable = [entry for entry in entries if entry.sha256 not in failed]
    answers = answer_all(
        folder,
        manifest,
        readable,
        cache,
        work / _ANSWERS,
        lambda done, total: progress("Answering recordings", done, total),
    )
    facts = {entry.sha256: cache.facts(entry.sha256) for entry in readable}
    sorted_ = sheets(manifest, readable, facts, answers, fold)
    inside = sorted_.inside
    fresh = {"external": sorted_.outside, manifest.group: inside}
    found |= {name: sheet for name, sheet in fresh.items() if sheet is not None}
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
        known=0 if inside is None else len(inside.recordings),
        fold=fold,
        resamples=resamples,
        frames=cache,
        unread={
            entry.key: failed[entry.sha256].message for entry in entries if entry.sha256 in failed
        }
        | dict(sorted_.unanswered),
    )


def _chapter(manifest: Manifest, sheet: Sheet, here: bool, resamples: int) -> Chapter:
    figures = sheet.figures()
    complete = len(sheet.recordings) == len(listed(manifest))
    expected = manifest.metrics.get(sheet.name)
    return Chapter(
        sheet=sheet,
        figures=figures,
        intervals=bootstrap.intervals(sheet, resamples=resamples),
        rocs=tuple(roc_curves(sheet)),
        trust=trust(sheet),
        answered_here=here,
        unequal=tuple(unequal(figures, expected)) if complete and expected else None,
    )


def unequal(figures: Mapping[str, Any], expected: Mapping[str, Any], name: str = "") -> list[str]:
    """Names of the figures, as `video_classes.healthy.f1`, that are not the expected ones."""
    found = []
    for key, value in expected.items():
        path = f"{name}.{key}".lstrip(".")
        mine = figures.get(key)
        if isinstance(value, Mapping) and isinstance(mine, Mapping):
            found += unequal(mine, value, path)
        elif mine != value:
            found.append(path)
    return found
