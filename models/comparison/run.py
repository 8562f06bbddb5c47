"""Trains every network on every fold, and keeps its held-out scores."""

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from models.comparison.budget import Budget
from models.comparison.candidates import CANDIDATES, Candidate, PreparedNetwork, SharedInputs
from models.comparison.inputs import evenly_spaced
from models.data.duplicates import with_duplicate_groups
from models.data.extraction import FRAMES, FrameCache
from models.data.folds import Group, assign_folds
from models.data.index import Entry, listing_hash, read_index
from models.training import fit, trunk
from models.training.balance import sample_weights
from models.training.train import FrameSet, Progress, read_frames

_FINISHED = "scores.safetensors"


@dataclass(frozen=True)
class Outcome:
    """Held-out scores of one network in one cross-validation.

    Attributes:
        network: its key in `CANDIDATES`.
        group: split unit of the cross-validation.
        frames: (n, 3) softmax scores of all frames.
        recordings: (r, 3) of all recordings: of the clip, or the mean over frames.
    """

    network: str
    group: Group
    frames: npt.NDArray[np.float32]
    recordings: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """The content of the tables; `parameters` counts the trainable ones of each network."""

    shared: SharedInputs
    entries: tuple[Entry, ...]
    parameters: dict[str, int]
    outcomes: list[Outcome]


def compare(
    data: Path,
    trunk_source: str,
    work: Path,
    budget: Budget,
    progress: Progress,
    names: Sequence[str] = tuple(CANDIDATES),
) -> Comparison:
    """Cross-validate the networks on the same folds; finished folds in `work` are reused.

    Args:
        data: folder in the layout of the public dataset.
        trunk_source: see `models.training.trunk.load`.
        work: folder for features, checkpoints and scores.
        budget: training budget of each network.
        progress: called after every step.
        names: keys of `CANDIDATES`.

    Raises:
        DatasetError, TrunkError: the dataset or the trunk is invalid.
    """
    entries = read_index(data).trained
    weights = trunk.load(trunk_source)
    cache = FrameCache(work / FRAMES)
    frame_set = read_frames(entries, cache, progress)
    entries = with_duplicate_groups(
        entries, {entry.sha256: cache.facts(entry.sha256) for entry in entries}
    )
    splits = {
        group: assign_folds(entries, group, budget.folds, budget.seed) for group in budget.groups
    }

    @functools.cache
    def features() -> npt.NDArray[np.float16]:
        return trunk.cache_features(
            work / "compare-features",
            frame_set.frames,
            weights,
            copies=budget.copies,
            seed=budget.seed,
            progress=lambda done, total: progress("Trunk features", done, total),
            augmentation=budget.augmentation,
        )

    shared = SharedInputs(budget, frame_set, features, weights, trunk.describe_source(trunk_source))
    key = [listing_hash(entries), trunk.fingerprint(weights), json.dumps(asdict(budget))]
    key += [entry.duplicate_group for entry in entries]
    home = work / f"compare-{hashlib.sha256(' '.join(key).encode()).hexdigest()[:12]}"
    parameters, outcomes = {}, []
    for name in names:
        cross_validation = _CrossValidation(
            shared, entries, CANDIDATES[name], home / name, progress
        )
        outcomes += [
            cross_validation.outcome(name, group, folds) for group, folds in splits.items()
        ]
        parameters[name] = cross_validation.parameters()
    return Comparison(shared, entries, parameters, outcomes)


class _CrossValidation:
    """The folds of one network, which is built once, since tracing a large one takes minutes."""

    def __init__(
        self,
        shared: SharedInputs,
        entries: tuple[Entry, ...],
        candidate: Candidate,
        home: Path,
        progress: Progress,
    ) -> None:
        self._stage = shared
        self._entries = entries
        self._candidate = candidate
        self._home = home
        self._progress = progress
        self._built: tuple[PreparedNetwork, dict[str, npt.NDArray[np.float32]]] | None = None

    def parameters(self) -> int:
        """The number of the network's trainable parameters."""
        path = self._home / "parameters.json"
        if not path.is_file():
            trained = self._player()[0].model.trainable_weights
            path.write_text(json.dumps(sum(math.prod(weights.shape) for weights in trained)))
        return int(json.loads(path.read_text()))

    def outcome(self, name: str, group: Group, folds: Sequence[int]) -> Outcome:
        frame_set = self._stage.frame_set
        frames = np.zeros((len(frame_set.labels), 3), dtype=np.float32)
        recordings = np.zeros((len(self._entries), 3), dtype=np.float32)
        for fold in range(max(folds) + 1):
            found = self._fold(group, fold, folds)
            tested = np.flatnonzero(np.asarray(folds) == fold)
            frames[np.isin(frame_set.recordings, tested)] = found["frames"]
            recordings[tested] = found["recordings"]
        return Outcome(name, group, frames, recordings)

    def _fold(
        self, group: Group, fold: int, folds: Sequence[int]
    ) -> dict[str, npt.NDArray[np.float32]]:
        home = self._home / f"by-{group}" / f"fold{fold}"
        if (home / _FINISHED).is_file():
            return dict(load_file(home / _FINISHED))
        network, start = self._player()
        fit.set_state(network.model, start)
        budget, frame_set = self._stage.budget, self._stage.frame_set
        stays = np.asarray(folds) != fold
        if network.clips:
            owners = np.arange(len(self._entries))
            trained = np.flatnonzero(stays)
        else:
            owners = frame_set.recordings
            trained = _some_frames(frame_set, np.flatnonzero(stays), budget.frames)
        fit.fit(
            network.model,
            fit.TrainingData(
                network.inputs,
                frame_set.labels if not network.clips else _labels(frame_set),
                sample_weights(self._entries, owners, trained, "class"),
                trained,
                np.zeros(0, dtype=np.int64),
            ),
            fit.Schedule(
                self._candidate.epochs(budget),
                budget.clip_batch if network.clips else budget.batch,
                patience=0,
            ),
            [budget.seed, fold],
            home,
            lambda done, total: self._progress(
                f"{self._candidate.title}, by {group}, fold {fold + 1}", done, total
            ),
        )
        tested = np.flatnonzero(~stays)
        places = np.flatnonzero(np.isin(frame_set.recordings, tested))
        frames = network.predict_frames(places)
        if network.clips:
            recordings = fit.predict(network.model, network.inputs, tested)
        else:
            places_of_each = [frame_set.recordings[places] == number for number in tested]
            recordings = np.stack([frames[player].mean(axis=0) for player in places_of_each])
        found = {"frames": frames, "recordings": recordings}
        save_file(found, home / "scores.tmp")
        (home / "scores.tmp").replace(home / _FINISHED)
        (home / fit.CHECKPOINT).unlink()
        return found

    def _player(self) -> tuple[PreparedNetwork, dict[str, npt.NDArray[np.float32]]]:
        if self._built is None:
            self._home.mkdir(parents=True, exist_ok=True)
            keras.utils.set_random_seed(self._stage.budget.seed)
            network = self._candidate.build(self._stage)
            fit.compile_for_classification(network.model, self._candidate.learning_rate)
            self._built = network, fit.get_state(network.model)
        return self._built


def _some_frames(
    frame_set: FrameSet, recordings: npt.NDArray[np.int64], most: int
) -> npt.NDArray[np.int64]:
    places = [
        place
        for number in recordings
        for place in evenly_spaced(np.flatnonzero(frame_set.recordings == number).tolist(), most)
    ]
    return np.array(places, dtype=np.int64)


def _labels(frame_set: FrameSet) -> npt.NDArray[np.int64]:
    """Of recordings, in order."""
    _, first = np.unique(frame_set.recordings, return_index=True)
    return frame_set.labels[first]
