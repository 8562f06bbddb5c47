"""A small artifact that knows a small dataset, as training would have left the two."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.contract import CLASSES
from models.data.extraction import FRAMES, Facts, FrameCache, read_all
from models.data.index import Entry, read_index
from models.evaluation import held_out, metrics
from models.inference import artifact
from models.inference.artifact import Weights
from models.inference.predict import Predictor
from tests.models import mini_dataset, small_artifact
from tests.models.mini_dataset import Row

ROWS = tuple(
    Row(f"{label}_{n}.{ending}", label, f"{label} {n // 2}")
    for label in CLASSES
    for n, ending in enumerate(("png", "mp4", "mp4"))
)
HEADS = 3


@dataclass(frozen=True)
class SmallEvaluation:
    """Where everything is."""

    artifact: Path
    data: Path
    work: Path
    entries: tuple[Entry, ...]
    facts: dict[str, Facts]


def read(folder: Path) -> SmallEvaluation:
    """What `make` has written into a folder."""
    entries = read_index(folder / "data").trained
    cache = FrameCache(folder / "work" / FRAMES)
    return SmallEvaluation(
        folder / "pocovidnet-small",
        folder / "data",
        folder / "work",
        entries,
        {entry.sha256: cache.facts(entry.sha256) for entry in entries},
    )


def make(folder: Path) -> SmallEvaluation:
    """Nine recordings of six patients, three models, and scores as training stores them."""
    data, work = mini_dataset.make(folder / "data", ROWS), folder / "work"
    entries = read_index(data).trained
    cache = FrameCache(work / FRAMES)
    frames = read_all(entries, cache, lambda _done, _total: None)
    facts = {each.sha256: cache.facts(each.sha256) for each in entries}
    heads = [small_artifact.head(fold) for fold in range(HEADS)]
    splits = {
        "patient": [int(entry.patient[-1]) + CLASSES.index(entry.label) % 2 for entry in entries],
        "recording": [n % HEADS for n in range(len(entries))],
        "source": [CLASSES.index(entry.label) for entry in entries],
    }
    manifest = small_artifact.manifest(
        folds=HEADS,
        data={
            "listing_sha256": "0" * 64,
            "frames": sum(map(len, frames)),
            "recordings": held_out.recordings_for_manifest(
                entries, [len(frame) for frame in frames], splits, facts
            ),
        },
    )
    weights = Weights(small_artifact.trunk(), heads)
    artifact.save(folder / "bare", manifest, weights)
    predictor = Predictor.load(folder / "bare", held_out.PRECISION)
    answers = [held_out.predict_in_batches(predictor.scores, frame) for frame in frames]
    scores = {
        group: np.concatenate([found[fold] for found, fold in zip(answers, folds, strict=True)])
        for group, folds in splits.items()
    }
    recording_indices = np.repeat(np.arange(len(entries)), [len(frame) for frame in frames])
    labels = np.array([CLASSES.index(entry.label) for entry in entries])[recording_indices]
    is_video = [entry.kind == "video" for entry in entries]
    measured = {
        group: metrics.compute_metrics(
            metrics.HeldOutScores(values, labels, recording_indices, is_video)
        )
        for group, values in scores.items()
    }
    whole = small_artifact.manifest(folds=HEADS, data=manifest.data, metrics=measured)
    artifact.save(folder / "pocovidnet-small", whole, Weights(weights.trunk, heads, scores=scores))
    shutil.rmtree(folder / "bare")
    return SmallEvaluation(folder / "pocovidnet-small", data, work, entries, facts)
