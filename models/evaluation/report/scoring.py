"""Held-out scoring: a training recording by the model of its test fold, an external one by all.

Recordings are recognised as in `models.data.identity`, so that a copy counts as its original.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.contract import Manifest
from models.data.extraction import Facts, FrameCache
from models.data.identity import identity
from models.data.index import Entry
from models.evaluation.held_out import PRECISION, TrainedRecording, TrainingSet, predict_in_batches
from models.evaluation.report.scores import ScoredRecording, ScoreSet
from models.inference.predict import Predictor

SEEN_BY_ALL = "Every model was trained on it or on a copy of it, so no held-out score exists."
MAY_BE_SEEN = (
    "{version} lists no fingerprints of its training recordings and may have been trained on a "
    "copy of this one. `pocovid artifact fingerprints` adds them to the artifact."
)

_NAMED = 3

Scores = npt.NDArray[np.float32]


class EvaluationError(Exception):
    """An evaluation that would be invalid, or that cannot be done."""


def refuse_training_data(
    manifest: Manifest, entries: Sequence[Entry], facts: Mapping[str, Facts], fold: int
) -> None:
    """Refuse to evaluate a fold's model on its own training data, even if renamed or re-encoded.

    Args:
        manifest: of the artifact.
        entries: recordings.
        facts: by SHA-256; recordings without facts are recognised by their bytes alone.
        fold: index of the model to evaluate.

    Raises:
        EvaluationError: there is no such fold, or its model was trained on one of the recordings.
    """
    if not 0 <= fold < manifest.folds:
        raise EvaluationError(
            f"{manifest.version} has folds 0 to {manifest.folds - 1}; there is no fold {fold}."
        )
    trained = TrainingSet(manifest)
    seen = [
        (entry, learnt[0])
        for entry in entries
        if (
            learnt := [
                recording
                for recording in trained.matching(identity(entry, facts.get(entry.sha256)))
                if recording.folds[manifest.group] != fold
            ]
        )
    ]
    if seen:
        names = ", ".join(_display_name(entry, recording) for entry, recording in seen[:_NAMED])
        more = f" and {len(seen) - _NAMED} more" if len(seen) > _NAMED else ""
        raise EvaluationError(
            f"The model of fold {fold} was trained on {len(seen)} of these recordings ({names}"
            f"{more}), which makes the evaluation invalid. Omit --fold, so that each recording is "
            "scored by the model that held it out."
        )


@dataclass(frozen=True, slots=True)
class ScoreSets:
    """Scores from models that were not trained on the recordings.

    Attributes:
        held_out_scores: of training recordings, each by the model of its test fold, or None.
        external_scores: of recordings that no model was trained on, or None.
        unscored: by key, why a recording has no valid score.
    """

    held_out_scores: ScoreSet | None
    external_scores: ScoreSet | None
    unscored: Mapping[str, str]


def assign_scores(
    manifest: Manifest,
    entries: Sequence[Entry],
    facts: Mapping[str, Facts],
    answers: Mapping[str, Scores],
    fold: int | None = None,
) -> ScoreSets:
    """Select the valid scores of each recording.

    Args:
        manifest: of the artifact.
        entries: recordings without identical files.
        facts: by SHA-256, with each recording's fingerprint.
        answers: by SHA-256, scores of every model (models, frames, 3).
        fold: use this fold's model for everything; None for the module's rule.

    Raises:
        EvaluationError: the fold's model was trained on one of the recordings.
    """
    if fold is not None:
        refuse_training_data(manifest, entries, facts, fold)
    trained = TrainingSet(manifest)
    held_out_scores: list[ScoredRecording] = []
    external_scores: list[ScoredRecording] = []
    unscored: dict[str, str] = {}
    for entry in entries:
        homes = trained.folds_holding_out(identity(entry, facts.get(entry.sha256)))
        if len(homes) > 1:
            unscored[entry.key] = SEEN_BY_ALL
            continue
        if not homes and not trained.fingerprints_complete:
            unscored[entry.key] = MAY_BE_SEEN.format(version=manifest.version)
            continue
        held_out = next(iter(homes), fold)
        scores = answers[entry.sha256]
        (held_out_scores if homes else external_scores).append(
            ScoredRecording(
                entry.sha256,
                entry.key,
                entry.label,
                entry.kind,
                entry.patient,
                entry.source,
                held_out,
                scores.mean(axis=0) if held_out is None else scores[held_out],
            )
        )
    return ScoreSets(
        ScoreSet(manifest.group, tuple(held_out_scores)) if held_out_scores else None,
        ScoreSet("external", tuple(external_scores)) if external_scores else None,
        unscored,
    )


def predict_all(
    folder: Path,
    manifest: Manifest,
    entries: Sequence[Entry],
    cache: FrameCache,
    work: Path,
    progress: Callable[[int, int], None],
) -> dict[str, Scores]:
    """Scores of every model for every recording, cached in `work` for a resumed run.

    Args:
        folder: of the artifact.
        manifest: of the same artifact.
        entries: recordings whose frames are in the cache.
        cache: of extracted frames.
        work: folder for the scores.
        progress: called after each recording.

    Returns:
        By SHA-256, softmax scores (models, frames, 3).

    Raises:
        ArtifactError: see `models.inference.predict.Predictor.load`.
    """
    home = work / f"{_identity(manifest)}-{cache.folder.name}-{PRECISION}"
    home.mkdir(parents=True, exist_ok=True)
    predictor: Predictor | None = None
    found: dict[str, Scores] = {}
    progress(0, len(entries))
    for done, entry in enumerate(entries, start=1):
        path = home / f"{entry.sha256}.npy"
        if not path.is_file():
            predictor = predictor or Predictor.load(folder, PRECISION)
            scores = predict_in_batches(predictor.scores, cache.frames(entry.sha256))
            scratch = path.with_suffix(".tmp")
            with scratch.open("wb") as file:
                np.save(file, scores)
            scratch.replace(path)
        found[entry.sha256] = np.load(path)
        progress(done, len(entries))
    return found


def _identity(manifest: Manifest) -> str:
    """A name that changes with the weights and with the preprocessing."""
    values = asdict(manifest)
    text = json.dumps([values["files"], values["preprocessing"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _display_name(entry: Entry, each: TrainedRecording) -> str:
    return entry.key if entry.key == each.key else f"{entry.key}, in training {each.key}"
