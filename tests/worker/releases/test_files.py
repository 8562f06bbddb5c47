"""The tables of a release: the public columns, and a Croissant file that its own library reads."""

import csv
import io
import json
import warnings
import zipfile
from pathlib import Path

import pytest

from tests.worker.deployment import Deployment
from tests.worker.releases.test_task import archive, make, three
from worker.releases import files as release_files

__all__ = ["three"]

PUBLIC = Path(__file__).resolve().parents[3].parent / "shared" / "dataset" / "dataset_metadata.csv"


@pytest.mark.dataset
@pytest.mark.skipif(not PUBLIC.is_file(), reason="no public recordings beside the checkout")
def test_the_public_columns_come_first_and_in_their_order() -> None:
    with PUBLIC.open(encoding="utf-8-sig", newline="") as file:
        public = next(csv.reader(file))
    assert list(release_files.COLUMNS[: len(public)]) == public


@pytest.fixture
def unpacked(deployment: Deployment, three: list[object], tmp_path: Path) -> Path:
    number = make(deployment)
    with zipfile.ZipFile(io.BytesIO(archive(deployment, number))) as found:
        found.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked" / "pocovid-release-1"


def test_croissants_own_library_finds_every_recording(unpacked: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own imports
        import mlcroissant

        dataset = mlcroissant.Dataset(jsonld=unpacked / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings
    records = list(dataset.records("recordings"))
    assert len(records) == 3
    for record in records:
        path = unpacked / record["recordings/file"].decode()
        assert path.is_file()
    assert {record["recordings/label"].decode() for record in records} == {
        "COVID-19",
        "regular",
        "Bacterial pneumonia",
    }


def test_croissant_names_the_licences_and_the_checksums_of_the_tables(unpacked: Path) -> None:
    found = json.loads((unpacked / "croissant.json").read_text())
    assert found["license"] == ["https://creativecommons.org/licenses/by/4.0/"]
    listed = dict(
        line.split("  ")[::-1] for line in (unpacked / "SHA256SUMS").read_text().splitlines()
    )
    for each in found["distribution"]:
        if each["@type"] == "cr:FileObject":
            assert each["sha256"] == listed[each["contentUrl"]]


def test_the_readme_counts_as_the_papers_table_does(unpacked: Path) -> None:
    text = (unpacked / "README.md").read_text()
    assert "| COVID-19 | 1 | 0 | 2 | 0 | 0 | 0 |" in text
    assert "| Pneumonia | 0 | 1 | 1 | 0 | 0 | 0 |" in text


def test_the_folds_name_every_recording_once(unpacked: Path) -> None:
    with (unpacked / "folds.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len({line["File"] for line in lines}) == 3
    assert {line["Fold"] for line in lines} <= set("01234")
    same_patient = {line["Fold"] for line in lines if line["Patient"]}
    assert len(same_patient) == 1
