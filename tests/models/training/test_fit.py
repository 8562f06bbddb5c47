"""Fitting a network: what it reads, when it ends, and that an interruption changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from models.networks import to_numpy
from models.training import fit
from models.training.fit import CHECKPOINT, Curve, Indices, Schedule, TrainingData

SCHEDULE = Schedule(epochs=6, batch=5, patience=0)
SEED = [3, 1]


class Numbers:
    """Samples of eight numbers, whose class is the largest of the first three; in two copies."""

    copies = 2

    def __init__(self, count: int = 60) -> None:
        rng = np.random.default_rng(0)
        self.values = rng.normal(size=(2, count, 8)).astype(np.float32)
        self.labels = rng.integers(0, 3, count)
        self.values[:, np.arange(count), self.labels] += 3
        self.read: set[int] = set()

    def batch(self, copies: Indices, frame_indices: Indices) -> npt.NDArray[np.float32]:
        self.read |= set(frame_indices.tolist())
        return self.values[copies, frame_indices]


def network(learning_rate: float = 0.02, averaging_steps: float = 1.0) -> keras.Model:
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(16),
            layers.BatchNormalization(momentum=0.8),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    fit.compile_for_classification(model, learning_rate, averaging_steps)
    return model


def material(inputs: Numbers, validated: int = 0) -> TrainingData:
    """Train on the samples from 20 on, validate on the last of those before."""
    weights = np.ones(len(inputs.labels), dtype=np.float32)
    return TrainingData(
        inputs, inputs.labels, weights, np.arange(20, 60), np.arange(20 - validated, 20)
    )


def fitted(
    work: Path,
    given: TrainingData,
    schedule: Schedule = SCHEDULE,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    learning_rate: float = 0.02,
    averaging_steps: float = 1.0,
) -> tuple[dict[str, Any], Curve]:
    model = network(learning_rate, averaging_steps)
    curve = fit.fit(model, given, schedule, SEED, work, progress)
    return {f"{n}": to_numpy(v) for n, v in enumerate(model.weights)}, curve


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(value, other[name]) for name, value in one.items())


def test_learns_what_sets_the_classes_apart(tmp_path: Path) -> None:
    inputs, model = Numbers(), network()
    curve = fit.fit(
        model, material(inputs), replace(SCHEDULE, epochs=12), SEED, tmp_path, lambda *_: None
    )
    scores = fit.predict(model, inputs, np.arange(20))
    assert scores.shape == (20, 3)
    assert (scores.argmax(axis=1) == inputs.labels[:20]).mean() >= 0.8
    assert curve.loss[-1] < curve.loss[0]


def test_reads_nothing_but_what_it_trains_and_validates_on(tmp_path: Path) -> None:
    inputs = Numbers()
    inputs.values[:, :15] = np.nan
    inputs.labels[:15] = 99
    weights, curve = fitted(tmp_path, material(inputs, validated=5), replace(SCHEDULE, patience=9))
    assert inputs.read == set(range(15, 60))
    assert all(np.isfinite(value).all() for value in weights.values())
    assert np.isfinite(curve.validation_loss).all()


def test_what_is_tested_decides_nothing(tmp_path: Path) -> None:
    inputs, scrambled = Numbers(), Numbers()
    scrambled.labels[:10] = np.roll(scrambled.labels[:10], 1)
    scrambled.values[:, :10] *= -1
    schedule = replace(SCHEDULE, patience=2, epochs=12)
    one = fitted(tmp_path / "one", material(inputs, validated=10), schedule)
    other = fitted(tmp_path / "other", material(scrambled, validated=10), schedule)
    assert same(one[0], other[0])
    assert one[1] == other[1]


class TestAveraging:
    def test_what_is_kept_is_an_average_over_the_steps(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model, steps = network(averaging_steps=4), []
        learn = model.train_on_batch

        def spied(*given: Any, **more: Any) -> Any:
            loss = learn(*given, **more)
            steps.append([to_numpy(each) for each in model.trainable_variables])
            return loss

        monkeypatch.setattr(model, "train_on_batch", spied)
        fit.fit(model, material(Numbers()), SCHEDULE, SEED, tmp_path, lambda *_: None)
        assert len(steps) == 6 * 8
        expected = steps[0]
        for step in steps[1:]:
            expected = [0.75 * old + 0.25 * new for old, new in zip(expected, step, strict=True)]
        for variable, value, last in zip(
            model.trainable_variables, expected, steps[-1], strict=True
        ):
            assert np.allclose(to_numpy(variable), value, atol=1e-5)
            assert not np.allclose(to_numpy(variable), last, atol=1e-5)

    def test_learning_goes_on_from_where_it_was_after_a_validation(self, tmp_path: Path) -> None:
        # The average is looked at, never learnt from.
        schedule = replace(SCHEDULE, patience=9)
        looked_at = fitted(tmp_path / "a", material(Numbers(), 20), schedule, averaging_steps=4)[1]
        not_looked_at = fitted(tmp_path / "b", material(Numbers()), SCHEDULE, averaging_steps=4)[1]
        assert looked_at.loss == not_looked_at.loss


class TestEarlyStopping:
    SCHEDULE = replace(SCHEDULE, epochs=40, patience=3)

    @pytest.fixture
    def misleading(self) -> TrainingData:
        """A validation part whose labels are wrong: the more is learnt, the worse it gets."""
        inputs = Numbers()
        inputs.labels[:20] = (inputs.labels[:20] + 1) % 3
        return material(inputs, validated=20)

    def test_ends_when_patience_is_spent_and_keeps_the_best_weights(
        self, misleading: TrainingData, tmp_path: Path
    ) -> None:
        weights, curve = fitted(tmp_path / "a", misleading, self.SCHEDULE)
        assert len(curve.loss) == curve.best + 1 + 3 < 40
        assert curve.validation_loss[curve.best] == min(curve.validation_loss)
        # The same as if it had been told beforehand how many epochs are best.
        until_best = replace(self.SCHEDULE, epochs=curve.best + 1)
        assert same(weights, fitted(tmp_path / "b", misleading, until_best)[0])

    def test_goes_on_to_the_last_epoch_while_it_gets_better(self, tmp_path: Path) -> None:
        given = material(Numbers(), validated=20)
        _, curve = fitted(tmp_path, given, replace(self.SCHEDULE, epochs=5), learning_rate=1e-3)
        assert len(curve.loss) == 5
        assert curve.best == 4

    def test_without_patience_all_epochs_are_trained_and_the_last_is_kept(
        self, misleading: TrainingData, tmp_path: Path
    ) -> None:
        given = replace(misleading, validation_indices=np.zeros(0, dtype=np.int64))
        _, curve = fitted(tmp_path, given, replace(self.SCHEDULE, epochs=5, patience=0))
        assert len(curve.loss) == 5
        assert curve.best == 4
        assert curve.validation_loss == []


class TestInterrupted:
    @pytest.mark.parametrize(
        ("averaging_steps", "after_epochs"), [(1, (1, 6)), (9, (4,))], ids=["plain", "averaged"]
    )
    def test_it_ends_with_the_same_weights_and_curve(
        self, averaging_steps: int, after_epochs: Sequence[int], tmp_path: Path
    ) -> None:
        schedule = replace(SCHEDULE, patience=2)
        given = material(Numbers(), validated=20)
        whole = fitted(tmp_path / "whole", given, schedule, averaging_steps=averaging_steps)
        for after in after_epochs:
            self.check(whole, after, averaging_steps, given, tmp_path / f"after{after}")

    @staticmethod
    def check(
        whole: tuple[dict[str, Any], Curve],
        after: int,
        averaging_steps: int,
        given: TrainingData,
        work: Path,
    ) -> None:
        """Interrupt a run after this many epochs, start it again, and compare with a whole one."""
        schedule = replace(SCHEDULE, patience=2)

        def stop(done: int, _total: int) -> None:
            if done == after:
                raise KeyboardInterrupt

        told: list[int] = []
        if after <= len(whole[1].loss):
            with pytest.raises(KeyboardInterrupt):
                fitted(work, given, schedule, stop, averaging_steps=averaging_steps)
        found = fitted(
            *(work, given, schedule, lambda done, _: told.append(done)),
            averaging_steps=averaging_steps,
        )
        assert told == list(range(after + 1, len(whole[1].loss) + 1))
        assert same(found[0], whole[0])
        assert found[1] == whole[1]

    def test_a_checkpoint_is_whole_or_the_one_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = material(Numbers())
        fitted(tmp_path, given, replace(SCHEDULE, epochs=2))
        before = (tmp_path / CHECKPOINT).read_bytes()

        def full(_state: Any, path: Path, **_: Any) -> None:
            path.write_bytes(b"half")
            raise OSError("No space left on device")

        monkeypatch.setattr(fit, "save_file", full)
        with pytest.raises(OSError, match="No space"):
            fitted(tmp_path, given)
        assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_the_seed_decides_about_order_copies_and_dropout(tmp_path: Path) -> None:
    given = material(Numbers())
    one, other = (network() for _ in range(2))
    fit.fit(one, given, SCHEDULE, [1, 1], tmp_path / "one", lambda *_: None)
    fit.fit(other, given, SCHEDULE, [2, 1], tmp_path / "other", lambda *_: None)
    assert not np.allclose(to_numpy(one.weights[0]), to_numpy(other.weights[0]))


def test_a_last_batch_of_one_sample_is_left_out(tmp_path: Path) -> None:
    inputs = Numbers()
    sizes: list[int] = []

    class Counting:
        copies = 2

        def batch(self, copies: Indices, frame_indices: Indices) -> Any:
            sizes.append(len(frame_indices))
            return inputs.batch(copies, frame_indices)

    given = replace(material(inputs), inputs=Counting(), train_indices=np.arange(41))
    fitted(tmp_path, given, replace(SCHEDULE, epochs=1))
    assert sizes == [5] * 8


def test_no_samples_have_no_scores() -> None:
    assert fit.predict(network(), Numbers(), np.zeros(0, dtype=np.int64)).shape == (0, 3)
