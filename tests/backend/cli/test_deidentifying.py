"""`pocovid dicom deidentify` on files and folders, with the installation's key."""

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner, Result

from backend.cli import main as cli
from backend.core.settings import Settings
from tests.conftest import Api
from tests.models.media.dicom import instances


@pytest.fixture
def run(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    settings: Settings = api.settings
    monkeypatch.setattr("backend.cli.deidentifying.read_settings", lambda: settings)
    return lambda *words: CliRunner().invoke(cli.app, ["dicom", "deidentify", *map(str, words)])


def ward(folder: Path) -> Path:
    """Two clips of a study, named as wards name them, and a letter."""
    first, second = (instances.dataset(instances.grey()) for _ in range(2))
    second.StudyInstanceUID = first.StudyInstanceUID
    (folder / "bed 1").mkdir(parents=True)
    instances.saved(first, folder / "bed 1" / "Lindqvist.dcm")
    instances.saved(second, folder / "second.dcm")
    (folder / "letter.txt").write_text("Dear all")
    return folder


def test_a_folder_becomes_copies_named_by_their_new_uid(
    tmp_path: Path, run: Callable[..., Result]
) -> None:
    result = run(ward(tmp_path / "ward"), tmp_path / "out")
    assert result.exit_code == 1, result.output
    assert "letter.txt" in result.output
    made = [pydicom.dcmread(path) for path in (tmp_path / "out").iterdir()]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{each.SOPInstanceUID}.dcm" for each in made
    }
    assert len({each.StudyInstanceUID for each in made}) == 1
    assert len({each.SOPInstanceUID for each in made}) == 2
    for path in (tmp_path / "out").iterdir():
        assert b"Lindqvist" not in path.read_bytes()


def test_one_file_with_its_dates_moved(tmp_path: Path, run: Callable[..., Result]) -> None:
    made = instances.dataset(instances.grey(), StudyDate="20260301")
    source = instances.saved(made, tmp_path / "in.dcm")
    target = tmp_path / "new" / "out.dcm"
    assert run(source, target).exit_code == 0
    assert not pydicom.dcmread(target).StudyDate
    again = run(source, target)
    assert (again.exit_code, "exists" in again.output) == (1, True), again.output
    target.unlink()
    assert run(source, target, "--modified-dates").exit_code == 0
    assert pydicom.dcmread(target).StudyDate not in ("", "20260301")


def test_what_is_no_dicom_is_refused_and_nothing_is_written(
    tmp_path: Path, run: Callable[..., Result]
) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    result = run(tmp_path / "letter.txt", tmp_path / "out.dcm")
    assert result.exit_code == 1, result.output
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".dcm"] == []
