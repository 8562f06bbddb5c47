"""One run of POCOVID-Net's cross-validation, from a folder of recordings to an artifact."""

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from models import artifact, evaluate, heldout, media, networks, trunk
from models.calibration import calibrate
from models.contract import CLASSES, FRAME_SIDE, Manifest
from models.dataset import (
    DatasetError,
    Entry,
    Group,
    assign_folds,
    class_weights,
    listing_hash,
    read_index,
)
from models.networks import Array

LICENCE = (
    "Trained on recordings of the POCUS dataset, most of them CC BY-NC or CC BY-NC-SA: "
    "for research and non-commercial use only."
)

CALIBRATION_STEP = 4
"""Every fourth frame measures how large the activations grow."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every hyperparameter of a run."""

    group: Group = "patient"  # what the shipped models' folds keep together
    folds: int = 5
    epochs: int = 12
    batch: int = 16
    learning_rate: float = 1e-4  # Adam, constant (paper, section 4.1)
    copies: int = 5  # augmented copies of each frame, one of them or the frame itself per epoch
    seed: int = 1
    report: tuple[Group, ...] = ("recording", "patient")  # cross-validations that are measured


Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class FrameSet:
    """The frames of all recordings in one row: pixels, class numbers, recording numbers."""

    frames: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    recordings: npt.NDArray[np.int64]


def train(
    data: Path, trunk_source: str, out: Path, work: Path, config: Config, progress: Progress
) -> Manifest:
    """Train the models of a cross-validation and write them as an artifact.

    Everything finished stays in `work`: a run that was killed and is started again with the same
    arguments goes on after the last whole epoch and ends with the same models.

    Args:
        data: folder in the layout of the public dataset, see `models.dataset.read_index`.
        trunk_source: see `models.trunk.load`.
        out: folder of the new artifact; its name is the version.
        work: folder for cached features and checkpoints.
        config: hyperparameters.
        progress: told of every step.

    Raises:
        DatasetError, TrunkError, ArtifactError: what cannot be trained on, from, or written to.
    """
    if out.exists():
        raise artifact.ArtifactError(f"{out} exists and an artifact is never changed.")
    entries = read_index(data).trained
    splits = {
        group: assign_folds(entries, group, config.folds, config.seed)
        for group in dict.fromkeys((config.group, *config.report))
    }
    weights = trunk.load(trunk_source)
    material = read_frames(entries, progress)
    features = trunk.cache_features(
        work / "features",
        material.frames,
        weights,
        copies=config.copies,
        seed=config.seed,
        progress=lambda done, total: progress("Trunk features", done, total),
    )
    run = work / _run_name(entries, weights, config)
    metrics: dict[str, Any] = {}
    held_out: dict[str, Array] = {}
    shipped: list[dict[str, Array]] = []
    for group, folds in splits.items():
        heads, scores = cross_validate(
            run / f"by-{group}", features, material, folds, weights, config, progress
        )
        held_out[group] = scores
        metrics[group] = evaluate.figures(
            evaluate.Tested(
                scores, material.labels, material.recordings, [e.kind == "video" for e in entries]
            )
        )
        if group == config.group:
            shipped = heads
    frozen = trunk.frozen(weights)
    calibration = calibrate(
        frozen,
        shipped,
        networks.MEAN_BGR,
        material.frames[::CALIBRATION_STEP],
        lambda done, total: progress("Calibrating", done, total),
    )
    manifest = Manifest(
        version=out.name,
        created=datetime.now(UTC).date().isoformat(),
        network="pocovidnet",
        folds=config.folds,
        group=config.group,
        classes=CLASSES,
        preprocessing={
            "side": FRAME_SIDE,
            "sampling_hz": media.SAMPLING_HZ,
            "most_frames": media.MOST_FRAMES,
            "channels": "BGR",
            "means": networks.MEAN_BGR,
        },
        training={
            **asdict(config),
            "optimizer": "Adam",
            "loss": "cross entropy, each class with the same share",
            "augmentation": "rotation 10 degrees, flips both ways, shifts 10 %",
            "trunk": {"file": Path(trunk_source).name, "sha256": trunk.fingerprint(weights)},
            "versions": {name: version(name) for name in ("keras", "numpy", "av")}
            | {"python": platform.python_version(), "backend": keras.backend.backend()},
        },
        data={
            "listing_sha256": listing_hash(entries),
            "frames": len(material.frames),
            "recordings": heldout.listing(
                entries, np.bincount(material.recordings).tolist(), splits
            ),
        },
        metrics=metrics,
        licence=LICENCE,
    )
    return artifact.save(out, manifest, artifact.Weights(frozen, shipped, calibration, held_out))


def read_frames(entries: Sequence[Entry], progress: Progress) -> FrameSet:
    """Decode, crop to the proposed square and sample every recording.

    Raises:
        DatasetError: a recording cannot be read; which one, and why.
    """
    frames: list[media.Picture] = []
    owners: list[int] = []
    for number, entry in enumerate(entries):
        try:
            found = media.read_inputs(entry.path)
        except media.MediaError as error:
            raise DatasetError(f"{entry.key}: {error.message}") from error
        frames.append(found)
        owners += [number] * len(found)
        progress("Reading recordings", number + 1, len(entries))
    labels = [CLASSES.index(entries[number].label) for number in owners]
    return FrameSet(np.concatenate(frames), np.array(labels), np.array(owners))


def cross_validate(
    work: Path,
    features: npt.NDArray[np.float16],
    material: FrameSet,
    folds: Sequence[int],
    weights: dict[str, Array],
    config: Config,
    progress: Progress,
) -> tuple[list[dict[str, Array]], npt.NDArray[np.float32]]:
    """Train one head for each fold; answer each frame by the head that never saw it.

    Returns:
        The heads' weights, and softmax scores (n, 3) for all frames.
    """
    by_frame = np.asarray(folds)[material.recordings]
    scores = np.zeros((len(by_frame), len(CLASSES)), dtype=np.float32)
    heads = []
    for fold in range(config.folds):
        tested = by_frame == fold
        head = train_head(
            work / f"fold{fold}",
            features,
            material.labels,
            ~tested,
            weights,
            fold,
            config,
            progress,
        )
        heads.append(head)
        model = networks.head()
        networks.set_weights(model, head)
        scores[tested] = keras.ops.convert_to_numpy(
            model.predict(np.asarray(features[0][tested], dtype=np.float32), verbose=0)
        )
    return heads, scores


def train_head(
    work: Path,
    features: npt.NDArray[np.float16],
    labels: npt.NDArray[np.int64],
    used: npt.NDArray[np.bool_],
    weights: dict[str, Array],
    fold: int,
    config: Config,
    progress: Progress,
) -> dict[str, Array]:
    """Train the three last weight layers on cached features of the frames that are `used`.

    Returns:
        The head's weights as they are shipped: kernels rounded to float16, the rest float32.
    """
    finished = work / "head.safetensors"
    if finished.is_file():
        return dict(load_file(finished))
    work.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(config.seed * 1000 + fold)
    model = networks.head()
    start = {name: v for name, v in weights.items() if name.startswith("block5_conv3")}
    networks.set_weights(model, start)
    # XLA's convolutions on a CPU are many times slower than oneDNN's, so it is off.
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        "sparse_categorical_crossentropy",
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    places = np.flatnonzero(used)
    balance = np.asarray(class_weights(labels[places].tolist()), dtype=np.float32)
    curve = _restore(work, model)
    for epoch in range(len(curve), config.epochs):
        rng = np.random.default_rng([config.seed, fold, epoch])
        _reseed(model, int(rng.integers(2**31)))
        order = rng.permutation(places)
        copies = rng.integers(features.shape[0], size=len(order))
        losses = []
        for at in range(0, len(order), config.batch):
            batch = order[at : at + config.batch]
            loss = model.train_on_batch(
                features[copies[at : at + config.batch], batch].astype(np.float32),
                labels[batch],
                sample_weight=balance[labels[batch]],
            )
            model.reset_metrics()
            losses.append(float(np.asarray(loss).ravel()[0]))
        curve.append(float(np.mean(losses)))
        _checkpoint(work, model, curve)
        progress(f"{work.parent.name}, fold {fold + 1}", epoch + 1, config.epochs)
    head = {name: _shipped(name, value) for name, value in networks.get_weights(model).items()}
    scratch = finished.with_suffix(".tmp")
    save_file(head, scratch)
    scratch.replace(finished)
    return head


def _run_name(entries: Sequence[Entry], weights: dict[str, Array], config: Config) -> str:
    """A folder name that changes with anything the models depend on."""
    parts = [listing_hash(entries), trunk.fingerprint(weights), json.dumps(asdict(config))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _shipped(name: str, value: Array) -> Array:
    return value.astype(np.float16) if name.endswith("kernel") else value.astype(np.float32)


def _reseed(model: keras.Model, seed: int) -> None:
    """Set the dropout masks of an epoch, so that a resumed run draws the same ones."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(np.array([seed, 0], dtype=np.uint32))


def _checkpoint(work: Path, model: keras.Model, curve: Sequence[float]) -> None:
    """Keep weights, optimizer state and losses in one file that is replaced at once."""
    state = {f"model/{n}": _array(v) for n, v in enumerate(model.weights)}
    state |= {f"optimizer/{n}": _array(v) for n, v in enumerate(model.optimizer.variables)}
    scratch = work / "checkpoint.tmp"
    save_file(state, scratch, metadata={"losses": json.dumps(list(curve))})
    scratch.replace(work / "checkpoint.safetensors")


def _restore(work: Path, model: keras.Model) -> list[float]:
    """Go on from the last whole epoch; returns the losses of the epochs that are done."""
    path = work / "checkpoint.safetensors"
    if not path.is_file():
        return []
    state = load_file(path)
    for n, variable in enumerate(model.weights):
        variable.assign(state[f"model/{n}"])
    for n, variable in enumerate(model.optimizer.variables):
        variable.assign(state[f"optimizer/{n}"])
    with safe_open(path, framework="np") as file:
        return list(json.loads(file.metadata()["losses"]))


def _array(variable: Any) -> Array:
    # Not ascontiguousarray: the optimizer's step is a single number, and must stay one.
    return np.array(variable.numpy(), order="C")
