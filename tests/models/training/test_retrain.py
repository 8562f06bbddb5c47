"""A training in pieces: each a process of its own that says what it does, and the same artifact."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.tables.trainings import TrainingSettings
from models.contract import SHIPPED
from models.data.folds import predefined_folds
from models.data.index import DatasetError, read_index
from models.inference import artifact
from models.media import reencode, sampling
from models.training import retrain, train, trunk
from models.training.retrain import Request
from models.training.train import Config
from tests.models import mini_dataset, small_artifact
from tests.models.mini_dataset import TWO_OF_EACH
from tests.models.training.test_train import WEIGHTS

CONFIG = {"epochs": 1, "patience": 0, "batch": 4, "copies": 0, "seed": 3}


def write_folds(folder: Path, folds: dict[str, int]) -> None:
    lines = ["File,Fold", *(f"{path},{fold}" for path, fold in folds.items())]
    (folder / "folds.csv").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of each class, in the first and the last of five folds."""
    folder = mini_dataset.make(tmp_path_factory.mktemp("data"))
    write_folds(
        folder,
        {f"pocus_{row.kind}s/convex/{row.file}": 4 * (n % 2) for n, row in enumerate(TWO_OF_EACH)},
    )
    return folder


@pytest.fixture(scope="module")
def request_(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("work")
    trunk = folder / "trunk.npz"
    np.savez(trunk, **WEIGHTS)  # type: ignore[arg-type]
    return {
        "data": str(data),
        "work": str(folder / "work"),
        "results": str(folder / "results"),
        "trunk": str(trunk),
        "config": CONFIG,
    }


def deidentified(data: Path, target: Path) -> Path:
    """The same recordings as ingest leaves them: cut to a square, encoded anew, named anew."""
    rows = [replace(row, file=f"x{n}{row.file}") for n, row in enumerate(TWO_OF_EACH)]
    folds = {}
    for row, old in zip(rows, TWO_OF_EACH, strict=True):
        home = f"pocus_{row.kind}s/convex"
        recording = sampling.Recording.open(data / home / old.file)
        path = target / home / row.file
        path.parent.mkdir(parents=True, exist_ok=True)
        reencode.write_square(recording, sampling.probe(data / home / old.file).square, path)
        folds[f"{home}/{row.file}"] = int(old.patient[-1])
    mini_dataset.write_table(target, rows)
    write_folds(target, folds)
    return target


def test_settings_nobody_chose_are_those_of_the_command() -> None:
    config = TrainingSettings().model_dump()
    request = Request(do="fold", data=Path(), work=Path(), results=Path(), config=config)
    assert Config(**request.settings()) == Config()


@pytest.fixture(scope="module")
def trained(request_: dict[str, Any]) -> list[dict[str, Any]]:
    """What each of five folds says at its end."""
    return [done(request_, do="fold", fold=fold) for fold in range(5)]


@dataclass(frozen=True)
class Finished:
    """An artifact of these folds, what its making returned, and the stages that it reported."""

    artifact: Path
    result: dict[str, Any]
    stages: set[str]


@pytest.fixture(scope="module")
def finished(
    request_: dict[str, Any],
    trained: list[dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Finished:
    """Made once, since calibrating takes longer than all else here; beside one without figures."""
    assert trained
    folder = tmp_path_factory.mktemp("artifacts")
    other = small_artifact.save(folder / "pocovidnet-other")
    out = folder / "pocovidnet-r1-abc"
    written = io.StringIO()
    with redirect_stdout(written):
        result = done(request_, do="finish", out=str(out), against=str(other), licence="for tests")
    reports = [json.loads(line) for line in written.getvalue().splitlines()]
    return Finished(out, result, {report["stage"] for report in reports})


def done(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    return retrain.do(Request.read(json.dumps(request | more)))


class TestGivenFolds:
    def test_are_those_of_the_file_counted_through(self, data: Path) -> None:
        entries = read_index(data).trained
        found = predefined_folds(data, entries)
        assert found is not None
        assert sorted(set(found)) == [0, 1]
        assert len(found) == len(entries) == 6

    def test_a_dataset_without_any_says_nothing(self, tmp_path: Path) -> None:
        folder = mini_dataset.make(tmp_path)
        assert predefined_folds(folder, read_index(folder).trained) is None

    @pytest.mark.parametrize("content", ["File,Fold\n", "Nothing\n1\n", "File,Fold\na,b\n"])
    def test_one_that_names_too_little_is_refused(self, tmp_path: Path, content: str) -> None:
        folder = mini_dataset.make(tmp_path)
        (folder / "folds.csv").write_text(content)
        with pytest.raises(DatasetError, match="does not name a fold for every recording"):
            predefined_folds(folder, read_index(folder).trained)

    def test_a_class_in_one_fold_alone_is_refused(self, tmp_path: Path) -> None:
        folder = mini_dataset.make(tmp_path)
        entries = read_index(folder).trained
        write_folds(
            folder,
            {
                entry.key: 0 if entry.label == "healthy" else n % 2
                for n, entry in enumerate(entries)
            },
        )
        with pytest.raises(DatasetError, match="healthy are in one fold"):
            predefined_folds(folder, entries)


class TestPieces:
    def test_a_fold_tells_its_figures_and_leaves_its_result(
        self, request_: dict[str, Any], trained: list[dict[str, Any]]
    ) -> None:
        assert [each["frames"] for each in trained] == [3, 6, 0, 0, 0]
        assert all(0 <= each["frame_accuracy"] <= 1 for each in trained[:2])
        assert sorted(path.name for path in Path(request_["results"]).iterdir()) == [
            "fold0.safetensors",
            "fold1.safetensors",
        ]

    def test_the_artifact_is_written_and_set_beside_another(self, finished: Finished) -> None:
        manifest = artifact.read_manifest(finished.artifact)
        assert finished.result["version"] == manifest.version == "pocovidnet-r1-abc"
        assert (manifest.folds, manifest.licence) == (2, "for tests")
        assert "Calibrating" in finished.stages
        comparison = finished.result["comparison"]
        assert comparison["active"]["may_have_seen"], "it does not tell what it was trained on"
        assert (comparison["recordings"], comparison["frames"]) == (0, 0)
        assert comparison["new"]["metrics"] is None
        assert comparison["active"]["metrics"] is None

    def test_one_that_knows_these_recordings_answers_by_its_own_folds(
        self, request_: dict[str, Any], finished: Finished, tmp_path: Path
    ) -> None:
        second = tmp_path / "pocovidnet-r2-b"
        result = done(request_, do="finish", out=str(second), against=str(finished.artifact))
        comparison = result["comparison"]
        active = comparison["active"]
        assert (active["held_out"], active["new_to_it"], active["may_have_seen"]) == (6, 0, False)
        assert (comparison["recordings"], comparison["left_out"]) == (6, 0)
        assert comparison["new"]["metrics"] == artifact.read_manifest(second).metrics["patient"]
        assert active["metrics"]["frames"] == 9

    def test_copies_that_were_encoded_anew_are_answered_by_who_held_out_their_originals(
        self,
        request_: dict[str, Any],
        finished: Finished,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What an installation releases of recordings that the active artifact has learnt from."""
        # Who answers is asked here: nothing needs narrow numbers.
        monkeypatch.setattr(train, "calibrate", lambda *_: {})
        data = deidentified(Path(request_["data"]), tmp_path / "release")
        assert not {each.sha256 for each in read_index(data).trained} & {
            each.sha256 for each in read_index(Path(request_["data"])).trained
        }
        request = request_ | {
            "data": str(data),
            "work": str(tmp_path / "work"),
            "results": str(tmp_path / "results"),
        }
        for fold in range(2):
            done(request, do="fold", fold=fold)
        out, active = tmp_path / "pocovidnet-second", str(finished.artifact)
        found = done(request, do="finish", out=str(out), against=active)["comparison"]["active"]
        assert (found["held_out"], found["new_to_it"], found["may_have_seen"]) == (6, 0, False)

    def test_what_cannot_be_trained_on_is_said_in_a_sentence(
        self, request_: dict[str, Any], tmp_path: Path
    ) -> None:
        with subprocess.Popen(
            [
                sys.executable,
                "-m",
                "models.training.retrain",
                json.dumps(request_ | {"do": "fold", "data": str(tmp_path)}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            *_, last = process.stdout
        assert process.returncode == retrain.REFUSED
        assert "dataset_metadata.csv" in json.loads(last)["error"]

    def test_it_ends_with_whoever_started_it(self, request_: dict[str, Any]) -> None:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "models.training.retrain"),
                json.dumps(request_ | {"do": "fold"}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 1


def test_the_shipped_trunk_can_be_trained_on(tmp_path: Path) -> None:
    path = retrain._pinned_trunk(tmp_path / "trunk.safetensors")
    assert trunk.fingerprint(trunk.load(str(path))) == trunk.fingerprint(trunk.load(SHIPPED))


def test_a_training_keeps_its_trunk_when_another_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = retrain._pinned_trunk(tmp_path / "trunk.safetensors")
    before = path.read_bytes()
    monkeypatch.setattr(trunk, "load", lambda source: dict[str, Any]())
    assert retrain._pinned_trunk(path).read_bytes() == before
