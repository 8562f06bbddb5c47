"""Each recording is answered by the model that held it out, strangers by all; and it shows."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.contract import CLASSES
from models.data.extraction import FRAMES, FrameCache
from models.data.index import read_index
from models.evaluation.held_out import HeldOutError, trained_recordings
from models.evaluation.report import files, scoring
from models.evaluation.report.evaluation import Evaluation, evaluate, unequal
from models.evaluation.report.scoring import (
    EvaluationError,
    assign_scores,
    predict_all,
    refuse_training_data,
)
from models.inference import artifact
from models.media import reencode, sampling
from tests.models import mini_dataset, small_artifact
from tests.models.evaluation.report.small_evaluation import HEADS, ROWS, SmallEvaluation
from tests.models.mini_dataset import Row


def nobody(_said: str, _done: int, _total: int) -> None:
    """Listens to no progress."""


def encoded_anew(data: Path, folder: Path) -> Path:
    """The same recordings on their squares, as de-identification leaves them."""
    target = folder / "anew"
    for row in ROWS:
        key = f"pocus_{row.kind}s/convex/{row.file}"
        (target / key).parent.mkdir(parents=True, exist_ok=True)
        square = sampling.probe(data / key).square
        reencode.write_square(sampling.Recording.open(data / key), square, target / key)
    mini_dataset.write_table(target, ROWS)
    return target


@pytest.fixture(scope="module")
def found(small: SmallEvaluation) -> Evaluation:
    return evaluate(small.artifact, small.data, small.work, nobody, resamples=100)


@pytest.fixture(scope="module")
def answers(small: SmallEvaluation, found: Evaluation) -> dict[str, np.ndarray]:
    """Every model's scores for every recording; they are there since `found` is."""
    return predict_all(
        small.artifact,
        found.manifest,
        small.entries,
        FrameCache(small.work / FRAMES),
        small.work / "answers",
        lambda _done, _total: None,
    )


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third for every class, where it is asked who answers, and not what."""
    monkeypatch.setattr(
        scoring,
        "predict_in_batches",
        lambda _, frames: np.full((HEADS, len(frames), 3), 1 / 3, dtype=np.float32),
    )


class TestWhoAnswers:
    def test_each_recording_is_answered_by_the_model_that_held_it_out(
        self, found: Evaluation, answers: dict[str, np.ndarray]
    ) -> None:
        folds = {
            recording.sha256: recording.folds["patient"]
            for recording in trained_recordings(found.manifest)
        }
        assert set(folds.values()) == set(range(HEADS))
        for recording in found.main.score_set.recordings:
            assert recording.fold == folds[recording.sha256]
            assert np.array_equal(
                recording.scores, answers[recording.sha256][folds[recording.sha256]]
            )
            others = answers[recording.sha256][[n for n in range(HEADS) if n != recording.fold]]
            assert all(not np.allclose(recording.scores, other) for other in others)

    def test_no_patient_is_known_to_the_model_that_answers(self, found: Evaluation) -> None:
        homes: dict[str, set[int | None]] = {}
        for recording in found.main.score_set.recordings:
            homes.setdefault(recording.patient_id, set()).add(recording.fold)
        assert len(homes) == 6
        assert all(len(folds) == 1 for folds in homes.values())

    def test_strangers_are_answered_by_the_mean_of_all_and_told_apart(
        self, small: SmallEvaluation, answers: dict[str, np.ndarray], tmp_path: Path
    ) -> None:
        rows = [*ROWS, Row("stranger.mp4", "covid19", "x"), Row("other.png", "healthy", "y")]
        data = mini_dataset.make(tmp_path / "data", rows)
        found = evaluate(small.artifact, data, small.work, nobody, resamples=100)
        assert found.known == len(ROWS)
        external_scores = found.chapters["external"]
        assert {Path(recording.key).name for recording in external_scores.score_set.recordings} == {
            "stranger.mp4",
            "other.png",
        }
        entries = {entry.sha256: entry for entry in read_index(data).trained}
        scores = predict_all(
            small.artifact,
            found.manifest,
            list(entries.values()),
            found.frames,
            small.work / "answers",
            lambda _done, _total: None,
        )
        for recording in external_scores.score_set.recordings:
            assert recording.fold is None
            assert np.allclose(recording.scores, scores[recording.sha256].mean(axis=0))
        assert external_scores.unequal is None
        assert found.main.unequal == ()

    def test_a_renamed_copy_is_still_answered_by_the_model_that_held_it_out(
        self, small: SmallEvaluation, found: Evaluation, tmp_path: Path
    ) -> None:
        data = tmp_path / "data"
        rows = [Row(f"x{row.file}", row.label, "somebody else") for row in ROWS]
        mini_dataset.make(data, rows)
        again = evaluate(small.artifact, data, small.work, nobody, resamples=100)
        assert "external" not in again.chapters
        assert again.main.metrics == found.main.metrics

    def test_a_copy_that_was_encoded_anew_is_still_answered_by_the_model_that_held_it_out(
        self, small: SmallEvaluation, found: Evaluation, undecided: None, tmp_path: Path
    ) -> None:
        again = evaluate(
            small.artifact,
            encoded_anew(small.data, tmp_path),
            tmp_path / "work",
            nobody,
            resamples=100,
        )
        assert "external" not in again.chapters
        folds = {recording.key: recording.fold for recording in found.main.score_set.recordings}
        assert {
            recording.key: recording.fold for recording in again.main.score_set.recordings
        } == folds

    def test_where_it_cannot_be_known_whether_a_recording_is_new_nobody_answers(
        self, small: SmallEvaluation, undecided: None, tmp_path: Path
    ) -> None:
        old = tmp_path / "pocovidnet-old"
        shutil.copytree(small.artifact, old)
        told = json.loads((old / "manifest.json").read_text())
        for each in told["data"]["recordings"].values():
            del each["fingerprints"]
        (old / "manifest.json").write_text(json.dumps(told))
        data = encoded_anew(small.data, tmp_path)
        mini_dataset.make(data, [ROWS[0]])
        mini_dataset.write_table(data, ROWS)
        again = evaluate(old, data, tmp_path / "work", nobody, resamples=100)
        assert "external" not in again.chapters
        assert len(again.main.score_set.recordings) == again.known == 1
        assert len(again.unread) == len(ROWS) - 1
        assert "may have been trained on a copy" in next(iter(again.unread.values()))


class TestMisuse:
    @pytest.mark.parametrize("fold", range(HEADS))
    def test_a_fold_s_model_is_not_asked_about_what_it_was_trained_on(
        self, fold: int, small: SmallEvaluation
    ) -> None:
        told: list[str] = []
        with pytest.raises(EvaluationError, match=f"fold {fold} was trained on [3-9] of these"):
            evaluate(
                small.artifact,
                small.data,
                small.work,
                lambda said, _done, _total: told.append(said),
                fold=fold,
            )
        assert told == []

    def test_not_even_under_another_name(self, small: SmallEvaluation, tmp_path: Path) -> None:
        manifest = artifact.read_manifest(small.artifact)
        mini_dataset.make(tmp_path, [Row("new_name.png", ROWS[0].label)])
        (entry,) = read_index(tmp_path).trained
        known = next(
            recording
            for recording in trained_recordings(manifest)
            if recording.sha256 == entry.sha256
        )
        other = (known.folds["patient"] + 1) % HEADS
        with pytest.raises(EvaluationError, match=r"new_name\.png, in training .*covid19_0\.png"):
            refuse_training_data(manifest, [entry], {}, other)
        refuse_training_data(manifest, [entry], {}, known.folds["patient"])

    def test_it_may_be_asked_about_what_it_has_not_seen(
        self, small: SmallEvaluation, answers: dict[str, np.ndarray]
    ) -> None:
        manifest = artifact.read_manifest(small.artifact)
        folds = {
            recording.sha256: recording.folds["patient"]
            for recording in trained_recordings(manifest)
        }
        mine = [entry for entry in small.entries if folds[entry.sha256] == 1]
        found = assign_scores(manifest, mine, small.facts, answers, fold=1)
        assert found.external_scores is None
        assert found.held_out_scores is not None
        assert {recording.fold for recording in found.held_out_scores.recordings} == {1}

    @pytest.mark.parametrize("fold", [-1, HEADS])
    def test_a_fold_that_is_not_there_is_refused(self, fold: int, small: SmallEvaluation) -> None:
        with pytest.raises(EvaluationError, match="no fold"):
            refuse_training_data(artifact.read_manifest(small.artifact), [], {}, fold)

    def test_an_artifact_that_does_not_tell_what_it_was_trained_on_is_refused(
        self, small: SmallEvaluation, tmp_path: Path
    ) -> None:
        silent = small_artifact.save(tmp_path / "pocovidnet-test")
        with pytest.raises(HeldOutError, match="train it again"):
            evaluate(silent, small.data, small.work, nobody)


class TestFigures:
    def test_they_are_the_manifest_s(self, found: Evaluation) -> None:
        assert {name: chapter.unequal for name, chapter in found.chapters.items()} == {
            "patient": (),
            "recording": (),
            "source": (),
        }
        assert [chapter.answered_here for chapter in found.chapters.values()] == [
            True,
            False,
            False,
        ]

    def test_a_figure_that_is_not_is_named(self, found: Evaluation) -> None:
        told = json.loads(json.dumps(found.main.metrics))
        told["video_classes"]["healthy"]["f1"] += 0.01
        told["frames"] += 1
        assert unequal(found.main.metrics, told) == ["frames", "video_classes.healthy.f1"]

    def test_a_part_of_the_dataset_is_not_held_against_the_whole(
        self, small: SmallEvaluation, tmp_path: Path
    ) -> None:
        data = tmp_path / "data"
        shutil.copytree(small.data, data)
        (data / "pocus_videos/convex/covid19_1.mp4").unlink()
        found = evaluate(small.artifact, data, small.work, nobody, resamples=100)
        assert found.known == len(ROWS) - 1
        assert found.main.unequal is None


class TestFiles:
    @pytest.fixture(scope="class")
    @staticmethod
    def folder(found: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("report")
        files.write(found, folder)
        return folder

    def test_the_page_needs_nothing_else(self, folder: Path) -> None:
        page = (folder / files.PAGE).read_text()
        assert "<svg" in page
        assert "data:image/jpeg;base64," in page
        links = re.findall(r"(?:src|href|action|srcset|poster|data)=\"([^\"]*)\"", page)
        assert all(each.startswith(("#", "data:")) for each in links)
        assert not re.search(r"url\((?!#|'?#)|@import|<script|<link|<iframe", page)
        namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert set(re.findall(r"https?://[^\"'<\s]+", page)) <= namespaces

    def test_no_figure_uses_the_ids_of_another(self, folder: Path) -> None:
        page = (folder / files.PAGE).read_text()
        figures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        ids = [set(re.findall(r"\bid=\"([^\"]+)\"", each)) for each in figures]
        assert len(figures) == 10
        assert sum(map(len, ids)) == len(set.union(*ids))

    def test_json_tells_the_same_figures_and_no_nan(self, folder: Path, found: Evaluation) -> None:
        def never(name: str) -> None:
            raise AssertionError(name)

        told = json.loads((folder / files.NUMBERS).read_text(), parse_constant=never)
        assert told["findings"] == told["refusals"]["here"] == []
        assert list(told["chapters"]) == ["patient", "recording", "source"]
        assert told["chapters"]["patient"]["figures"] == found.main.metrics
        assert told["chapters"]["patient"]["equals_manifest"] is True

    def test_tables_have_a_row_for_each_class_and_each_recording(self, folder: Path) -> None:
        with (folder / "table2.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["class"] for row in rows] == list(CLASSES) * 3
        assert {row["paper_sensitivity"] for row in rows} == {"0.96", "0.93", "0.55"}
        with (folder / "recordings.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == 3 * len(ROWS)
