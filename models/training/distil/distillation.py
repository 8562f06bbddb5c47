"""Feature distillation of blocks 4 and 5 of a trunk (Hinton et al. 2015), without labels.

A 1x1 convolution on block5_conv3 predicts the teachers' feature maps. The teachers receive the
original frame, the student also copies with another brightness, so that its features depend less
on a scanner's gain.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from models import networks
from models.atomic_files import atomic_replace
from models.data.extraction import FRAMES, FrameCache
from models.data.index import read_index
from models.inference import engine
from models.networks import Array
from models.training import fit, trunk
from models.training.augment import BRIGHTNESS, Augmentation
from models.training.distil import teachers
from models.training.fit import Curve, Schedule, TrainingData
from models.training.train import Progress, read_frames
from models.training.trunk import TrunkError

_FROZEN_BLOCKS = 3
_FIRST, _LAST = f"block{_FROZEN_BLOCKS}_pool", "block5_conv3"
_SIDE = networks.FEATURE_SHAPE[0]
_BATCH = 32
_SAMPLE = 7  # every seventh frame is enough to know the channels, and to begin with
_SHRINKAGE = 0.01  # of its ridge regression, as a part of the frames' places
_MIN_SPREAD = 0.2  # of a channel, as a part of the median: what hardly varies is not blown up


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every hyperparameter.

    Attributes:
        epochs: number of epochs; each uses one copy of every frame, or the frame itself.
        copies: augmented copies of each frame.
        batch: batch size.
        learning_rate: maximum of AdamW, after one epoch of warm-up, before a cosine decay to 0.
        seed: of copies and order.
        augmentation: of the copies, without any geometric transformation.
    """

    epochs: int = 15
    copies: int = 2
    batch: int = 16
    learning_rate: float = 1e-5
    seed: int = 1
    augmentation: Augmentation = BRIGHTNESS


def distil(
    data: Path,
    trunk_source: str,
    teacher_files: Sequence[Path],
    out: Path,
    work: Path,
    recipe: Recipe,
    progress: Progress,
) -> Curve:
    """Write a trunk whose blocks 4 and 5 were distilled from the teachers on a dataset's frames.

    All frames are used, including the test frames of a cross-validation, but no labels: a mild
    form of data leakage. A killed run resumes after its last epoch.

    Args:
        data: folder in the layout of the public dataset.
        trunk_source: initial weights, see `models.training.trunk.load`.
        teacher_files: see `models.training.distil.teachers.load`.
        out: the new trunk, a `.safetensors` file for `models.training.trunk.load`.
        work: folder for frames, maps and the checkpoint: some gigabytes.
        recipe: hyperparameters.
        progress: called after every step.

    Returns:
        The learning curve: mean squared error of each epoch; 1 is that of predicting the means.

    Raises:
        DatasetError, TrunkError: the dataset, the weights or the output is invalid.
    """
    if out.exists():
        raise TrunkError(f"{out} exists; give another name, or delete it.")
    entries = read_index(data).trained
    weights = trunk.load(trunk_source)
    teacher_models = [teachers.load(path) for path in teacher_files]
    frames = read_frames(entries, FrameCache(work / FRAMES), progress).frames
    precision = engine.best_precision({})
    key_parts = [trunk.fingerprint(weights), json.dumps(asdict(recipe)), precision]
    key_parts += [hashlib.sha256(path.read_bytes()).hexdigest() for path in teacher_files]
    key_parts.append(hashlib.sha256(frames.tobytes()).hexdigest())
    home = work / f"distil-{hashlib.sha256(' '.join(key_parts).encode()).hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    inputs = _student_inputs(
        home / "student_inputs.npy", frames, weights, precision, recipe, progress
    )
    targets = _teacher_maps(home / "teacher_maps.npy", frames, teacher_models, progress)
    keras.utils.set_random_seed(recipe.seed)
    with fit.compute_dtype(precision):
        student = _student(weights)
        model = _with_adapter(student, inputs[0], targets)
    steps = math.ceil(len(frames) / recipe.batch)
    learning_rate_schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps * (recipe.epochs - 1)),
        warmup_target=recipe.learning_rate,
        warmup_steps=steps,
    )
    fit.compile_with(
        model,
        keras.optimizers.AdamW(learning_rate_schedule, weight_decay=1e-5, clipnorm=1.0),
        "mse",
    )
    all_frames = np.arange(len(frames))
    curve = fit.fit(
        model,
        TrainingData(
            trunk.CachedFeatures(inputs),
            targets,
            np.ones(len(frames), dtype=np.float32),
            all_frames,
            all_frames[:0],
        ),
        Schedule(recipe.epochs, recipe.batch, patience=0),
        [recipe.seed],
        home,
        lambda done, total: progress("Distilling", done, total),
    )
    trained = networks.get_weights(student)
    updated = {name: trained.get(name, value).astype(np.float16) for name, value in weights.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_replace(out) as scratch:
        save_file(updated, scratch)
    return curve


def _student(weights: dict[str, Array]) -> keras.Model:
    """Blocks 4 and 5, trainable: (n, 28, 28, 256) to (n, 14, 14, 512)."""
    whole = networks.pocovidnet()
    ends = (whole.get_layer(_FIRST).output, whole.get_layer(_LAST).output)
    student = keras.Model(*ends, name="student")
    for layer in student.layers:
        layer.trainable = True
    networks.set_weights(
        student, {n: v for n, v in weights.items() if n.startswith(("block4", "block5"))}
    )
    return student


def _with_adapter(
    student: keras.Model, inputs: npt.NDArray[np.float16], targets: npt.NDArray[np.float16]
) -> keras.Model:
    """The student with a 1x1 convolution to the teachers' maps, initialised by ridge regression."""
    sample = slice(None, None, _SAMPLE)
    features = np.concatenate(
        [
            np.asarray(student.predict_on_batch(chunk.astype(np.float32)), dtype=np.float32)
            for chunk in _chunks(inputs[sample])
        ]
    ).reshape(-1, networks.FEATURE_SHAPE[-1])
    expected = targets[sample].reshape(len(features), -1).astype(np.float32)
    spread = features.std(axis=0)
    spread = np.maximum(spread, max(_MIN_SPREAD * float(np.median(spread)), 1e-6))
    design = np.concatenate(
        [features / spread, np.ones((len(features), 1), dtype=np.float32)], axis=1
    )
    square = design.T @ design + _SHRINKAGE * len(design) * np.eye(
        design.shape[1], dtype=np.float32
    )
    solution = np.linalg.solve(square, design.T @ expected)
    # The loss is computed in full precision.
    adapter = keras.layers.Conv2D(expected.shape[1], 1, name="tell", dtype="float32")
    flat = keras.layers.Flatten(dtype="float32")
    model = keras.Model(student.input, flat(adapter(student.output)))
    adapter.set_weights([(solution[:-1] / spread[:, None])[None, None], solution[-1]])
    return model


def _student_inputs(
    path: Path,
    frames: npt.NDArray[np.uint8],
    weights: dict[str, Array],
    precision: engine.Precision,
    recipe: Recipe,
    progress: Progress,
) -> npt.NDArray[np.float16]:
    """Block 3's output for frames and copies: (1 + copies, n, 28, 28, 256), on disk."""
    shape = (1 + recipe.copies, len(frames), 2 * _SIDE, 2 * _SIDE, 256)

    def fill(maps: Any) -> None:
        frozen_weights = trunk.frozen_layers(weights)
        compiled = engine.compile_trunk(
            frozen_weights, networks.MEAN_BGR, precision, _FROZEN_BLOCKS
        )
        for copy in range(shape[0]):
            for start in range(0, len(frames), _BATCH):
                stop = min(start + _BATCH, len(frames))
                pictures = [
                    trunk.augmented_copy(
                        frames[place], copy, place, recipe.seed, recipe.augmentation
                    )
                    for place in range(start, stop)
                ]
                maps[copy, start:stop] = compiled.run(np.stack(pictures))[0]
                progress("Maps of block 3", copy * len(frames) + stop, shape[0] * shape[1])

    return _cached_array(path, shape, fill)


def _teacher_maps(
    path: Path,
    frames: npt.NDArray[np.uint8],
    teacher_models: Sequence[keras.Model],
    progress: Progress,
) -> npt.NDArray[np.float16]:
    """The teachers' feature maps, standardised by channel: (n, 14 * 14 * channels), on disk."""
    fitting = keras.layers.Resizing(_SIDE, _SIDE)
    channels = sum(model.output.shape[-1] for model in teacher_models)

    def fill(maps: Any) -> None:
        for start in range(0, len(frames), _BATCH):
            batch = frames[start : start + _BATCH]
            maps_ = [np.asarray(fitting(_feature_maps(model, batch))) for model in teacher_models]
            maps[start : start + len(batch)] = np.concatenate(maps_, axis=-1).reshape(
                len(batch), -1
            )
            progress("Maps of the teachers", start + len(batch), len(frames))
        sample = maps[::_SAMPLE].reshape(-1, channels).astype(np.float32)
        mean, spread = sample.mean(axis=0), sample.std(axis=0)
        spread = np.maximum(spread, max(_MIN_SPREAD * float(np.median(spread)), 1e-6))
        for chunk in _chunks(maps):
            flat = chunk.reshape(len(chunk), -1, channels)
            chunk[:] = ((flat - mean) / spread).reshape(len(chunk), -1)

    return _cached_array(path, (len(frames), _SIDE * _SIDE * channels), fill)


def _cached_array(path: Path, shape: tuple[int, ...], fill: Any) -> npt.NDArray[np.float16]:
    """An array on disk, computed unless it exists; written atomically."""
    if not path.is_file():
        with atomic_replace(path) as scratch:
            maps = np.lib.format.open_memmap(scratch, mode="w+", dtype=np.float16, shape=shape)
            fill(maps)
            maps.flush()
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


def _feature_maps(model: keras.Model, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    solution = model.predict_on_batch(networks.preprocess(frames))
    return np.asarray(solution, dtype=np.float32)


def _chunks(array: npt.NDArray[Any]) -> Sequence[npt.NDArray[Any]]:
    return [array[start : start + _BATCH] for start in range(0, len(array), _BATCH)]
