"""A training run: what it learns from, what it leaves, and that nothing is lost when it dies."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models import networks
from models.contract import CLASSES, Manifest
from models.data.extraction import FrameCache
from models.data.index import DatasetError, listing_hash, read_index
from models.inference import artifact
from models.inference.predict import Predictor
from models.training import fit, train, trunk
from models.training.augment import PAPER, Augmentation
from models.training.fit import Curve, TrainingData
from models.training.train import Config, FrameSet, Plan, assemble, plan, read_frames, train_fold
from models.training.trunk import TrunkError
from tests.models import mini_dataset, small_artifact
from tests.models.data.test_index import entry
from tests.models.mini_dataset import Row
from tests.models.small_artifact import frames

CONFIG = Config(
    group="recording", folds=2, epochs=2, patience=0, batch=4, copies=1, seed=3, augmentation=PAPER
)

WEIGHTS = {
    name: value.astype(np.float16)
    for name, value in {**small_artifact.trunk(), **small_artifact.head(0)}.items()
    if name.startswith("block")
}


@dataclass(frozen=True)
class Run:
    """A finished run: its inputs, its artifact, and everything it said."""

    data: Path
    trunk: str
    out: Path
    work: Path
    manifest: Manifest
    told: list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("training")
    data = mini_dataset.make(folder / "data")
    trunk, out, work = folder / "trunk.npz", folder / "pocovidnet-9", folder / "work"
    np.savez(trunk, **WEIGHTS)  # type: ignore[arg-type]
    told: list[tuple[str, int, int]] = []
    manifest = train.train(data, str(trunk), out, work, CONFIG, lambda *said: told.append(said))
    yield Run(data, str(trunk), out, work, manifest, told)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def planned(run: Run) -> Plan:
    """The plan of the finished run, whose folds are found as they were left."""
    return plan(run.data, run.trunk, run.work, CONFIG, nobody)


def nobody(_said: str, _done: int, _total: int) -> None:
    """Listens to no progress."""


class TestTrain:
    def test_writes_an_artifact_that_answers(self, run: Run) -> None:
        predictor = Predictor.load(run.out)
        found = predictor.predict(frames(2))
        assert predictor.version == "pocovidnet-9"
        assert found.shape == (2, 3)
        assert np.isfinite(found).all()

    def test_the_manifest_tells_how_it_came_about(self, run: Run) -> None:
        entries = read_index(run.data).trained
        manifest = artifact.read_manifest(run.out)
        assert (manifest.version, manifest.network) == ("pocovidnet-9", "pocovidnet")
        assert (manifest.folds, manifest.group) == (2, "recording")
        assert manifest.training["epochs"] == 2
        assert manifest.training["seed"] == 3
        assert manifest.training["trunk"]["file"] == "trunk.npz"
        recordings = manifest.data["recordings"]
        assert list(recordings) == [entry.sha256 for entry in entries]
        assert sum(recording["frames"] for recording in recordings.values()) == 9
        assert manifest.data["frames"] == 9
        assert manifest.data["listing_sha256"] == listing_hash(entries)
        assert manifest.preprocessing["sampling_hz"] == 3
        for group in ("recording", "patient"):
            assert {recording["folds"][group] for recording in recordings.values()} == {0, 1}
            figures = manifest.metrics[group]
            assert (figures["frames"], figures["videos"]) == (9, 3)
            assert 0 <= figures["frame_accuracy"] <= 1

    def test_says_how_far_it_is(self, run: Run) -> None:
        stages = list(dict.fromkeys(said for said, _, _ in run.told))
        assert stages == [
            "Reading recordings",
            "Trunk features",
            *(f"by-{group}, fold {n}" for group in ("recording", "patient") for n in (1, 2)),
            "Scoring held-out frames",
            "Calibrating",
            "Signs",
            *(f"Readers by {group}" for group in ("recording", "patient")),
        ]
        assert {said: (done, total) for said, done, total in run.told} == {
            "Reading recordings": (6, 6),
            "Trunk features": (18, 18),
            "Scoring held-out frames": (9, 9),
            "Calibrating": (13, 13),
            "Signs": (9, 9),
            **{f"Readers by {group}": (2, 2) for group in ("recording", "patient")},
            **{
                f"by-{group}, fold {n}": (2, 2)
                for group in ("recording", "patient")
                for n in (1, 2)
            },
        }

    def test_learns_and_leaves_the_frozen_layers_alone(self, run: Run) -> None:
        _, weights = artifact.load(run.out)
        trunk, heads = weights.trunk, weights.heads
        assert set(trunk) == {name for name in WEIGHTS if not name.startswith("block5_conv3")}
        assert all(np.array_equal(value, WEIGHTS[name]) for name, value in trunk.items())
        kernels = [head["block5_conv3/kernel"] for head in heads]
        assert kernels[0].dtype == np.float16
        assert not np.array_equal(kernels[0], WEIGHTS["block5_conv3/kernel"])
        assert not np.array_equal(kernels[0], kernels[1])

    def test_never_writes_over_an_artifact(self, run: Run) -> None:
        before = {path.name: path.read_bytes() for path in run.out.iterdir()}
        with pytest.raises(artifact.ArtifactError, match="never modified"):
            train.train(run.data, run.trunk, run.out, run.work, CONFIG, nobody)
        assert {path.name: path.read_bytes() for path in run.out.iterdir()} == before

    def test_a_finished_run_is_written_again_without_training(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_: Any, **__: Any) -> None:
            raise AssertionError("trained again")

        monkeypatch.setattr(keras.Model, "train_on_batch", never)
        again = train.train(run.data, run.trunk, tmp_path / "again", run.work, CONFIG, nobody)
        assert again.metrics == run.manifest.metrics
        assert again.files == run.manifest.files

    def test_killed_between_epochs_it_ends_with_the_same_models(
        self, run: Run, tmp_path: Path
    ) -> None:
        shutil.copytree(run.work / "features", tmp_path / "work/features")
        arguments = (run.data, run.trunk, tmp_path / "out", tmp_path / "work")
        killed = subprocess.run(
            [
                sys.executable,
                *("-m", "tests.models.training.run_training"),
                *map(str, arguments),
                *("by-recording, fold 2", "1"),
            ],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
            timeout=600,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        assert not (tmp_path / "out").exists()

        told: list[tuple[str, int, int]] = []
        manifest = train.train(*arguments, CONFIG, lambda *said: told.append(said))

        epochs = [(said, done) for said, done, _ in told if said.startswith("by-recording")]
        assert epochs == [("by-recording, fold 2", 2)]
        assert manifest.metrics == run.manifest.metrics
        assert manifest.files == run.manifest.files

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"data": "nowhere"}, DatasetError, "dataset_metadata.csv"),
            ({"trunk": "nowhere.npz"}, TrunkError, "no file"),
            ({"config": replace(CONFIG, folds=3)}, DatasetError, "at most 2"),
        ],
        ids=["data", "trunk", "folds"],
    )
    def test_what_cannot_be_trained_is_refused_before_anything_is_read(
        self,
        change: dict[str, Any],
        error: type[Exception],
        message: str,
        run: Run,
        tmp_path: Path,
    ) -> None:
        told: list[str] = []
        with pytest.raises(error, match=message):
            train.train(
                Path(change.get("data", run.data)),
                change.get("trunk", run.trunk),
                tmp_path / "out",
                tmp_path / "work",
                change.get("config", CONFIG),
                lambda said, _done, _total: told.append(said),
            )
        assert told == []
        assert list(tmp_path.iterdir()) == []


class TestReadFrames:
    def test_every_frame_knows_its_recording_and_class(self, run: Run) -> None:
        entries = read_index(run.data).trained
        found = read_frames(entries, FrameCache(run.work / "frames"), nobody)
        assert found.frames.shape == (9, 224, 224, 3)
        assert found.frames.dtype == np.uint8
        for number, each in enumerate(entries):
            mine = found.recordings == number
            assert mine.sum() == (2 if each.kind == "video" else 1)
            assert {CLASSES[label] for label in found.labels[mine]} == {each.label}

    def test_names_the_recording_that_cannot_be_read(self, tmp_path: Path) -> None:
        data = mini_dataset.make(tmp_path, [Row("good.png", "covid19"), Row("bad.mp4", "healthy")])
        (data / "pocus_videos/convex/bad.mp4").write_bytes(b"not a video")
        with pytest.raises(DatasetError, match=r"convex/bad\.mp4: This is neither"):
            read_frames(read_index(data).trained, FrameCache(tmp_path / "frames"), nobody)


class TestPlan:
    def test_a_group_that_cannot_be_split_is_left_out_and_the_manifest_says_why(
        self, run: Run
    ) -> None:
        # Everything in the small dataset comes from one source.
        assert set(run.manifest.metrics) == {"recording", "patient"}
        assert "two of them" in run.manifest.data["left_out"]["source"]

    def test_the_group_of_the_shipped_models_must_be_had(self, run: Run, tmp_path: Path) -> None:
        config = replace(CONFIG, group="source")
        with pytest.raises(DatasetError, match="two of them"):
            plan(run.data, run.trunk, tmp_path, config, nobody)

    def test_names_every_model_that_is_needed(self, planned: Plan) -> None:
        assert planned.jobs == [
            ("recording", 0),
            ("recording", 1),
            ("patient", 0),
            ("patient", 1),
        ]

    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 4},
            {"augmentation": Augmentation(degrees=5)},
            {"balance": "source"},
            {"patience": 2},
            {"cache": False},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_another_configuration_has_a_folder_of_its_own(
        self, change: dict[str, Any], run: Run, planned: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trunk, "cache_features", lambda *_, **__: np.zeros((2, 9)))
        other = plan(run.data, run.trunk, run.work, replace(CONFIG, **change), nobody)
        assert other.work != planned.work


class TestTrainFold:
    @pytest.fixture
    def given(self, monkeypatch: pytest.MonkeyPatch) -> list[TrainingData]:
        """What each fold learns from; instead of training, the head stays as it starts."""
        seen: list[TrainingData] = []

        def ready_made(
            model: keras.Model,
            data: TrainingData,
            _schedule: Any,
            _seed: Any,
            work: Path,
            _: Any,
        ) -> Curve:
            seen.append(data)
            work.mkdir(parents=True, exist_ok=True)
            (work / fit.CHECKPOINT).touch()
            networks.set_weights(model, dict(small_artifact.head(len(seen) - 1)))
            return Curve([1.0], [], [], 0)

        monkeypatch.setattr(fit, "fit", ready_made)
        return seen

    def test_no_frame_of_a_tested_recording_is_trained_on_and_each_is_tested_once(
        self, planned: Plan, given: list[TrainingData], tmp_path: Path
    ) -> None:
        fresh = replace(planned, work=tmp_path)
        results = [train_fold(fresh, "recording", fold, nobody) for fold in range(2)]
        owners, folds = planned.frame_set.recordings, np.array(planned.splits["recording"])
        for fold, (data, result) in enumerate(zip(given, results, strict=True)):
            assert set(owners[data.train_indices]) == set(np.flatnonzero(folds != fold))
            assert set(owners[result.frame_indices]) == set(np.flatnonzero(folds == fold))
            assert len(data.validation_indices) == 0
            assert set(np.flatnonzero(data.weights)) == set(data.train_indices)
        tested = np.concatenate([result.frame_indices for result in results])
        assert sorted(tested) == list(range(9))

    def test_each_frame_is_answered_by_the_head_that_never_saw_it(
        self, planned: Plan, given: list[TrainingData], tmp_path: Path
    ) -> None:
        fresh = replace(planned, work=tmp_path)
        results = [train_fold(fresh, "recording", fold, nobody) for fold in range(2)]
        model = networks.head()
        for fold, result in enumerate(results):
            networks.set_weights(model, dict(small_artifact.head(fold)))
            # Copy 0 is the frame as it is: what is tested is not augmented.
            inputs = planned.inputs.batch(np.zeros_like(result.frame_indices), result.frame_indices)
            expected = np.asarray(model.predict_on_batch(inputs))
            assert result.scores == pytest.approx(expected, abs=2e-3)

    def test_stops_by_a_part_of_the_training_folds_and_never_by_the_test_fold(
        self, given: list[TrainingData], planned: Plan, tmp_path: Path
    ) -> None:
        entries = [entry(n, label, f"p{n}") for n, label in enumerate(CLASSES * 6)]
        owners = np.arange(18)
        folds = [n % 2 for n in range(18)]
        fresh = replace(
            planned,
            config=replace(CONFIG, patience=2, validation=0.3),
            entries=tuple(entries),
            splits={"patient": folds},
            frame_set=FrameSet(np.zeros(0, np.uint8), np.arange(18) % 3, owners),
            inputs=trunk.CachedFeatures(np.ones((1, 18, 14, 14, 512), dtype=np.float16)),
            work=tmp_path,
        )
        result = train_fold(fresh, "patient", 0, nobody)
        (data,) = given
        assert result.validation == "patient"
        assert len(data.validation_indices) == 3
        assert set(data.validation_indices) | set(data.train_indices) == set(range(1, 18, 2))
        assert not set(data.validation_indices) & set(data.train_indices)

    def test_scrambled_labels_of_the_test_fold_change_nothing_that_is_learnt(
        self, planned: Plan, tmp_path: Path
    ) -> None:
        folds = np.array(planned.splits["recording"])
        tested = folds[planned.frame_set.recordings] == 0
        labels = planned.frame_set.labels.copy()
        labels[tested] = (labels[tested] + 1) % 3
        entries = tuple(
            replace(each, label=CLASSES[(CLASSES.index(each.label) + 1) % 3], patient="somebody")
            if home == 0
            else each
            for each, home in zip(planned.entries, folds, strict=True)
        )
        frame_set = replace(planned.frame_set, labels=labels)
        one = train_fold(replace(planned, work=tmp_path / "one"), "recording", 0, nobody)
        other = train_fold(
            replace(planned, work=tmp_path / "two", frame_set=frame_set, entries=entries),
            "recording",
            0,
            nobody,
        )
        assert one.curve == other.curve
        for name, value in one.head.items():
            assert np.array_equal(other.head[name], value), name
        assert np.array_equal(one.scores, other.scores)

    def test_a_finished_fold_is_read_as_it_was_written(self, planned: Plan) -> None:
        again = train_fold(planned, "recording", 1, nobody)
        assert (again.group, again.fold, again.validation) == ("recording", 1, None)
        assert len(again.curve.loss) == 2
        assert set(again.head) == set(small_artifact.head(0))
        # Kernels are shipped in half precision, the rest in single.
        for name, value in again.head.items():
            assert value.dtype == (np.float16 if name.endswith("kernel") else np.float32)

    def test_without_the_cache_the_result_is_the_same_to_rounding(
        self, run: Run, planned: Plan
    ) -> None:
        config = replace(CONFIG, cache=False)
        direct = plan(run.data, run.trunk, run.work, config, nobody)
        assert isinstance(direct.inputs, trunk.DirectFeatures)
        found = train_fold(direct, "recording", 0, nobody)
        cached = train_fold(planned, "recording", 0, nobody)
        assert np.array_equal(found.frame_indices, cached.frame_indices)
        # cached features are bfloat16 where the processor has it, and AMX rounds in its own way
        assert found.curve.loss == pytest.approx(cached.curve.loss, rel=0.05)
        assert found.scores == pytest.approx(cached.scores, abs=0.03)
        for name, value in cached.head.items():
            moved = np.abs(value.astype(np.float32) - WEIGHTS.get(name, 0)).mean()
            apart = np.abs(found.head[name].astype(np.float32) - value.astype(np.float32)).mean()
            assert apart <= max(0.5 * moved, 1e-4), name


class TestAssemble:
    def test_refuses_to_go_without_a_fold(self, planned: Plan, tmp_path: Path) -> None:
        results = [train_fold(planned, group, fold, nobody) for group, fold in planned.jobs]
        with pytest.raises(ValueError, match="got none for"):
            assemble(planned, results[1:], tmp_path / "out", nobody)
        assert not (tmp_path / "out").exists()
