"""An artifact is believed whole and unchanged, or not at all."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.contract import CLASSES, SIGN_MAPS
from models.inference import artifact
from models.inference.artifact import (
    CALIBRATION,
    HEADS,
    MANIFEST,
    READERS,
    SCORES,
    SIGNS,
    TRUNK,
    ArtifactError,
    Weights,
)
from tests.models.small_artifact import manifest
from tests.models.small_signs import answer, readers, sign_weights

Changes = Callable[[dict[str, Any]], object]

FROZEN = {"block1_conv1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}
FOLD_HEADS = [{"output/bias": np.full(3, fold, dtype=np.float16)} for fold in range(2)]
MEASURED = {"block1_conv2/range": np.array(7, dtype=np.float32)}
HELD_OUT = {"patient": np.full((2, 3), 1 / 3, dtype=np.float32)}
WEIGHTS = Weights(FROZEN, FOLD_HEADS, MEASURED, HELD_OUT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small artifact of two models."""
    artifact.save(tmp_path / "pocovidnet-3", manifest(folds=2), WEIGHTS)
    return tmp_path / "pocovidnet-3"


def rewrite(folder: Path, change: Changes) -> None:
    """Change the manifest as somebody with an editor would."""
    path = folder / MANIFEST
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


class TestSave:
    def test_what_is_saved_is_loaded(self, folder: Path) -> None:
        found, weights = artifact.load(folder)
        trunk, heads = weights.trunk, weights.heads
        assert (found.version, found.folds, tuple(found.classes)) == ("pocovidnet-test", 2, CLASSES)
        assert list(trunk) == ["block1_conv1/kernel"]
        assert np.array_equal(trunk["block1_conv1/kernel"], FROZEN["block1_conv1/kernel"])
        assert [list(head) for head in heads] == [["output/bias"]] * 2
        assert [head["output/bias"].tolist() for head in heads] == [[0, 0, 0], [1, 1, 1]]
        assert heads[0]["output/bias"].dtype == np.float16
        assert weights.calibration == MEASURED
        assert list(weights.scores) == ["patient"]
        assert np.array_equal(weights.scores["patient"], HELD_OUT["patient"])

    def test_what_answers_from_signs_is_saved_and_loaded(self, tmp_path: Path) -> None:
        weights = replace(WEIGHTS, signs=sign_weights(), readers=readers())
        artifact.save(tmp_path / "a", manifest(folds=2, answer=answer()), weights)
        found, loaded = artifact.load(tmp_path / "a")
        assert found.answer == answer()
        assert set(found.files) == {TRUNK, HEADS, CALIBRATION, SCORES, SIGNS, READERS}
        assert loaded.signs is not None
        assert (loaded.signs.maps, loaded.signs.signs) == (SIGN_MAPS, sign_weights().signs)
        assert loaded.signs.about["figures"] == {}, "what its training said of it is kept"
        for name, value in sign_weights().values.items():
            assert np.array_equal(loaded.signs.values[name], value)
        assert loaded.readers.keys() == readers().keys()
        assert np.array_equal(loaded.readers["fold1/kernel"], readers()["fold1/kernel"])

    def test_an_artifact_without_them_has_none(self, folder: Path) -> None:
        found, weights = artifact.load(folder)
        assert (found.answer, weights.signs, weights.readers) == ({}, None, {})

    def test_returns_the_manifest_it_wrote(self, tmp_path: Path) -> None:
        written = artifact.save(tmp_path / "a", manifest(folds=2), WEIGHTS)
        read = artifact.read_manifest(tmp_path / "a")
        assert set(read.files) == {TRUNK, HEADS, CALIBRATION, SCORES}
        assert written.files == read.files
        assert written.version == read.version

    def test_lets_everybody_read_the_weights_who_may_read_the_manifest(self, folder: Path) -> None:
        modes = {path.stat().st_mode for path in folder.iterdir()}
        assert len(modes) == 1

    def test_never_changes_what_is_there(self, folder: Path) -> None:
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(ArtifactError, match="never modified"):
            artifact.save(folder, manifest(folds=1), Weights({}, [{}]))
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    def test_a_failure_in_the_middle_leaves_no_artifact(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = tmp_path / "pocovidnet-3"
        seen: list[bool] = []

        def full(*args: Any) -> None:
            seen.append(target.exists())
            if len(seen) == 2:
                raise OSError("No space left on device")
            save_file(*args)

        monkeypatch.setattr(artifact, "save_file", full)
        with pytest.raises(OSError, match="No space"):
            artifact.save(target, manifest(folds=2), WEIGHTS)
        assert seen == [False, False]
        assert not target.exists()

    def test_goes_on_where_a_failure_left_its_scraps(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.test_a_failure_in_the_middle_leaves_no_artifact(tmp_path, monkeypatch)
        monkeypatch.undo()
        artifact.save(tmp_path / "pocovidnet-3", manifest(folds=2), WEIGHTS)
        assert [path.name for path in tmp_path.iterdir()] == ["pocovidnet-3"]
        artifact.load(tmp_path / "pocovidnet-3")


class TestLoad:
    @pytest.mark.parametrize("name", [TRUNK, HEADS, CALIBRATION, SCORES])
    @pytest.mark.parametrize("at", [0, -1])
    def test_a_changed_byte_is_refused(self, name: str, at: int, folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[at] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(ArtifactError, match=f"{name} is not what the manifest lists"):
            artifact.load(folder)

    @pytest.mark.parametrize("name", [TRUNK, HEADS, CALIBRATION, SCORES])
    def test_a_missing_file_is_refused(self, name: str, folder: Path) -> None:
        (folder / name).unlink()
        with pytest.raises(ArtifactError, match=f"{name} is missing"):
            artifact.load(folder)

    @pytest.mark.parametrize(
        "change",
        [
            lambda files: files.pop(HEADS),
            lambda files: files.update({"more.safetensors": "0" * 64}),
            lambda files: files.update({"../../secret": files.pop(TRUNK)}),
            lambda files: files.update({f"/{TRUNK}": files.pop(TRUNK)}),
            lambda files: files.update({f"./{TRUNK}": files.pop(TRUNK)}),
            lambda files: files.update({"heads.pkl": files.pop(HEADS)}),
        ],
        ids=["one less", "one more", "above", "absolute", "same by another name", "pickle"],
    )
    def test_other_files_than_these_are_refused(self, change: Changes, folder: Path) -> None:
        rewrite(folder, lambda values: change(values["files"]))
        with pytest.raises(ArtifactError, match="expected trunk"):
            artifact.load(folder)

    def test_a_pickle_under_the_name_of_weights_is_never_run(self, folder: Path) -> None:
        trap = folder.parent / "ran"

        class Trap:
            def __reduce__(self) -> tuple[Any, ...]:
                return Path.touch, (trap,)

        (folder / HEADS).write_bytes(pickle.dumps(Trap()))
        self.list_anew(folder)
        with pytest.raises(ArtifactError, match="weights cannot be read"):
            artifact.load(folder)
        assert not trap.exists()

    @pytest.mark.parametrize("name", [SIGNS, READERS])
    def test_optional_files_are_verified_too(self, name: str, tmp_path: Path) -> None:
        weights = replace(WEIGHTS, signs=sign_weights(), readers=readers())
        artifact.save(tmp_path / "a", manifest(folds=2), weights)
        content = bytearray((tmp_path / "a" / name).read_bytes())
        content[-1] ^= 1
        (tmp_path / "a" / name).write_bytes(content)
        with pytest.raises(ArtifactError, match=f"{name} is not what the manifest lists"):
            artifact.load(tmp_path / "a")

    def test_signs_that_are_none_are_refused(self, tmp_path: Path) -> None:
        weights = replace(WEIGHTS, signs=sign_weights())
        artifact.save(tmp_path / "a", manifest(folds=2), weights)
        (tmp_path / "a" / SIGNS).write_bytes((tmp_path / "a" / TRUNK).read_bytes())
        digest = artifact._sha256(tmp_path / "a" / SIGNS)
        rewrite(tmp_path / "a", lambda values: values["files"].update({SIGNS: digest}))
        with pytest.raises(ArtifactError, match="holds no weights of a sign network"):
            artifact.load(tmp_path / "a")

    @pytest.mark.parametrize("name", ["fold2/x", "fold-1/x", "trunk/x", "foldx/x", "x"])
    def test_a_weight_of_no_fold_is_refused(self, name: str, folder: Path) -> None:
        save_file({**load_file(folder / HEADS), name: np.zeros(1)}, folder / HEADS)
        self.list_anew(folder)
        with pytest.raises(ArtifactError, match="unexpected weight"):
            artifact.load(folder)

    @staticmethod
    def list_anew(folder: Path) -> None:
        """Make the manifest list the files as they are now."""
        digest = artifact._sha256(folder / HEADS)
        rewrite(folder, lambda values: values["files"].update({HEADS: digest}))


class TestReadManifest:
    @pytest.mark.parametrize(
        "change",
        [
            lambda values: values.update(classes=["covid19", "healthy", "pneumonia"]),
            lambda values: values.update(classes=["covid19", "pneumonia"]),
            lambda values: values.update(classes=None),
            lambda values: values.update(format=3),
            lambda values: values.update(format=None),
        ],
        ids=["other order", "one less", "none", "newer format", "no format"],
    )
    def test_other_classes_or_formats_are_refused(self, change: Changes, folder: Path) -> None:
        rewrite(folder, change)
        with pytest.raises(ArtifactError, match="expected format 2 with classes"):
            artifact.read_manifest(folder)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("folds", "five"), ("files", ["trunk"]), ("preprocessing", 3), ("answer", [])],
    )
    def test_a_value_of_another_type_is_refused(
        self, name: str, value: object, folder: Path
    ) -> None:
        rewrite(folder, lambda values: values.update({name: value}))
        with pytest.raises(ArtifactError, match=f"{name} must be of type"):
            artifact.read_manifest(folder)

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "null", '{"version": "x"}', '{"unknown": 1}'], ids=repr
    )
    def test_what_is_no_manifest_is_refused(self, text: str, folder: Path) -> None:
        (folder / MANIFEST).write_text(text)
        with pytest.raises(ArtifactError, match="not a manifest that can be read"):
            artifact.read_manifest(folder)

    def test_a_folder_without_one_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ArtifactError, match="manifest"):
            artifact.read_manifest(tmp_path / "nowhere")


class TestActive:
    def test_is_the_folder_that_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "ACTIVE").write_text("pocovidnet-2\n")
        assert artifact.active(tmp_path) == tmp_path / "pocovidnet-2"

    def test_says_how_to_make_one_where_none_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ArtifactError, match="pocovid train"):
            artifact.active(tmp_path)
