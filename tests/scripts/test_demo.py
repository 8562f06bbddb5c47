"""What the show sends: twenty files and the rows of the public table that belong to them."""

import csv
from pathlib import Path

import pytest

from scripts.demo import recordings

HEADER = ["Date added", "Filename", "Label"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name in (*recordings.NAMES, recordings.TO_SCREEN):
        file = tmp_path / "dataset" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    rows = [["", Path(name).stem.replace("-", " "), "COVID-19"] for name in recordings.NAMES]
    rows += [["", "Somebody else's.mp4", "regular"], ["", "", ""]]
    with (tmp_path / "dataset" / recordings.TABLE).open("w", newline="") as table:
        csv.writer(table).writerows([HEADER, *rows])
    return tmp_path / "dataset"


def test_the_rows_of_the_twenty_go_with_them_and_no_others(dataset: Path, tmp_path: Path) -> None:
    files = recordings.chosen(dataset)
    path = recordings.write_table(dataset, tmp_path)
    with path.open(newline="") as table:
        header, *rows = csv.reader(table)
    assert header == HEADER
    assert len(rows) == len(files) == 20
    assert all(label == "COVID-19" for _, _, label in rows)


def test_a_dataset_that_is_not_whole_is_named(dataset: Path) -> None:
    (dataset / recordings.TO_SCREEN).unlink()
    with pytest.raises(FileNotFoundError, match="--dataset names the public dataset"):
        recordings.chosen(dataset)
