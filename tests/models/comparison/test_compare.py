"""The comparison: same folds for all, nobody answers what it has learnt, and an honest table."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models import networks
from models.comparison import inputs, table
from models.comparison.budget import Budget
from models.comparison.candidates import CANDIDATES, SCRATCH
from models.comparison.inputs import (
    AugmentedFrames,
    FeatureClips,
    FrameClips,
    evenly_spaced,
    make_clips,
    pool,
)
from models.comparison.run import Comparison, compare
from models.training import fit, trunk
from models.training.augment import PAPER
from models.training.fit import TrainingData
from tests.models import mini_dataset
from tests.models.training.test_train import WEIGHTS, nobody

BUDGET = Budget(side=32, frames=2, epochs=1, folds=2, copies=0, batch=4, clip_batch=4)
NAMES = ("pocovidnet", "covnet", "nasnetmobile", "temporal")
"""One of each kind: the trunk's features or pictures, single frames or clips."""


def small_clips(side: int, frames: int) -> keras.Model:
    """Stands in for COVNet, which takes a minute to trace: the largest value of all frames."""
    layers = keras.layers
    given = keras.Input((frames, side, side, 3))
    x = layers.GlobalMaxPooling3D()(layers.Rescaling(1 / 255)(given))
    return keras.Model(given, layers.Dense(3, activation="softmax")(x))


def small_frames(side: int) -> keras.Model:
    """Stands in for NASNetMobile, likewise."""
    layers = keras.layers
    given = keras.Input((side, side, 3))
    x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(given))
    return keras.Model(given, layers.Dense(3, activation="softmax")(x))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("comparison")
    mini_dataset.make(made / "data")
    np.savez(made / "trunk.npz", **WEIGHTS)  # type: ignore[arg-type]
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def learnt() -> list[TrainingData]:
    """What every network of the finished comparison was given to learn from, in order."""
    return []


@pytest.fixture(scope="module")
def found(folder: Path, learnt: list[TrainingData]) -> Comparison:
    fitted = fit.fit

    def noted(model: keras.Model, frame_set: TrainingData, *rest: Any) -> fit.Curve:
        learnt.append(frame_set)
        return fitted(model, frame_set, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "fit", noted)
        patch.setattr(networks, "covnet", small_clips)
        patch.setattr(networks, "nasnetmobile", small_frames)
        return run(folder)


def run(folder: Path, budget: Budget = BUDGET) -> Comparison:
    return compare(
        folder / "data", str(folder / "trunk.npz"), folder / "work", budget, nobody, NAMES
    )


class TestCompare:
    def test_every_network_answers_every_frame_and_recording_in_each_way(
        self, found: Comparison
    ) -> None:
        assert [(each.network, each.group) for each in found.outcomes] == [
            (name, group) for name in NAMES for group in ("recording", "patient")
        ]
        for outcome in found.outcomes:
            for scores, count in ((outcome.frames, 9), (outcome.recordings, 6)):
                assert scores.shape == (count, 3)
                assert scores.sum(axis=1) == pytest.approx(1, abs=1e-4)

    def test_no_network_learns_from_what_it_answers_and_all_have_the_same_folds(
        self, found: Comparison, learnt: list[TrainingData]
    ) -> None:
        owners = found.shared.frame_set.recordings
        seen = []
        for frame_set in learnt:
            clips = len(frame_set.labels) == len(found.entries)
            trained = frame_set.train_indices if clips else owners[frame_set.train_indices]
            assert set(np.flatnonzero(frame_set.weights)) == set(frame_set.train_indices)
            assert len(frame_set.validation_indices) == 0
            seen.append(frozenset(np.unique(trained).tolist()))
        # Four networks, two ways, two folds: each way's two halves, the same for every network.
        assert len(seen) == 16
        for at in range(0, 16, 4):
            assert seen[at : at + 4] == seen[:4]
        assert seen[0].isdisjoint(seen[1])
        assert len(seen[0] | seen[1]) == 6

    def test_knows_what_each_network_trains(self, found: Comparison) -> None:
        assert found.parameters["pocovidnet"] == 2_392_963
        assert found.parameters["covnet"] == 3 * 3 + 3

    def test_is_not_done_again(
        self, found: Comparison, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_: Any) -> None:
            raise AssertionError("trained again")

        monkeypatch.setattr(fit, "fit", never)
        monkeypatch.setattr(trunk, "cache_features", never)
        again = run(folder)
        for one, other in zip(found.outcomes, again.outcomes, strict=True):
            assert np.array_equal(one.frames, other.frames)
        assert again.parameters == found.parameters

    def test_a_network_without_the_trunk_does_not_wait_for_its_features(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_: Any, **__: Any) -> None:
            raise AssertionError("computed the trunk's features")

        monkeypatch.setattr(networks, "nasnetmobile", small_frames)
        monkeypatch.setattr(trunk, "cache_features", never)
        args = (folder / "data", str(folder / "trunk.npz"), tmp_path, BUDGET, nobody)
        assert compare(*args, ["nasnetmobile"]).outcomes
        with pytest.raises(AssertionError, match="features"):
            compare(*args, ["pocovidnet"])

    def test_another_budget_is_another_comparison(
        self, found: Comparison, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(fit, "fit", stop)
        with pytest.raises(KeyboardInterrupt):
            run(folder, replace(BUDGET, epochs=2))


class TestTable:
    def test_files_hold_all_networks_and_the_paper(self, found: Comparison, tmp_path: Path) -> None:
        lines = table.write(found, tmp_path)
        assert [(line.network, line.group) for line in lines] == [
            *((name, "recording") for name in NAMES),
            ("paper", "recording"),
            *((name, "patient") for name in NAMES),
        ]
        with (tmp_path / table.CSV).open() as file:
            written = list(csv.DictReader(file))
        assert [row["network"] for row in written] == [line.network for line in lines]
        values = json.loads((tmp_path / table.JSON).read_text())
        assert values["budget"]["side"] == 32
        assert len(values["rows"]) == 9
        page = (tmp_path / table.HTML).read_text()
        for line in lines:
            assert line.title in page
            assert line.start in page

    def test_says_what_each_started_from(self, found: Comparison) -> None:
        starts = {line.network: line.start for line in table.rows(found)}
        assert starts["pocovidnet"] == starts["temporal"] == "trunk trunk.npz, 224 px"
        assert starts["nasnetmobile"] == starts["covnet"] == f"{SCRATCH}, 32 px"

    def test_figures_are_those_of_the_scores(self, found: Comparison) -> None:
        truth = found.shared.frame_set.labels
        for line, outcome in zip(
            (line for line in table.rows(found) if line.network == "covnet"),
            (each for each in found.outcomes if each.network == "covnet"),
            strict=True,
        ):
            right = outcome.frames.argmax(axis=1) == truth
            assert line.values["frame_accuracy"] == pytest.approx(right.mean(), abs=1e-4)

    def test_text_has_a_line_for_each_row(self, found: Comparison) -> None:
        lines = table.rows(found)
        text = table.as_text(lines)
        assert [text.count(line.title) for line in lines]
        assert "by recording" in text
        assert "0.96" in text
        assert text.count(f"{SCRATCH}, 32 px") == 4

    def test_f1_is_the_harmonic_mean(self) -> None:
        assert table._f1(0.5, 1.0) == pytest.approx(2 / 3, abs=1e-4)
        assert table._f1(0, 0) == 0


class TestInputs:
    FRAMES = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    OWNERS = np.array([0, 0, 0, 1, 1])

    def test_copy_nought_is_the_frame_and_others_stay_the_same(self) -> None:
        given = AugmentedFrames(self.FRAMES, 2, 1, PAPER)
        assert given.copies == 3
        places = np.arange(5)
        assert (given.batch(np.zeros(5, dtype=int), places) == self.FRAMES).all()
        ones = np.ones(5, dtype=int)
        moved = given.batch(ones, places)
        assert (moved != self.FRAMES).any()
        assert (moved == given.batch(ones, places)).all()
        assert (moved != given.batch(ones + 1, places)).any()

    def test_all_frames_of_a_clip_are_moved_alike(self) -> None:
        same = np.repeat(self.FRAMES[:1], 3, axis=0)
        given = FrameClips(same, np.array([[0, 1, 2]]), 1, 1, PAPER)
        (clip,) = given.batch(np.array([1]), np.array([0]))
        assert (clip != same).any()
        assert (clip[0] == clip[1]).all()
        assert (clip[0] == clip[2]).all()

    def test_a_short_clip_repeats_its_frames_or_ends(self) -> None:
        assert make_clips(self.OWNERS, 3, repeat=True).tolist() == [[0, 1, 2], [3, 4, 3]]
        assert make_clips(self.OWNERS, 3, repeat=False).tolist() == [[0, 1, 2], [3, 4, -1]]

    def test_what_is_not_there_is_nought_and_said_so(self) -> None:
        pooled = np.arange(2 * 5 * 4, dtype=np.float32).reshape(2, 5, 4) + 1
        given = FeatureClips(pooled, make_clips(self.OWNERS, 3, repeat=False))
        features, there = given.batch(np.array([1]), np.array([1]))
        assert there.tolist() == [[1, 1, 0]]
        assert (features[0, :2] == pooled[1, 3:5]).all()
        assert (features[0, 2] == 0).all()

    def test_pools_the_mean_and_the_maximum(self) -> None:
        features = np.random.default_rng(2).random((1, 2, 14, 14, 512)).astype(np.float16)
        found = pool(features)
        exact = features.astype(np.float32)
        assert found.shape == (1, 2, 1024)
        assert found[..., :512] == pytest.approx(exact.mean(axis=(2, 3)), abs=1e-3)
        assert found[..., 512:] == pytest.approx(exact.max(axis=(2, 3)))

    @pytest.mark.parametrize(
        ("count", "most", "expected"),
        [(3, 5, [0, 1, 2]), (10, 2, [0, 9]), (9, 3, [0, 4, 8]), (4, 1, [0])],
    )
    def test_places_are_spread_evenly(self, count: int, most: int, expected: list[int]) -> None:
        assert evenly_spaced(range(count), most) == expected
        assert inputs.evenly_spaced(range(count), most) == expected


def test_every_network_of_the_paper_takes_part() -> None:
    assert set(CANDIDATES) == {*NAMES, "covidnet"}
