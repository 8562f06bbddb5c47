"""Training loop of any network, with early stopping and reproducible resumption."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from models.atomic_files import atomic_replace
from models.contract import CLASSES
from models.inference.engine import Precision
from models.networks import Array, to_numpy

CHECKPOINT = "checkpoint.safetensors"

Indices = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

_PREDICT_BATCH = 32
_POLICIES: Mapping[Precision, str] = {"f32": "float32", "bf16": "mixed_bfloat16"}


class Inputs(Protocol):
    """Input samples by index, each in several copies; copy 0 is not augmented."""

    @property
    def copies(self) -> int:
        """Number of copies of each sample, including the one without augmentation."""

    def batch(self, copies: Indices, indices: Indices) -> Any:
        """These copies of these samples as the network's input: one array, or several."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length of a training.

    Attributes:
        epochs: maximum number, or the exact number if `patience` is 0.
        batch: batch size.
        patience: epochs without a lower validation loss before early stopping; 0 disables it.
    """

    epochs: int
    batch: int
    patience: int


@dataclass(slots=True)
class Curve:
    """The learning curve: metrics of each epoch.

    `best` is the index of the epoch whose weights are kept; the validation lists are empty without
    a validation split. The training loss is the weighted cross entropy; validation loss and
    accuracy are averaged over classes.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    best: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Training and validation samples.

    Attributes:
        inputs: of all samples.
        labels: (n,) class indices, or regression targets (n, m), without validation.
        weights: (n,) sample weights of the loss.
        train_indices: indices of the training samples.
        validation_indices: indices of the validation samples; may be empty.
    """

    inputs: Inputs
    labels: npt.NDArray[Any]
    weights: npt.NDArray[np.float32]
    train_indices: Indices
    validation_indices: Indices


@contextmanager
def compute_dtype(precision: Precision) -> Iterator[None]:
    """Layers created in this context compute in this precision; their weights stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compile_for_classification(
    model: keras.Model, learning_rate: float, averaging_steps: float = 1.0
) -> None:
    """Compile a network with Adam and sparse categorical cross entropy.

    Args:
        model: any network with a softmax output.
        learning_rate: of Adam.
        averaging_steps: time constant, in steps, of the exponential moving average of the weights
            (Polyak and Juditsky 1992); 1 disables averaging.
    """
    optimizer = keras.optimizers.Adam(
        learning_rate, use_ema=averaging_steps > 1, ema_momentum=1 - 1 / max(1.0, averaging_steps)
    )
    compile_with(model, optimizer, "sparse_categorical_crossentropy")


def compile_with(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: str) -> None:
    """Compile a network with this optimizer and loss."""
    # XLA is off: its convolutions are many times slower than oneDNN's on a CPU.
    model.compile(optimizer, loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)


def fit(
    model: keras.Model,
    data: TrainingData,
    schedule: Schedule,
    seed: Sequence[int],
    work: Path,
    progress: Callable[[int, int], None],
) -> Curve:
    """Train a network in place, and leave it with the (averaged) weights of its best epoch.

    A checkpoint is written to `work` after each epoch, so that a run that was killed and resumed
    ends with the same weights as an uninterrupted one. Only the samples of `train_indices` and
    `validation_indices` are read.

    Args:
        model: compiled; only trainable weights change.
        data: training and validation samples.
        schedule: length of the training.
        seed: of the sample order, copies and dropout.
        work: folder of the checkpoint.
        progress: called with the number of epochs done and in all.

    Returns:
        The learning curve.
    """
    work.mkdir(parents=True, exist_ok=True)
    curve, best = _restore(work, model)
    has_validation = len(data.validation_indices) > 0
    while not _is_finished(curve, schedule):
        rng = np.random.default_rng([*seed, len(curve.loss)])
        _reseed(model, int(rng.integers(2**31)))
        curve.loss.append(_epoch(model, data, schedule.batch, rng))
        curve.best = len(curve.loss) - 1
        if has_validation:
            with _averaged(model):
                loss, accuracy = _validate(model, data)
                curve.validation_loss.append(loss)
                curve.validation_accuracy.append(accuracy)
                curve.best = int(np.argmin(curve.validation_loss))
                if curve.best == len(curve.loss) - 1:
                    best = _indexed("best", model.weights)
        _checkpoint(work, model, best, curve)
        progress(len(curve.loss), schedule.epochs)
    if has_validation:
        for n, variable in enumerate(model.weights):
            variable.assign(best[f"best/{n}"])
    else:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    return curve


def get_state(model: keras.Model) -> dict[str, Array]:
    """Weights and optimizer state of a compiled network."""
    return _indexed("model", model.weights) | _indexed("optimizer", model.optimizer.variables)


def set_state(model: keras.Model, state: Mapping[str, Array]) -> None:
    """Restore a state from `get_state`."""
    for part, variables in (("model", model.weights), ("optimizer", model.optimizer.variables)):
        for n, variable in enumerate(variables):
            variable.assign(state[f"{part}/{n}"])


def predict(model: keras.Model, inputs: Inputs, indices: Indices) -> Scores:
    """Softmax scores (len(places), 3) for samples that are not augmented."""
    rows = [np.zeros((0, len(CLASSES)), dtype=np.float32)]
    for at in range(0, len(indices), _PREDICT_BATCH):
        batch_indices = indices[at : at + _PREDICT_BATCH]
        found = model.predict_on_batch(inputs.batch(np.zeros_like(batch_indices), batch_indices))
        rows.append(np.asarray(found, dtype=np.float32))
    return np.concatenate(rows)


def _epoch(model: keras.Model, data: TrainingData, batch: int, rng: np.random.Generator) -> float:
    order = rng.permutation(data.train_indices)
    copies = rng.integers(data.inputs.copies, size=len(order))
    losses = []
    for at in range(0, len(order), batch):
        indices = order[at : at + batch]
        if at and len(indices) == 1:
            # Batch normalisation is undefined for a single sample.
            continue
        loss = model.train_on_batch(
            data.inputs.batch(copies[at : at + batch], indices),
            data.labels[indices],
            sample_weight=data.weights[indices],
        )
        model.reset_metrics()
        losses.append(float(np.asarray(loss).ravel()[0]))
    return float(np.mean(losses))


@contextmanager
def _averaged(model: keras.Model) -> Iterator[None]:
    """Temporarily replace the network's weights by their moving average, if any."""
    current = [to_numpy(variable) for variable in model.trainable_variables]
    model.optimizer.finalize_variable_values(model.trainable_variables)
    yield
    for variable, value in zip(model.trainable_variables, current, strict=True):
        variable.assign(value)


def _validate(model: keras.Model, data: TrainingData) -> tuple[float, float]:
    """Loss and accuracy, averaged over classes."""
    scores = predict(model, data.inputs, data.validation_indices)
    truth = data.labels[data.validation_indices]
    losses = -np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-7))
    present = np.unique(truth)
    loss = np.mean([losses[truth == n].mean() for n in present])
    accuracy = np.mean([(scores[truth == n].argmax(axis=1) == n).mean() for n in present])
    return float(loss), float(accuracy)


def _is_finished(curve: Curve, schedule: Schedule) -> bool:
    done = len(curve.loss)
    stops_early = schedule.patience and curve.validation_loss
    return done >= schedule.epochs or bool(
        stops_early and done - 1 - curve.best >= schedule.patience
    )


def _reseed(model: keras.Model, seed: int) -> None:
    """Seed the dropout of an epoch, so that a resumed run draws the same masks."""
    # PyTorch's dropout uses a global generator, the other backends one per layer.
    keras.utils.set_random_seed(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(np.array([seed, 0], dtype=np.uint32))


def _checkpoint(work: Path, model: keras.Model, best: dict[str, Array], curve: Curve) -> None:
    """Write weights, optimizer state, best weights and curve to one file, atomically."""
    metadata = {"curve": json.dumps(curve.to_dict())}
    with atomic_replace(work / CHECKPOINT) as scratch:
        save_file(get_state(model) | best, scratch, metadata=metadata)


def _restore(work: Path, model: keras.Model) -> tuple[Curve, dict[str, Array]]:
    """Restore the last complete epoch, if any; returns the curve so far and the best weights."""
    path = work / CHECKPOINT
    if not path.is_file():
        return Curve(), {}
    state = load_file(path)
    set_state(model, state)
    with safe_open(path, framework="np") as file:
        curve = Curve(**json.loads(file.metadata()["curve"]))
    return curve, {name: value for name, value in state.items() if name.startswith("best/")}


def _indexed(part: str, variables: Sequence[Any]) -> dict[str, Array]:
    return {f"{part}/{n}": to_numpy(variable) for n, variable in enumerate(variables)}
