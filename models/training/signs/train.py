"""Training of the sign network: rounds of learning from drawings while the next ones are drawn.

No recording is read, so that nothing it answers about one looks ahead.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score

from models.atomic_files import atomic_replace
from models.inference import engine
from models.inference.sign_weights import SignWeights
from models.networks import Array, get_weights
from models.networks.sign_network import sign_network
from models.training import fit
from models.training.signs.drawings import (
    Draw,
    Drawings,
    Plan,
    Stock,
    augmented,
    concatenated,
    draw_many,
)

Progress = Callable[[str, int, int], None]

_MAPS_WEIGHT = 2.0
_CHECKPOINT_ROUNDS = 10
_HELD_OUT_SEED = 1_000_003
"""Of the drawings that are only looked at, never learnt from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every hyperparameter.

    Attributes:
        drawings: drawn in all.
        reuse: how often each is learnt from, on average.
        batch: drawings a step.
        each_round: drawings of a round.
        kept: the newest drawings, from which a step takes its batch.
        learning_rate: maximum of AdamW, after the warm-up, before a cosine decay to a hundredth.
        warm_up: steps.
        weight_decay: of AdamW.
        averaging_steps: time constant of the moving average of the weights.
        held_out: drawings for the figures.
        seed: of drawings, order and initial weights.
    """

    drawings: int = 500_000
    reuse: float = 2.0
    batch: int = 64
    each_round: int = 2_048
    kept: int = 65_536
    learning_rate: float = 2e-3
    warm_up: int = 200
    weight_decay: float = 1e-3
    averaging_steps: float = 500.0
    held_out: int = 4_096
    seed: int = 1

    @property
    def rounds(self) -> int:
        """Rounds in all."""
        return math.ceil(self.drawings / self.each_round)

    @property
    def steps_each_round(self) -> int:
        """Steps of learning for each round of drawings."""
        return max(1, round(self.each_round * self.reuse / self.batch))


@dataclass(frozen=True, slots=True)
class Names:
    """What the network's outputs are called, in their order."""

    maps: Sequence[str]
    signs: Sequence[str]


def train(
    draw: Draw,
    names: Names,
    out: Path,
    work: Path,
    recipe: Recipe,
    processes: int,
    progress: Progress,
) -> dict[str, Any]:
    """Train the sign network on drawings, and write its weights.

    A run that was killed goes on from its last checkpoint when it is started with the same
    arguments.

    Args:
        draw: draws one picture with its truth.
        names: of the truth's parts.
        out: the weights, a `.safetensors` file in float16, which say `recipe` and `figures`
            of themselves.
        work: folder of drawings and checkpoint, some hundred megabytes.
        recipe: hyperparameters.
        processes: that draw.
        progress: called with what is done, how much of it, and how much in all.

    Returns:
        The figures on held-out drawings: the area under the ROC curve of each map, over places,
        and of each sign, over pictures.
    """
    home = work / f"signs-{_digest(recipe, names)}"
    home.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    precision = engine.best_precision({})
    with fit.compute_dtype(precision):
        model = sign_network(len(names.maps), len(names.signs))
    _compile(model, recipe)
    plan = Plan(recipe.each_round, recipe.kept, _CHECKPOINT_ROUNDS, recipe.seed)
    with Stock(home / "drawings", plan, draw, processes) as stock:
        begun = _restore(home, model)
        if begun:
            stock.resume(begun)
        else:
            stock.begin_round()
            stock.end_round()
        for number in range(begun, recipe.rounds):
            stock.begin_round()
            _learn(model, stock, recipe, number)
            stock.end_round()
            if (number + 1) % _CHECKPOINT_ROUNDS == 0:
                _checkpoint(home, model, number + 1)
            progress("Learning", number + 1, recipe.rounds)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    figures = evaluate(model, held_out(draw, recipe.held_out, progress), names)
    _write(out, model, names, recipe, figures)
    return figures


def held_out(draw: Draw, count: int, progress: Progress) -> Drawings:
    """Drawings that no training learns from."""
    parts = []
    for at in range(0, count, 64):
        parts.append(draw_many(draw, _HELD_OUT_SEED, list(range(at, min(count, at + 64)))))
        progress("Drawing for the figures", min(count, at + 64), count)
    return concatenated(parts)


def evaluate(model: keras.Model, drawings: Drawings, names: Names) -> dict[str, Any]:
    """The area under the ROC curve of each map and each sign; None where only one answer occurs."""
    answers = model.predict(drawings.pictures[..., None].astype(np.float32), 64, verbose=0)
    maps, signs = (np.asarray(answers[part], dtype=np.float32) for part in ("maps", "signs"))
    return {
        "drawings": len(drawings.pictures),
        "maps": {
            name: _area(drawings.maps[..., n].ravel() > 127, maps[..., n].ravel())
            for n, name in enumerate(names.maps)
        },
        "signs": {
            name: _area(drawings.signs[:, n] > 0.5, signs[:, n])
            for n, name in enumerate(names.signs)
        },
    }


def _area(truth: npt.NDArray[np.bool_], scores: npt.NDArray[Any]) -> float | None:
    if truth.all() or not truth.any():
        return None
    return float(roc_auc_score(truth, scores))


def _compile(model: keras.Model, recipe: Recipe) -> None:
    steps = recipe.rounds * recipe.steps_each_round
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - recipe.warm_up),
        alpha=0.01,
        warmup_target=recipe.learning_rate,
        warmup_steps=recipe.warm_up,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        clipnorm=1.0,
        use_ema=True,
        ema_momentum=1 - 1 / recipe.averaging_steps,
    )
    # XLA is off: its convolutions are many times slower than oneDNN's on a CPU.
    model.compile(
        optimizer,
        loss={
            name: keras.losses.BinaryCrossentropy(from_logits=True) for name in ("maps", "signs")
        },
        loss_weights={"maps": _MAPS_WEIGHT, "signs": 1.0},
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)


def _learn(model: keras.Model, stock: Stock, recipe: Recipe, number: int) -> None:
    """A round's steps."""
    rng = np.random.default_rng([recipe.seed, number, 1])
    for _ in range(recipe.steps_each_round):
        pictures, maps, signs = augmented(stock.take(recipe.batch, rng), rng)
        truth = {"maps": maps.astype(np.float32) / 255, "signs": signs}
        model.train_on_batch(pictures[..., None].astype(np.float32), truth)
        model.reset_metrics()


def _digest(recipe: Recipe, names: Names) -> str:
    text = json.dumps([asdict(recipe), asdict(names)], default=list, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _checkpoint(home: Path, model: keras.Model, rounds: int) -> None:
    with atomic_replace(home / fit.CHECKPOINT) as scratch:
        save_file(fit.get_state(model), scratch, metadata={"rounds": str(rounds)})


def _restore(home: Path, model: keras.Model) -> int:
    """Restore the last checkpoint, if any; returns the rounds that it had done."""
    path = home / fit.CHECKPOINT
    if not path.is_file():
        return 0
    fit.set_state(model, load_file(path))
    with safe_open(path, framework="np") as file:
        return int(file.metadata()["rounds"])


def _write(
    out: Path, model: keras.Model, names: Names, recipe: Recipe, figures: Mapping[str, Any]
) -> None:
    weights: dict[str, Array] = {
        name: value.astype(np.float16) for name, value in get_weights(model).items()
    }
    about = {"recipe": asdict(recipe), "figures": dict(figures)}
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_replace(out) as scratch:
        SignWeights(tuple(names.maps), tuple(names.signs), weights, about).write(scratch)
