"""The artifact that ships: whole, calibrated, and the same answer from every engine."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models import networks
from models.contract import CLASSES, LUNG, Manifest
from models.data.index import Entry, listing_hash, read_index
from models.evaluation import metrics
from models.evaluation.held_out import predict_in_batches, trained_recordings
from models.inference import artifact, engine
from models.inference.answer import Method
from models.inference.evidence import Evidence
from models.inference.predict import Predictor
from models.inference.sign_reader import SignReader
from models.inference.signs import SignEngine
from models.media import sampling

DATASET = Path(__file__).parents[4] / "shared" / "dataset"
FOLD = 0

needs_recordings = [
    pytest.mark.dataset,
    pytest.mark.skipif(not DATASET.is_dir(), reason="no recordings beside the checkout"),
]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return artifact.read_manifest(artifact.active())


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return list(read_index(DATASET).trained)


@dataclass(frozen=True)
class Unseen:
    """A frame of every recording that the first fold's model has never seen.

    `frames` are uint8 RGB (n, 224, 224, 3) and `labels` (n,) indices of their classes. Scores are
    those of all models, (5, n, 3): in single precision, and as this processor prefers.
    `every_other` are half of all frames, for networks that are quick.
    """

    frames: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    exact: npt.NDArray[np.float32]
    default: npt.NDArray[np.float32]
    default_precision: engine.Precision
    every_other: npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def unseen(manifest: Manifest, entries: list[Entry]) -> Unseen:
    """The frames from the middle: `pocovid evaluate` asks about all."""
    read: list[npt.NDArray[np.uint8]] = []
    frames: list[npt.NDArray[np.uint8]] = []
    labels: list[int] = []
    homes = {
        recording.sha256: recording.folds[manifest.group]
        for recording in trained_recordings(manifest)
    }
    for entry in entries:
        if homes[entry.sha256] == FOLD:
            found = sampling.read_inputs(entry.path)
            read.append(found)
            frames.append(found[len(found) // 2])
            labels.append(CLASSES.index(entry.label))
    together = np.stack(frames)
    exact, default = Predictor.load(precision="f32"), Predictor.load()
    return Unseen(
        together,
        np.array(labels),
        predict_in_batches(exact.scores, together),
        predict_in_batches(default.scores, together),
        default.precision,
        np.concatenate(read)[::2],
    )


def test_every_file_is_what_its_manifest_lists(manifest: Manifest) -> None:
    loaded, weights = artifact.load(artifact.active())
    assert loaded == manifest
    assert manifest.version == artifact.active().name
    assert len(weights.heads) == manifest.folds == 5
    expected = networks.get_weights(networks.pocovidnet())
    for head in weights.heads:
        assert {n: v.shape for n, v in {**weights.trunk, **head}.items()} == {
            n: v.shape for n, v in expected.items()
        }


@pytest.mark.parametrize("group", ["recording", "patient", "source"])
def test_its_figures_are_there_in_each_way(manifest: Manifest, group: str) -> None:
    figures = manifest.metrics[group]
    assert figures["frames"] == manifest.data["frames"]
    if group != "source":
        assert figures["frame_accuracy"] > 0.8
        assert figures["video_accuracy"] > 0.8
    assert set(figures["frame_classes"]) == set(figures["video_classes"]) == set(CLASSES)
    homes = {recording.folds[group] for recording in trained_recordings(manifest)}
    assert homes == set(range(len(manifest.training["curves"][group])))
    if group != "source":
        assert len(homes) == manifest.folds


def test_what_it_said_of_what_it_held_out_gives_its_figures(manifest: Manifest) -> None:
    _, weights = artifact.load(artifact.active())
    recordings = trained_recordings(manifest)
    counts = [recording.frames for recording in recordings]
    labels = np.array([CLASSES.index(recording.label) for recording in recordings])
    is_video = [recording.kind == "video" for recording in recordings]
    owners = np.repeat(np.arange(len(recordings)), counts)
    assert set(weights.scores) == set(manifest.metrics)
    for group, scores in weights.scores.items():
        tested = metrics.HeldOutScores(scores, labels[owners], owners, is_video)
        assert metrics.compute_metrics(tested) == manifest.metrics[group]


class TestOnRecordings:
    pytestmark = needs_recordings

    def test_it_was_trained_on_these_recordings(
        self, manifest: Manifest, entries: list[Entry]
    ) -> None:
        assert manifest.data["listing_sha256"] == listing_hash(entries)

    def test_no_patient_is_in_two_folds(self, manifest: Manifest, entries: list[Entry]) -> None:
        homes: dict[str, set[int]] = {}
        folds = {
            recording.sha256: recording.folds["patient"]
            for recording in trained_recordings(manifest)
        }
        for entry in filter(lambda each: each.patient, entries):
            homes.setdefault(entry.patient, set()).add(folds[entry.sha256])
        assert len(homes) > 50
        assert all(len(folds) == 1 for folds in homes.values())

    def test_the_answer_is_that_of_five_complete_networks(self, unseen: Unseen) -> None:
        frames = unseen.frames[::8]
        _, weights = artifact.load(artifact.active())
        trunk, head = networks.trunk(), networks.head()
        networks.set_weights(trunk, dict(weights.trunk))
        features = trunk.predict_on_batch(networks.preprocess(frames))
        alone = []
        for values in weights.heads:
            networks.set_weights(head, dict(values))
            alone.append(np.asarray(head.predict_on_batch(features)))
        found = Predictor.load(precision="f32", pocovidnet_alone=True).predict(frames)
        assert np.abs(found - np.mean(alone, axis=0)).max() < 1e-5

    def test_every_precision_answers_as_float32_does_whatever_this_processor_prefers(
        self, unseen: Unseen
    ) -> None:
        steps: dict[engine.Precision, int] = {"int8": 1, "bf16": 4}
        for precision, step in steps.items():
            if precision == unseen.default_precision:
                scores, expected = unseen.default, unseen.exact.mean(axis=0)
            else:
                predictor = Predictor.load(precision=precision)
                scores = predict_in_batches(predictor.scores, unseen.frames[::step])
                expected = unseen.exact.mean(axis=0)[::step]
            found = scores.mean(axis=0)
            assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.95, precision
            assert np.abs(found - expected).mean() <= 0.01, precision

    def test_signs_in_eight_bits_are_those_of_float32(self, unseen: Unseen) -> None:
        """`make bench ARGS="--only sign_guard"` asks the same of every frame of the dataset."""
        frames = unseen.every_other
        manifest, weights = artifact.load(artifact.active())
        assert weights.signs is not None
        method = Method.of(manifest, weights.signs.maps, weights.signs.signs, weights.readers)
        narrow, exact = (
            SignEngine(weights.signs, precision).run(frames) for precision in ("int8", "f32")
        )
        for found, expected in ((narrow.maps, exact.maps), (narrow.whole, exact.whole)):
            assert np.abs(found - expected).mean() <= 0.005
            assert np.abs(found - expected).max() <= 0.2
        even = np.full((manifest.folds, len(frames), len(CLASSES)), 1 / 3, dtype=np.float32)
        # From signs alone, which is harder than with POCOVID-Net's half of the answer.
        named = [
            method.scores(Evidence(even, signs)).mean(axis=0).argmax(axis=1)
            for signs in (narrow, exact)
        ]
        assert (named[0] == named[1]).mean() >= 0.985

    def test_a_lung_is_told_in_eight_bits_as_in_float32(self, unseen: Unseen) -> None:
        manifest, weights = artifact.load(artifact.active())
        means = manifest.preprocessing["means"]
        assert weights.signs is not None
        method = Method.of(manifest, weights.signs.maps, weights.signs.signs, weights.readers)
        frames = unseen.every_other[::4]
        narrow, exact = (
            SignReader(weights, means, precision, precision).run(frames)
            for precision in ("int8", "f32")
        )
        lung = weights.signs.signs.index(LUNG)
        assert np.abs(narrow.whole[:, lung] - exact.whole[:, lung]).mean() <= 0.01
        usable = [method.usable_frames(signs) for signs in (narrow, exact)]
        assert (usable[0] == usable[1]).mean() >= 0.98
        assert usable[1].mean() > 0.9

    def test_a_fold_s_own_model_knows_recordings_it_has_never_seen(self, unseen: Unseen) -> None:
        """Swapped channels, another crop or another order of classes would show here."""
        named = unseen.default[FOLD].argmax(axis=1)
        most_frequent = np.bincount(unseen.labels).max() / len(unseen.labels)
        assert (named == unseen.labels).mean() > most_frequent + 0.1


def test_an_artifact_without_calibration_answers_in_wider_numbers(tmp_path: Path) -> None:
    manifest, weights = artifact.load(artifact.active())
    artifact.save(tmp_path / "a", manifest, dataclasses.replace(weights, calibration={}))
    assert Predictor.load(tmp_path / "a").precision == engine.best_precision({})
