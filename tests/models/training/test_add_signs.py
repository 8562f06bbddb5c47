"""An artifact is given signs: what it then answers, and what stays as it was."""

import csv
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.contract import Manifest, Square
from models.data.extraction import FRAMES, FrameCache
from models.data.index import DatasetError
from models.evaluation import held_out
from models.evaluation.report import files, page
from models.evaluation.report.evaluation import evaluate
from models.evaluation.report.scores import stored_score_sets
from models.inference import artifact, predict
from models.inference.artifact import ArtifactError
from models.inference.engine import best_precision
from models.inference.predict import Predictor
from models.training import add_signs as adding
from models.training.add_signs import add_signs, calibrate_artifact
from tests.models.evaluation.report import small_evaluation
from tests.models.evaluation.report.small_evaluation import SmallEvaluation
from tests.models.small_signs import sign_weights


def nobody(_said: str, _done: int, _total: int) -> None:
    """Listens to no progress."""


def listed(folder: Path, column: str, values: list[str]) -> Path:
    """Pictures of noise and the manifest.csv that lists them."""
    folder.mkdir()
    rng = np.random.default_rng(len(column))
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", column])
        for n, value in enumerate(values):
            pixels = rng.integers(0, 255, (120, 120), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{n}.png")
            table.writerow([f"{n}.png", value])
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("pictures")
    lungs = listed(home / "lungs", "recording_id", ["a", "a", "b"])
    return lungs, listed(home / "others", "kind", ["photo", "muscle", "muscle"])


@pytest.fixture(scope="module")
def added(
    small: SmallEvaluation, pictures: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Manifest]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adding, "DRAWN", 6)
        out = tmp_path_factory.mktemp("added") / "pocovidnet-signs"
        lungs, others = pictures
        return out, add_signs(
            small.artifact,
            sign_weights(),
            small.data,
            lungs,
            others,
            small.work,
            out,
            nobody,
        )


def test_pocovidnet_stays_as_it_was(small: SmallEvaluation, added: tuple[Path, Manifest]) -> None:
    before, after = artifact.read_manifest(small.artifact), artifact.read_manifest(added[0])
    for name in (artifact.TRUNK, artifact.HEADS, artifact.CALIBRATION):
        assert after.files[name] == before.files[name]
    assert (after.data, after.training, after.folds) == (before.data, before.training, before.folds)
    assert added[1].answer["metrics"]["pocovidnet"] == before.metrics


def test_the_stored_scores_are_the_mean_of_both(
    small: SmallEvaluation, added: tuple[Path, Manifest]
) -> None:
    manifest, weights = artifact.load(added[0])
    _, old = artifact.load(small.artifact)
    for group, score_set in stored_score_sets(manifest, weights.scores).items():
        assert score_set.metrics() == manifest.metrics[group]
        read = 2 * weights.scores[group] - old.scores[group]
        assert read.min() > -1e-6
        assert read.sum(axis=1) == pytest.approx(np.ones(len(read)), abs=1e-5)


def test_the_artifact_answers_its_recordings_as_it_says(
    small: SmallEvaluation, added: tuple[Path, Manifest]
) -> None:
    found = evaluate(added[0], small.data, small.work, nobody, resamples=100)
    assert found.main.answered_here
    assert found.main.unequal == ()


def test_a_recording_is_concluded_with_signs_and_how_often_such_answers_were_right(
    small: SmallEvaluation, added: tuple[Path, Manifest]
) -> None:
    predictor = Predictor.load(added[0], held_out.PRECISION)
    frames = FrameCache(small.work / FRAMES).frames(small.entries[1].sha256)
    answer = predictor.conclude(
        [predictor.evidence(frames)],
        [0.0] * len(frames),
        Square(0, 0, 64),
    )
    assert answer.parts == ("pocovidnet", "signs")
    assert answer.signs is not None
    assert answer.reliability is not None
    assert answer.reliability.group == "source"
    assert answer.reliability.low <= answer.probability <= answer.reliability.high


def test_how_often_answers_were_right_counts_each_recording_once(
    small: SmallEvaluation, added: tuple[Path, Manifest]
) -> None:
    bins = added[1].answer["reliability"]
    assert sum(each["answers"] for each in bins) == len(small.entries)
    assert all(0 <= each["right"] <= each["answers"] for each in bins)
    assert (bins[0]["low"], bins[-1]["high"]) == (0.0, 1.0)


def test_it_says_what_is_refused_of_each_kind(added: tuple[Path, Manifest]) -> None:
    refused = added[1].answer["refused"]
    assert refused["lungs"]["recordings"] == len(small_evaluation.ROWS) + 3
    assert {name: row["recordings"] for name, row in refused["others"].items()} == {
        "kind photo": 1,
        "kind muscle": 2,
    }
    by_source = refused["lungs_by_source"]
    assert {name: row["recordings"] for name, row in by_source.items()} == {
        "source 7": len(small_evaluation.ROWS),
        "further recordings": 3,
    }
    assert sum(row["refused"] for row in by_source.values()) == refused["lungs"]["refused"]


def test_the_report_shows_signs_refusals_and_how_often_answers_were_right(
    small: SmallEvaluation, added: tuple[Path, Manifest]
) -> None:
    found = evaluate(added[0], small.data, small.work, nobody, resamples=100)
    shown = page.render(found)
    for row in ("<td>2</td>", "muscle", "source 7", "further recordings"):
        assert row in shown
    first = added[1].answer["reliability"][0]
    assert f"<td>{first['answers']}</td><td>{first['right']}</td>" in shown
    assert "The service shows the uncalibrated scores" not in shown
    pictures = re.findall(r'alt="The same frame with its signs in colour"', shown)
    assert len(pictures) == len(re.findall(r'alt="Frame [0-9]+ of ', shown)) > 0
    for name in ("Pleura", "B-lines", "Effusion"):
        assert f"</span>{name}</span>" in shown
    assert "Rib shadow" not in shown
    told = files.numbers(found)
    assert told["refusals"]["held_out"] == added[1].answer["refused"]
    assert sum(row["recordings"] for row in told["refusals"]["here"]) == len(small.entries)


def test_its_sign_network_is_calibrated_for_eight_bits(added: tuple[Path, Manifest]) -> None:
    manifest, weights = artifact.load(added[0])
    engine, test = predict._sign_engine(manifest, weights, "int8")
    assert test is not None
    assert engine is not None
    assert engine.precision == "int8"


class TestCalibratingAnother:
    @pytest.fixture
    def uncalibrated(self, added: tuple[Path, Manifest], tmp_path: Path) -> Path:
        """As artifacts with signs were before."""
        manifest, weights = artifact.load(added[0])
        assert weights.signs is not None
        signs = dataclasses.replace(weights.signs, calibration={})
        folder = tmp_path / "pocovidnet-before"
        artifact.save(folder, manifest, dataclasses.replace(weights, signs=signs))
        return folder

    def test_one_from_before_answers_in_wider_numbers(self, uncalibrated: Path) -> None:
        engine, _ = predict._sign_engine(*artifact.load(uncalibrated), "int8")
        assert engine is not None
        assert engine.precision == best_precision({})

    def test_all_else_stays_as_it_was(
        self,
        small: SmallEvaluation,
        added: tuple[Path, Manifest],
        uncalibrated: Path,
        tmp_path: Path,
    ) -> None:
        out = tmp_path / "pocovidnet-after"
        after = calibrate_artifact(uncalibrated, small.data, small.work, out, nobody)
        before = artifact.read_manifest(uncalibrated)
        assert after.version == "pocovidnet-after"
        assert (after.metrics, after.answer, after.data) == (
            before.metrics,
            before.answer,
            before.data,
        )
        changed = {name for name, each in after.files.items() if before.files[name] != each}
        assert changed == {artifact.SIGNS}
        _, weights = artifact.load(out)
        _, expected = artifact.load(added[0])
        assert weights.signs is not None
        assert expected.signs is not None
        for name, value in expected.signs.calibration.items():
            assert weights.signs.calibration[name] == pytest.approx(value, abs=1e-4)

    def test_one_without_signs_is_refused(self, small: SmallEvaluation, tmp_path: Path) -> None:
        with pytest.raises(ArtifactError, match="has no signs to calibrate"):
            calibrate_artifact(small.artifact, small.data, small.work, tmp_path / "a", nobody)

    def test_none_is_written_over(
        self, small: SmallEvaluation, added: tuple[Path, Manifest]
    ) -> None:
        with pytest.raises(ArtifactError, match="never modified"):
            calibrate_artifact(added[0], small.data, small.work, added[0], nobody)


class TestFittingTheRefusal:
    def test_anew_changes_nothing_else(
        self,
        small: SmallEvaluation,
        pictures: tuple[Path, Path],
        added: tuple[Path, Manifest],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(adding, "DRAWN", 6)
        manifest, weights = artifact.load(added[0])
        assert weights.signs is not None
        without = tmp_path / "pocovidnet-without"
        signs = dataclasses.replace(weights.signs, lung_test={})
        artifact.save(without, manifest, dataclasses.replace(weights, signs=signs))
        out = tmp_path / "pocovidnet-refusing"
        after = adding.fit_refusal(without, small.data, *pictures, small.work, out, nobody)
        assert after.version == "pocovidnet-refusing"
        assert after.answer == manifest.answer, "the same pictures say the same"
        assert after.metrics == manifest.metrics
        _, fitted = artifact.load(out)
        assert fitted.signs is not None
        for name, value in weights.signs.lung_test.items():
            assert fitted.signs.lung_test[name] == pytest.approx(value, abs=1e-5)
        assert fitted.signs.calibration.keys() == weights.signs.calibration.keys()
        changed = {name for name, each in after.files.items() if manifest.files[name] != each}
        assert changed <= {artifact.SIGNS}

    def test_one_without_signs_is_refused(
        self, small: SmallEvaluation, pictures: tuple[Path, Path], tmp_path: Path
    ) -> None:
        with pytest.raises(ArtifactError, match="has no signs to tell a lung by"):
            adding.fit_refusal(
                small.artifact, small.data, *pictures, small.work, tmp_path / "a", nobody
            )


def test_one_with_signs_gets_none_again(
    small: SmallEvaluation,
    pictures: tuple[Path, Path],
    added: tuple[Path, Manifest],
    tmp_path: Path,
) -> None:
    with pytest.raises(ArtifactError, match="has signs already"):
        add_signs(
            added[0],
            sign_weights(),
            small.data,
            *pictures,
            small.work,
            tmp_path / "new",
            nobody,
        )


@pytest.mark.parametrize("content", ["", "file,other\n0.png,x\n", "file,kind\nmissing.png,x\n"])
def test_pictures_that_are_not_listed_are_asked_for(
    content: str, small: SmallEvaluation, pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / "manifest.csv").write_text(content)
    with pytest.raises(DatasetError, match="others"):
        add_signs(
            small.artifact,
            sign_weights(),
            small.data,
            pictures[0],
            others,
            small.work,
            tmp_path / "new",
            nobody,
        )
    assert not (tmp_path / "new").exists()
