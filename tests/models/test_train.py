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
import numpy.typing as npt
import pytest

from models import artifact, networks, train
from models.contract import CLASSES, Manifest
from models.dataset import DatasetError, listing_hash, read_index
from models.predict import Predictor
from models.train import Config, FrameSet, cross_validate, read_frames, train_head
from models.trunk import TrunkError
from tests.models import mini_dataset, small_artifact
from tests.models.mini_dataset import Row
from tests.models.small_artifact import frames

CONFIG = Config(group="recording", folds=2, epochs=2, batch=4, copies=1, seed=3)

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
        assert sum(each["frames"] for each in recordings.values()) == 9
        assert manifest.data["frames"] == 9
        assert manifest.data["listing_sha256"] == listing_hash(entries)
        assert manifest.preprocessing["sampling_hz"] == 3
        for group in ("recording", "patient"):
            assert {each["folds"][group] for each in recordings.values()} == {0, 1}
            figures = manifest.metrics[group]
            assert (figures["frames"], figures["videos"]) == (9, 3)
            assert 0 <= figures["frame_accuracy"] <= 1

    def test_says_how_far_it_is(self, run: Run) -> None:
        stages = list(dict.fromkeys(said for said, _, _ in run.told))
        assert stages == [
            "Reading recordings",
            "Trunk features",
            *(f"by-{group}, fold {n}" for group in ("recording", "patient") for n in (1, 2)),
            "Calibrating",
        ]
        assert {said: (done, total) for said, done, total in run.told} == {
            "Reading recordings": (6, 6),
            "Trunk features": (18, 18),
            "Calibrating": (13, 13),
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
        with pytest.raises(artifact.ArtifactError, match="never changed"):
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
                *("-m", "tests.models.run_training"),
                *map(str, arguments),
                *("by-recording, fold 2", "1"),
            ],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
            timeout=150,
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
        found = read_frames(entries, nobody)
        assert found.frames.shape == (9, 224, 224, 3)
        assert found.frames.dtype == np.uint8
        for number, entry in enumerate(entries):
            mine = found.recordings == number
            assert mine.sum() == (2 if entry.kind == "video" else 1)
            assert {CLASSES[label] for label in found.labels[mine]} == {entry.label}

    def test_names_the_recording_that_cannot_be_read(self, tmp_path: Path) -> None:
        data = mini_dataset.make(tmp_path, [Row("good.png", "covid19"), Row("bad.mp4", "healthy")])
        (data / "pocus_videos/convex/bad.mp4").write_bytes(b"not a video")
        with pytest.raises(DatasetError, match=r"convex/bad\.mp4: This is neither"):
            read_frames(read_index(data).trained, nobody)


class TestCrossValidate:
    """Four recordings of three frames each, tested in two folds."""

    MATERIAL = FrameSet(
        np.zeros((12, 1, 1, 3), dtype=np.uint8),
        np.repeat([0, 1, 2, 0], 3),
        np.repeat([0, 1, 2, 3], 3),
    )
    FOLDS = (0, 1, 1, 0)

    @pytest.fixture
    def features(self) -> npt.NDArray[np.float16]:
        return np.random.default_rng(1).random((2, 12, 14, 14, 512)).astype(np.float16)

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[npt.NDArray[np.bool_]]:
        """The frames each fold trains on; instead of training, fold n gives `small head n`."""
        used: list[npt.NDArray[np.bool_]] = []

        def ready_made(*arguments: Any) -> dict[str, Any]:
            used.append(arguments[3])
            return dict(small_artifact.head(len(used) - 1))

        monkeypatch.setattr(train, "train_head", ready_made)
        return used

    def test_no_frame_of_a_tested_recording_is_trained_on(
        self, features: npt.NDArray[np.float16], asked: list[npt.NDArray[np.bool_]], tmp_path: Path
    ) -> None:
        cross_validate(tmp_path, features, self.MATERIAL, self.FOLDS, {}, CONFIG, nobody)
        for fold, used in enumerate(asked):
            tested = {n for n, home in enumerate(self.FOLDS) if home == fold}
            assert set(self.MATERIAL.recordings[used]) == set(range(4)) - tested
            assert set(self.MATERIAL.recordings[~used]) == tested
        assert (asked[0] ^ asked[1]).all()

    def test_each_frame_is_answered_by_the_head_that_never_saw_it(
        self, features: npt.NDArray[np.float16], asked: list[npt.NDArray[np.bool_]], tmp_path: Path
    ) -> None:
        heads, scores = cross_validate(
            tmp_path, features, self.MATERIAL, self.FOLDS, {}, CONFIG, nobody
        )
        model = networks.head()
        answers = []
        for fold in range(2):
            networks.set_weights(model, dict(small_artifact.head(fold)))
            # Copy 0 is the frame as it is: what is tested is not augmented.
            answers.append(model.predict_on_batch(features[0].astype(np.float32)))
        assert [list(head) for head in heads] == [list(small_artifact.head(0))] * 2
        assert np.abs(answers[0] - answers[1]).max() > 0.1
        for n, recording in enumerate(self.MATERIAL.recordings):
            mine = self.FOLDS[recording]
            assert scores[n] == pytest.approx(np.asarray(answers[mine])[n], abs=1e-5)


class TestTrainHead:
    LABELS = np.repeat([0, 1, 2], 4)
    SMALL = replace(CONFIG, epochs=3, learning_rate=1e-3)

    @pytest.fixture(scope="class")
    @staticmethod
    def features() -> npt.NDArray[np.float16]:
        """Twelve frames in two copies, whose class shows in the first three channels."""
        values = np.random.default_rng(2).random((2, 12, 14, 14, 512)) * 0.2
        for n, label in enumerate(TestTrainHead.LABELS):
            values[:, n, :, :, label * 100 : label * 100 + 100] += 2
        return values.astype(np.float16)

    def trained(
        self,
        work: Path,
        features: npt.NDArray[np.float16],
        used: npt.NDArray[np.bool_] | None = None,
        config: Config = SMALL,
        labels: npt.NDArray[np.int64] = LABELS,
    ) -> dict[str, Any]:
        mine = np.ones(12, dtype=bool) if used is None else used
        return train_head(work, features, labels, mine, WEIGHTS, 0, config, nobody)

    def test_learns_what_sets_the_classes_apart(
        self, features: npt.NDArray[np.float16], tmp_path: Path
    ) -> None:
        head = self.trained(tmp_path, features, config=replace(self.SMALL, epochs=12))
        model = networks.head()
        networks.set_weights(model, head)
        inputs = features[0].astype(np.float32)
        # The running means of batch normalisation are slow; in training mode it uses its own.
        scores = np.asarray(model(inputs, training=True))
        assert (scores.argmax(axis=1) == self.LABELS).mean() >= 0.75

    def test_never_touches_a_frame_that_is_not_used(
        self, features: npt.NDArray[np.float16], tmp_path: Path
    ) -> None:
        used = np.arange(12) % 4 > 0
        poisoned, labels = features.copy(), self.LABELS.copy()
        poisoned[:, ~used] = np.nan
        labels[~used] = 99
        head = self.trained(tmp_path / "a", poisoned, used, labels=labels)
        assert all(np.isfinite(value).all() for value in head.values())
        clean = self.trained(tmp_path / "b", features, used)
        assert all(np.allclose(head[n], v, atol=1e-3) for n, v in clean.items())

    def test_the_seed_decides(self, features: npt.NDArray[np.float16], tmp_path: Path) -> None:
        one, same, other = (
            self.trained(tmp_path / name, features, config=replace(self.SMALL, seed=seed))
            for name, seed in (("one", 1), ("same", 1), ("other", 2))
        )
        for name, value in one.items():
            assert np.allclose(same[name], value, atol=1e-3), name
        assert not np.allclose(other["output/kernel"], one["output/kernel"], atol=1e-3)

    def test_ships_kernels_in_half_precision_and_the_rest_in_single(
        self, features: npt.NDArray[np.float16], tmp_path: Path
    ) -> None:
        head = self.trained(tmp_path, features, config=replace(self.SMALL, epochs=1))
        assert {name: value.dtype for name, value in head.items()} == {
            name: np.float16 if name.endswith("kernel") else np.float32 for name in head
        }
        assert set(head) == set(small_artifact.head(0))
