"""The artifact that ships: whole, calibrated, and the same answer from every engine."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models import networks
from models.contract import CLASSES, Manifest
from models.data.index import Entry, listing_hash, read_index
from models.evaluation import metrics
from models.evaluation.held_out import trained_recordings
from models.inference import artifact, engine
from models.inference.predict import Predictor
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


@pytest.fixture(scope="module")
def tested(
    manifest: Manifest, entries: list[Entry]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Frames and classes of every recording that the first fold's model has never seen."""
    frames: list[npt.NDArray[np.uint8]] = []
    labels: list[int] = []
    homes = {each.sha256: each.folds[manifest.group] for each in trained_recordings(manifest)}
    for entry in entries:
        if homes[entry.sha256] == FOLD:
            found = sampling.read_inputs(entry.path)
            frames.append(found)
            labels += [CLASSES.index(entry.label)] * len(found)
    return np.concatenate(frames), np.array(labels)


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
    homes = {each.folds[group] for each in trained_recordings(manifest)}
    assert homes == set(range(len(manifest.training["curves"][group])))
    if group != "source":
        assert len(homes) == manifest.folds


def test_what_it_said_of_what_it_held_out_gives_its_figures(manifest: Manifest) -> None:
    _, weights = artifact.load(artifact.active())
    recordings = trained_recordings(manifest)
    counts = [each.frames for each in recordings]
    labels = np.array([CLASSES.index(each.label) for each in recordings])
    is_video = [each.kind == "video" for each in recordings]
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
        folds = {each.sha256: each.folds["patient"] for each in trained_recordings(manifest)}
        for entry in filter(lambda each: each.patient, entries):
            homes.setdefault(entry.patient, set()).add(folds[entry.sha256])
        assert len(homes) > 50
        assert all(len(folds) == 1 for folds in homes.values())

    def test_the_answer_is_that_of_five_complete_networks(
        self, tested: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]
    ) -> None:
        frames = tested[0][::40]
        _, weights = artifact.load(artifact.active())
        model = networks.pocovidnet()
        alone = []
        for head in weights.heads:
            networks.set_weights(model, {**weights.trunk, **head})
            alone.append(np.asarray(model.predict_on_batch(networks.preprocess(frames))))
        found = Predictor.load(precision="f32").predict(frames)
        assert np.abs(found - np.mean(alone, axis=0)).max() < 1e-5

    def test_the_default_engine_answers_as_float32_does(
        self, tested: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]
    ) -> None:
        frames = tested[0][::2]
        fast, exact = Predictor.load(), Predictor.load(precision="f32")
        if fast.precision == "f32":
            pytest.skip("this processor has no narrower numbers")
        found, expected = fast.predict(frames), exact.predict(frames)
        assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.995
        assert np.abs(found - expected).mean() <= 0.01

    def test_every_precision_stays_close_whatever_this_processor_prefers(
        self, tested: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]
    ) -> None:
        frames = tested[0][::20]
        expected = Predictor.load(precision="f32").predict(frames)
        for precision in ("bf16", "int8"):
            found = Predictor.load(precision=precision).predict(frames)
            assert np.abs(found - expected).mean() <= 0.01, precision

    def test_a_fold_s_own_model_knows_recordings_it_has_never_seen(
        self,
        manifest: Manifest,
        tested: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]],
    ) -> None:
        """Swapped channels, another crop or another order of classes would show here."""
        frames, labels = tested
        named = Predictor.load().scores(frames)[FOLD].argmax(axis=1)
        most_frequent = np.bincount(labels).max() / len(labels)
        assert (named == labels).mean() > most_frequent + 0.1


def test_an_artifact_without_calibration_answers_in_wider_numbers(tmp_path: Path) -> None:
    manifest, weights = artifact.load(artifact.active())
    artifact.save(tmp_path / "a", manifest, dataclasses.replace(weights, calibration={}))
    assert Predictor.load(tmp_path / "a").precision == engine.best_precision({})
