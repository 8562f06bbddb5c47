"""Who may answer which recording: the model that held it out, or, from outside, all of them.

A recording is known as `models.data.identity` knows it: a copy is its original.
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

SEEN_BY_ALL = (
    "Each of the models was trained on it or on a copy of it: none may say how well it answers."
)
MAY_BE_SEEN = (
    "Its bytes are new to {version}, which does not list what its recordings look like: it may "
    "have been trained on a copy. `pocovid artifact fingerprints` adds that to the artifact."
)

_NAMED = 3

Scores = npt.NDArray[np.float32]


class EvaluationError(Exception):
    """An evaluation that would prove nothing, or that cannot be done."""


def refuse_training_data(
    manifest: Manifest, entries: Sequence[Entry], facts: Mapping[str, Facts], fold: int
) -> None:
    """Refuse to ask a fold's model about what it was trained on, under whatever name it comes.

    Args:
        manifest: of the artifact.
        entries: recordings.
        facts: by SHA-256; recordings without any are known by their bytes alone.
        fold: the one model that is to answer.

    Raises:
        EvaluationError: there is no such fold, or a recording is known to its model.
    """
    if not 0 <= fold < manifest.folds:
        raise EvaluationError(
            f"{manifest.version} has the folds 0 to {manifest.folds - 1}, there is no fold {fold}."
        )
    trained = TrainingSet(manifest)
    seen = [
        (entry, learnt[0])
        for entry in entries
        if (
            learnt := [
                each
                for each in trained.matching(identity(entry, facts.get(entry.sha256)))
                if each.folds[manifest.group] != fold
            ]
        )
    ]
    if seen:
        names = ", ".join(_told(entry, each) for entry, each in seen[:_NAMED])
        more = f" and {len(seen) - _NAMED} more" if len(seen) > _NAMED else ""
        raise EvaluationError(
            f"The model of fold {fold} was trained on {len(seen)} of these recordings ({names}"
            f"{more}): its answers to them prove nothing. Leave --fold out, so that each recording "
            "is answered by the model that held it out."
        )


@dataclass(frozen=True, slots=True)
class ScoreSets:
    """Answers of the models that have not seen the recordings.

    Attributes:
        inside: of recordings that were trained on, each by the model that held it out; None where
            there are none.
        outside: of recordings that no model has seen; None where there are none.
        unanswered: by key, why nobody may answer a recording.
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
    """Sort recordings by who may answer them.

    Args:
        manifest: of the artifact.
        entries: recordings, each content once.
        facts: by SHA-256, what each looks like.
        answers: by SHA-256, scores of every model (models, frames, 3).
        fold: the one model that answers everything; None for the rule of the module.

    Raises:
        EvaluationError: a fold's model was asked about what it was trained on.
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
    """Scores of every model for every recording, kept in `work`; a killed run goes on.

    Args:
        folder: of the artifact.
        manifest: of the same.
        entries: recordings whose frames are in the cache.
        cache: of extracted frames.
        work: folder for the answers.
        progress: told of each recording.

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
    """A name that changes with the weights and with how frames are made for them."""
    values = asdict(manifest)
    text = json.dumps([values["files"], values["preprocessing"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _told(entry: Entry, each: TrainedRecording) -> str:
    return entry.key if entry.key == each.key else f"{entry.key}, then called {each.key}"
