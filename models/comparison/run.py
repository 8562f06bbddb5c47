"""Trains every network on every fold, and keeps what each said of what it never saw."""

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
from models.comparison.candidates import CANDIDATES, Candidate, Player, Stage
from models.comparison.inputs import evenly
from models.data.duplicates import with_twins
from models.data.extraction import FRAMES, FrameCache
from models.data.folds import Group, assign_folds
from models.data.index import Entry, listing_hash, read_index
from models.training import fit, trunk
from models.training.balance import sample_weights
from models.training.train import FrameSet, Progress, read_frames

_FINISHED = "scores.safetensors"


@dataclass(frozen=True)
class Outcome:
    """What one network said in one cross-validation.

    Attributes:
        network: its key.
        group: what the folds kept together.
        frames: (n, 3) softmax scores of all frames.
        recordings: (r, 3) of all recordings: of the clip, or the mean over frames.
    """

    network: str
    group: Group
    frames: npt.NDArray[np.float32]
    recordings: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """Everything a table is made from; `parameters` are those that each network trains."""

    stage: Stage
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
    """Cross-validate the networks on the same folds; what is finished in `work` is not done again.

    Args:
        data: folder in the layout of the public dataset.
        trunk_source: see `models.training.trunk.load`.
        work: folder for features, checkpoints and scores.
        budget: what each network may spend.
        progress: told of every step.
        names: keys of `CANDIDATES`.

    Raises:
        DatasetError, TrunkError: what cannot be trained on, or from.
    """
    entries = read_index(data).trained
    weights = trunk.load(trunk_source)
    cache = FrameCache(work / FRAMES)
    material = read_frames(entries, cache, progress)
    entries = with_twins(entries, {each.sha256: cache.facts(each.sha256) for each in entries})
    splits = {
        group: assign_folds(entries, group, budget.folds, budget.seed) for group in budget.groups
    }

    @functools.cache
    def features() -> npt.NDArray[np.float16]:
        return trunk.cache_features(
            work / "compare-features",
            material.frames,
            weights,
            copies=budget.copies,
            seed=budget.seed,
            progress=lambda done, total: progress("Trunk features", done, total),
            augmentation=budget.augmentation,
        )

    stage = Stage(budget, material, features, weights, trunk.name_of(trunk_source))
    key = [listing_hash(entries), trunk.fingerprint(weights), json.dumps(asdict(budget))]
    key += [each.twins for each in entries]
    home = work / f"compare-{hashlib.sha256(' '.join(key).encode()).hexdigest()[:12]}"
    parameters, outcomes = {}, []
    for name in names:
        contest = _Contest(stage, entries, CANDIDATES[name], home / name, progress)
        outcomes += [contest.outcome(name, group, folds) for group, folds in splits.items()]
        parameters[name] = contest.parameters()
    return Comparison(stage, entries, parameters, outcomes)


class _Contest:
    """One network through all folds; built once, for tracing a large one takes minutes."""

    def __init__(
        self,
        stage: Stage,
        entries: tuple[Entry, ...],
        candidate: Candidate,
        home: Path,
        progress: Progress,
    ) -> None:
        self._stage = stage
        self._entries = entries
        self._candidate = candidate
        self._home = home
        self._progress = progress
        self._built: tuple[Player, dict[str, npt.NDArray[np.float32]]] | None = None

    def parameters(self) -> int:
        """How many of the network's weights are trained."""
        path = self._home / "parameters.json"
        if not path.is_file():
            trained = self._player()[0].model.trainable_weights
            path.write_text(json.dumps(sum(math.prod(each.shape) for each in trained)))
        return int(json.loads(path.read_text()))

    def outcome(self, name: str, group: Group, folds: Sequence[int]) -> Outcome:
        material = self._stage.material
        frames = np.zeros((len(material.labels), 3), dtype=np.float32)
        recordings = np.zeros((len(self._entries), 3), dtype=np.float32)
        for fold in range(max(folds) + 1):
            found = self._fold(group, fold, folds)
            tested = np.flatnonzero(np.asarray(folds) == fold)
            frames[np.isin(material.recordings, tested)] = found["frames"]
            recordings[tested] = found["recordings"]
        return Outcome(name, group, frames, recordings)

    def _fold(
        self, group: Group, fold: int, folds: Sequence[int]
    ) -> dict[str, npt.NDArray[np.float32]]:
        home = self._home / f"by-{group}" / f"fold{fold}"
        if (home / _FINISHED).is_file():
            return dict(load_file(home / _FINISHED))
        player, start = self._player()
        fit.set_state(player.model, start)
        budget, material = self._stage.budget, self._stage.material
        stays = np.asarray(folds) != fold
        if player.clips:
            owners = np.arange(len(self._entries))
            trained = np.flatnonzero(stays)
        else:
            owners = material.recordings
            trained = _some_frames(material, np.flatnonzero(stays), budget.frames)
        fit.fit(
            player.model,
            fit.Material(
                player.inputs,
                material.labels if not player.clips else _labels(material),
                sample_weights(self._entries, owners, trained, "class"),
                trained,
                np.zeros(0, dtype=np.int64),
            ),
            fit.Schedule(
                self._candidate.epochs(budget),
                budget.clip_batch if player.clips else budget.batch,
                patience=0,
            ),
            [budget.seed, fold],
            home,
            lambda done, total: self._progress(
                f"{self._candidate.title}, by {group}, fold {fold + 1}", done, total
            ),
        )
        tested = np.flatnonzero(~stays)
        places = np.flatnonzero(np.isin(material.recordings, tested))
        frames = player.answer_frames(places)
        if player.clips:
            recordings = fit.answer(player.model, player.inputs, tested)
        else:
            mine = [material.recordings[places] == number for number in tested]
            recordings = np.stack([frames[each].mean(axis=0) for each in mine])
        found = {"frames": frames, "recordings": recordings}
        save_file(found, home / "scores.tmp")
        (home / "scores.tmp").replace(home / _FINISHED)
        (home / fit.CHECKPOINT).unlink()
        return found

    def _player(self) -> tuple[Player, dict[str, npt.NDArray[np.float32]]]:
        if self._built is None:
            self._home.mkdir(parents=True, exist_ok=True)
            keras.utils.set_random_seed(self._stage.budget.seed)
            player = self._candidate.set_up(self._stage)
            fit.prepare(player.model, self._candidate.learning_rate)
            self._built = player, fit.get_state(player.model)
        return self._built


def _some_frames(
    material: FrameSet, recordings: npt.NDArray[np.int64], most: int
) -> npt.NDArray[np.int64]:
    places = [
        place
        for number in recordings
        for place in evenly(np.flatnonzero(material.recordings == number).tolist(), most)
    ]
    return np.array(places, dtype=np.int64)


def _labels(material: FrameSet) -> npt.NDArray[np.int64]:
    """Of recordings, in order."""
    _, first = np.unique(material.recordings, return_index=True)
    return material.labels[first]
