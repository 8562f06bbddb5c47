"""POCOVID-Net's cross-validation, from a folder of recordings to an artifact.

`train` runs it in one process. Its steps can also run in separate processes: `plan` reads the data
and computes features, `train_fold` trains one model, `assemble` writes the artifact.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from models import networks
from models.atomic_files import atomic_replace
from models.contract import CLASSES, FRAME_SIDE, Manifest
from models.data.duplicates import with_duplicate_groups
from models.data.extraction import FRAMES, Facts, FrameCache, read_all
from models.data.folds import (
    Group,
    assign_folds,
    predefined_folds,
    validation_split,
    without_split_groups,
)
from models.data.index import DatasetError, Entry, listing_hash, read_index
from models.evaluation import held_out, metrics
from models.inference import artifact, engine
from models.inference.calibration import FRAME_STEP, calibrate
from models.media import sampling
from models.networks import Array
from models.training import curves, fit, trunk
from models.training.answer import ShippedSigns, make_answer, shipped_signs
from models.training.augment import BRIGHTNESS, Augmentation
from models.training.balance import Balance, sample_weights
from models.training.fit import Inputs
from models.training.fold_result import FoldResult

LICENCE = (
    "Trained on recordings of the POCUS dataset, most of them CC BY-NC or CC BY-NC-SA: "
    "for research and non-commercial use only."
)


_FINISHED = "fold.safetensors"
_ANSWERS = "answers.npy"
_CALIBRATION = "calibration-{heads}.safetensors"


@dataclass(frozen=True, slots=True)
class Config:
    """Every hyperparameter of a run."""

    group: Group = "patient"  # split unit of the shipped models' folds
    folds: int = 5
    epochs: int = 15  # maximum number, or exact without early stopping
    patience: int = 0  # epochs without a lower validation loss before early stopping, or 0
    validation: float = 0.15  # share of a fold's training recordings, with early stopping
    batch: int = 16
    learning_rate: float = 1e-4  # Adam, constant (paper, section 4.1)
    averaging: float = 0.2  # time constant of weight averaging, as a share of all steps, or 0
    copies: int = 4  # augmented copies of each frame; each epoch uses one or the frame itself
    augmentation: Augmentation = BRIGHTNESS
    balance: Balance = "class"  # unit with equal total weight in the loss
    cache: bool = True  # cache the trunk's features, or compute them at every step
    seed: int = 1
    report: tuple[Group, ...] = ("recording", "patient", "source")  # cross-validations to evaluate


Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, the items done and the total number of items."""


@dataclass(frozen=True, slots=True)
class FrameSet:
    """All frames, uint8 RGB (n, 224, 224, 3), with class and recording indices (n,)."""

    frames: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    recordings: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """A run, prepared to train any of its folds.

    Attributes:
        config: its hyperparameters.
        entries: the training recordings.
        splits: for each group, the test fold of each recording.
        left_out: groups of `config.report` that cannot be split, with the reason.
        ambiguities: sentences on recordings without an unambiguous table row, see
            `models.data.index`.
        excluded: keys of recordings that the predefined folds would leak, see
            `models.data.folds.without_split_groups`.
        facts: by SHA-256, probe and fingerprint of each recording.
        weights: initial weights, see `models.training.trunk.load`.
        trunk_name: see `models.training.trunk.describe_source`.
        frame_set: all frames.
        inputs: the trunk's features of the frames.
        precision: in which block5_conv3 is trained.
        work: folder of this run; its name changes with anything the models depend on.
    """

    config: Config
    entries: tuple[Entry, ...]
    splits: dict[Group, list[int]]
    left_out: dict[Group, str]
    ambiguities: tuple[str, ...]
    excluded: tuple[str, ...]
    facts: dict[str, Facts] = field(repr=False)
    weights: dict[str, Array] = field(repr=False)
    trunk_name: str
    frame_set: FrameSet = field(repr=False)
    inputs: Inputs = field(repr=False)
    precision: engine.Precision
    work: Path

    @property
    def jobs(self) -> list[tuple[Group, int]]:
        """Group and fold of every model to train."""
        return [(group, fold) for group in self.splits for fold in range(self.folds(group))]

    def folds(self, group: Group) -> int:
        """The number of folds of a group."""
        return max(self.splits[group]) + 1


def train(
    data: Path, trunk_source: str, out: Path, work: Path, config: Config, progress: Progress
) -> Manifest:
    """Train the models of a cross-validation and write them as an artifact.

    Results are kept in `work`: a killed run, started again with the same arguments, resumes after
    the last complete epoch and ends with the same models.

    Args:
        data: folder in the layout of the public dataset, see `models.data.index.read_index`.
        trunk_source: see `models.training.trunk.load`.
        out: folder of the new artifact; its name is the version.
        work: folder for cached features and checkpoints.
        config: hyperparameters.
        progress: called after every step.

    Raises:
        DatasetError, TrunkError, ArtifactError: the dataset, the trunk or the output is invalid.
    """
    if out.exists():
        raise artifact.ArtifactError(f"{out} exists and artifacts are never modified.")
    prepared = plan(data, trunk_source, work, config, progress)
    results = [train_fold(prepared, group, fold, progress) for group, fold in prepared.jobs]
    return assemble(prepared, results, out, progress, signs=shipped_signs())


def plan(data: Path, trunk_source: str, work: Path, config: Config, progress: Progress) -> Plan:
    """Read the recordings, split them, and compute the trunk's features; arguments as in `train`.

    Features are cached in `work`.

    Raises:
        DatasetError: there is nothing to train on, or the shipped models' group cannot be split.
        TrunkError: see `models.training.trunk.load`.
    """
    index = read_index(data)
    entries = index.trained
    _splits(data, entries, config)  # fail before reading anything
    weights = trunk.load(trunk_source)
    cache = FrameCache(work / FRAMES)
    frame_set = read_frames(entries, cache, progress)
    facts = {each.sha256: cache.facts(each.sha256) for each in entries}
    grouped = with_duplicate_groups(entries, facts)
    entries = without_split_groups(data, grouped)
    excluded = tuple(sorted({each.key for each in grouped} - {each.key for each in entries}))
    if excluded:
        frame_set = read_frames(entries, cache, progress)
    splits, left_out = _splits(data, entries, config)
    copies: dict[str, Any] = {
        "copies": config.copies,
        "seed": config.seed,
        "augmentation": config.augmentation,
    }
    inputs: Inputs
    if config.cache:
        inputs = trunk.CachedFeatures(
            trunk.cache_features(
                work / "features",
                frame_set.frames,
                weights,
                progress=lambda done, total: progress("Trunk features", done, total),
                **copies,
            )
        )
    else:
        inputs = trunk.DirectFeatures(frame_set.frames, weights, **copies)
    precision = engine.best_precision({})
    run_folder = work / _run_name(entries, weights, config, precision)
    name = trunk.describe_source(trunk_source)
    return Plan(
        config,
        entries,
        splits,
        left_out,
        index.ambiguities,
        excluded,
        facts,
        weights,
        name,
        frame_set,
        inputs,
        precision,
        run_folder,
    )


def train_fold(plan: Plan, group: Group, fold: int, progress: Progress) -> FoldResult:
    """Train the model of one fold and predict its test frames.

    A finished fold is read from the plan's folder; an interrupted one resumes after its last
    complete epoch.
    """
    home = plan.work / f"by-{group}" / f"fold{fold}"
    if (home / _FINISHED).is_file():
        return FoldResult.load(home / _FINISHED)
    config, frame_set = plan.config, plan.frame_set
    folds = plan.splits[group]
    training = [number for number, tests in enumerate(folds) if tests != fold]
    validation: list[int] = []
    validation_group: Group | None = None
    if config.patience:
        seed = [config.seed, fold]
        validation, validation_group = validation_split(
            plan.entries, training, group, config.validation, seed
        )
    train_indices = _frame_indices(frame_set, sorted(set(training) - set(validation)))
    keras.utils.set_random_seed(config.seed * 1000 + fold)
    with fit.compute_dtype(plan.precision):
        model = networks.head()
    networks.set_weights(
        model, {n: value for n, value in plan.weights.items() if n.startswith("block5_conv3")}
    )
    steps = config.epochs * math.ceil(len(train_indices) / config.batch)
    fit.compile_for_classification(model, config.learning_rate, config.averaging * steps)
    curve = fit.fit(
        model,
        fit.TrainingData(
            plan.inputs,
            frame_set.labels,
            sample_weights(plan.entries, frame_set.recordings, train_indices, config.balance),
            train_indices,
            _frame_indices(frame_set, validation),
        ),
        fit.Schedule(config.epochs, config.batch, config.patience),
        [config.seed, fold],
        home,
        lambda done, total: progress(f"by-{group}, fold {fold + 1}", done, total),
    )
    head = {
        name: _to_shipped_dtype(name, value) for name, value in networks.get_weights(model).items()
    }
    # Evaluate the weights as shipped, rounded to float16, in full precision.
    measured = networks.head()
    networks.set_weights(measured, head)
    tested = _frame_indices(frame_set, [n for n, tests in enumerate(folds) if tests == fold])
    scores = fit.predict(measured, plan.inputs, tested)
    result = FoldResult(group, fold, head, tested, scores, curve, validation_group)
    result.save(home / _FINISHED)
    (home / fit.CHECKPOINT).unlink()
    return result


def assemble(
    plan: Plan,
    results: Sequence[FoldResult],
    out: Path,
    progress: Progress,
    licence: str = LICENCE,
    signs: ShippedSigns | None = None,
) -> Manifest:
    """Evaluate and calibrate the models of all folds and write the artifact.

    Args:
        plan: the prepared run.
        results: of all `plan.jobs`.
        out: folder of the new artifact; its name is the version.
        progress: called after every step.
        licence: permitted use of the artifact, which follows from the recordings' licences.
        signs: the sign network, which does not depend on the recordings; readers of its signs are
            trained here. None for POCOVID-Net alone.

    Raises:
        ValueError: a fold's result is missing.
        ArtifactError: the artifact exists.
    """
    result_of = {(result.group, result.fold): result for result in results}
    if missing := [job for job in plan.jobs if job not in result_of]:
        raise ValueError(f"expected a result for every fold of {plan.work}, got none for {missing}")
    config, frame_set, entries = plan.config, plan.frame_set, plan.entries
    by_group = {
        group: [result_of[group, fold] for fold in range(plan.folds(group))]
        for group in plan.splits
    }
    softmax: dict[str, Array] = {
        group: _in_frame_order(frame_set, parts) for group, parts in by_group.items()
    }
    heads = [result.head for result in by_group[config.group]]
    frozen_weights = trunk.frozen_layers(plan.weights)
    # Scores computed in training differ from the engine's in single frames, through the rounding of
    # cached features; an evaluation of the artifact must reproduce its manifest.
    softmax[config.group] = held_out.predict_held_out(
        lambda: engine.compile_classifier(
            frozen_weights, heads, networks.MEAN_BGR, held_out.PRECISION, {}
        ),
        frame_set.frames,
        frame_set.recordings,
        plan.splits[config.group],
        plan.work / _ANSWERS,
        lambda done, total: progress("Scoring held-out frames", done, total),
    )
    calibration = _calibrated(
        plan, frozen_weights, heads, lambda done, total: progress("Calibrating", done, total)
    )
    answer = None
    if signs is not None:
        answer = make_answer(
            signs.weights,
            frame_set.frames,
            frame_set.labels,
            frame_set.recordings,
            entries,
            dict[str, Sequence[int]](plan.splits.items()),
            config.group,
            softmax,
            progress,
        )
        softmax = answer.scores
    is_video = [entry.kind == "video" for entry in entries]
    manifest = Manifest(
        version=out.name,
        created=datetime.now(UTC).date().isoformat(),
        network="pocovidnet",
        folds=len(heads),
        group=config.group,
        classes=CLASSES,
        preprocessing={
            "side": FRAME_SIDE,
            "sampling_hz": sampling.SAMPLING_HZ,
            "most_frames": sampling.MAX_FRAMES,
            "colour": sampling.COLOUR,
            "channels": "BGR",
            "means": networks.MEAN_BGR,
        },
        training={
            **asdict(config),
            "optimizer": "Adam",
            "loss": f"cross entropy, each {config.balance} with the same share",
            "precision": plan.precision,
            "trunk": {"file": plan.trunk_name, "sha256": trunk.fingerprint(plan.weights)},
            "versions": artifact.versions() | {"backend": keras.backend.backend()},
            "curves": {
                group: [
                    {**result.curve.to_dict(), "validation": result.validation} for result in parts
                ]
                for group, parts in by_group.items()
            },
        },
        data={
            "listing_sha256": listing_hash(entries),
            "frames": len(frame_set.frames),
            "recordings": held_out.recordings_for_manifest(
                entries,
                np.bincount(frame_set.recordings).tolist(),
                dict[str, Sequence[int]](plan.splits.items()),
                plan.facts,
            ),
            "left_out": plan.left_out,
            "in_doubt": list(plan.ambiguities),
            "torn": plan.excluded,
        },
        metrics={
            group: metrics.compute_metrics(
                metrics.HeldOutScores(scores, frame_set.labels, frame_set.recordings, is_video)
            )
            for group, scores in softmax.items()
        },
        licence=licence,
        answer={} if answer is None or signs is None else {**answer.description, **signs.refusal},
    )
    return artifact.save(
        out,
        manifest,
        artifact.Weights(
            frozen_weights,
            heads,
            calibration,
            softmax,
            None if signs is None else signs.weights,
            {} if answer is None else answer.reader_weights(),
        ),
        curves.plot({group: [each.curve for each in parts] for group, parts in by_group.items()}),
    )


def _calibrated(
    plan: Plan,
    frozen_weights: dict[str, Array],
    heads: Sequence[dict[str, Array]],
    progress: Callable[[int, int], None],
) -> dict[str, Array]:
    """The calibration of these heads, cached in the plan's folder for a resumed run."""
    named = {f"{n}/{name}": value for n, head in enumerate(heads) for name, value in head.items()}
    path = plan.work / _CALIBRATION.format(heads=trunk.fingerprint(named)[:12])
    if path.is_file():
        found: dict[str, Array] = load_file(path)
        layers = sum(name.endswith("/shift") for name in found)
        progress(layers, layers)
        return found
    found = calibrate(
        frozen_weights,
        heads,
        networks.MEAN_BGR,
        plan.frame_set.frames[::FRAME_STEP],
        progress,
    )
    with atomic_replace(path) as scratch:
        save_file(found, scratch)
    return found


def read_frames(entries: Sequence[Entry], cache: FrameCache, progress: Progress) -> FrameSet:
    """Decode every recording, crop it to the proposed square and sample its frames.

    Raises:
        DatasetError: a recording cannot be read, with its key and the reason.
    """
    frames = read_all(
        entries, cache, lambda done, total: progress("Reading recordings", done, total)
    )
    owners = np.repeat(np.arange(len(entries)), [len(each) for each in frames])
    labels = np.array([CLASSES.index(entry.label) for entry in entries])
    return FrameSet(np.concatenate(frames), labels[owners], owners)


def _splits(
    data: Path, entries: Sequence[Entry], config: Config
) -> tuple[dict[Group, list[int]], dict[Group, str]]:
    """Folds by group; predefined patient folds take precedence over `config.folds`."""
    given = predefined_folds(data, entries)

    def folds(group: Group) -> list[int]:
        if group == "patient" and given is not None:
            return given
        return assign_folds(entries, group, config.folds, config.seed)

    splits = {config.group: folds(config.group)}
    left_out: dict[Group, str] = {}
    for group in config.report:
        try:
            splits[group] = folds(group)
        except DatasetError as error:
            left_out[group] = str(error)
    return splits, left_out


def _frame_indices(frame_set: FrameSet, recordings: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.isin(frame_set.recordings, recordings))


def _in_frame_order(frame_set: FrameSet, results: Sequence[FoldResult]) -> npt.NDArray[np.float32]:
    scores = np.zeros((len(frame_set.labels), len(CLASSES)), dtype=np.float32)
    for result in results:
        scores[result.frame_indices] = result.scores
    return scores


def _run_name(
    entries: Sequence[Entry],
    weights: dict[str, Array],
    config: Config,
    precision: engine.Precision,
) -> str:
    """A folder name that changes with anything the models depend on."""
    parts = [listing_hash(entries), trunk.fingerprint(weights), json.dumps(asdict(config))]
    parts += [f"{entry.source} {entry.duplicate_group}" for entry in entries]
    parts += [keras.backend.backend(), precision]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _to_shipped_dtype(name: str, value: Array) -> Array:
    return value.astype(np.float16) if name.endswith("kernel") else value.astype(np.float32)
