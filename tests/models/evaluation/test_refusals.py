"""What an artifact refuses, counted kind by kind, on an artifact that refuses all or nothing."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data.index import DatasetError
from models.evaluation import refusals
from models.evaluation.refusals import Shown, rows, show_all, worst, worst_sheet
from models.inference import artifact
from models.inference.artifact import ArtifactError, Weights
from models.phantom.others import OtherKind
from tests.models import small_artifact
from tests.models.small_artifact import FOLDS, head, manifest, trunk
from tests.models.small_signs import answer, readers, sign_weights


def nobody(_said: str, _done: int, _total: int) -> None:
    """Listens to no progress."""


def save(folder: Path, lung: float, convex: float = 0.0) -> Path:
    """An artifact that refuses frames below these probabilities of a lung and a convex probe."""
    heads = [head(fold) for fold in range(FOLDS)]
    limits = {"lung": lung, "convex": convex, "frames": 0.34}
    weights = Weights(trunk(), heads, signs=sign_weights(), readers=readers())
    values = manifest(version=folder.name, answer=answer(usable=limits))
    artifact.save(folder, values, weights)
    return folder


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("strict") / "pocovidnet-strict", 1.1)


def listed(folder: Path, column: str, values: list[str]) -> Path:
    """Pictures of noise, and the manifest.csv that lists them."""
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", column])
        for n, value in enumerate(values):
            noise = np.random.default_rng(n).integers(0, 255, (64, 64), dtype=np.uint8)
            Image.fromarray(noise).save(folder / f"{n}.png")
            table.writerow([f"{n}.png", value])
    return folder


def test_real_and_drawn_are_counted_apart(strict: Path, tmp_path: Path) -> None:
    others = listed(tmp_path / "others", "kind", ["photo", "heart", "photo"])
    lungs = listed(tmp_path / "lungs", "probe", ["convex", "linear", "phased"])
    found = rows(show_all(strict, others, lungs, 2, nobody))
    real = [(row.kind, row.is_lung, row.shown) for row in found if row.origin == "real"]
    assert real == [
        ("photo", False, 2),
        ("heart", False, 1),
        ("lungs", True, 1),
        ("lungs, linear probe", False, 1),
    ]
    drawn = [(row.kind, row.is_lung, row.shown) for row in found if row.origin == "drawn"]
    kinds = [*OtherKind, "lungs, linear probe", "lungs"]
    assert drawn == [(kind, kind == "lungs", 2) for kind in kinds]
    assert all(row.refused == row.shown for row in found)


def test_what_refuses_nothing_has_refused_nothing(tmp_path: Path) -> None:
    lenient = save(tmp_path / "pocovidnet-lenient", 0.0)
    found = show_all(lenient, None, None, 1, nobody)
    assert len(found) == len(OtherKind) + 2
    assert not any(each.is_refused for each in found)


def test_drawings_are_the_same_each_time_and_no_two_alike(strict: Path) -> None:
    first, second = (show_all(strict, None, None, 2, nobody) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        assert np.array_equal(one.picture, two.picture)
    hearts = [each.picture for each in first if each.kind == OtherKind.HEART]
    assert not np.array_equal(hearts[0], hearts[1])


def test_an_artifact_without_signs_is_refused(tmp_path: Path) -> None:
    plain = small_artifact.save(tmp_path / "pocovidnet-plain")
    with pytest.raises(ArtifactError, match="refuses nothing"):
        show_all(plain, None, None, 1, nobody)


@pytest.mark.parametrize("content", ["", "file,other\n0.png,x\n", "file,kind\nmissing.png,x\n"])
def test_pictures_that_are_not_listed_are_asked_for(
    content: str, strict: Path, tmp_path: Path
) -> None:
    (tmp_path / "manifest.csv").write_text(content)
    with pytest.raises(DatasetError):
        show_all(strict, tmp_path, None, 0, nobody)


class TestWorst:
    @staticmethod
    def shown(name: str, lung: float, *, is_lung: bool, is_refused: bool) -> Shown:
        picture = np.full((224, 224, 3), 90, dtype=np.uint8)
        return Shown("photo", "real", is_lung, name, is_refused, lung, picture)

    def test_are_the_plainest_mistakes_of_a_side(self) -> None:
        found = [
            self.shown("a", 0.6, is_lung=False, is_refused=False),
            self.shown("b", 0.9, is_lung=False, is_refused=False),
            self.shown("c", 0.1, is_lung=False, is_refused=True),
            self.shown("d", 0.2, is_lung=True, is_refused=True),
            self.shown("e", 0.1, is_lung=True, is_refused=True),
            self.shown("f", 0.8, is_lung=True, is_refused=False),
        ]
        assert [each.name for each in worst(found, lungs=False)] == ["b", "a"]
        assert [each.name for each in worst(found, lungs=True)] == ["e", "d"]
        assert [each.name for each in worst(found, lungs=True, most=1)] == ["e"]
        sheet = worst_sheet(found)
        assert sheet is not None
        assert sheet.shape == (2 * 224, refusals.WORST * 224, 3)
        assert not sheet[:224, 2 * 224 :].any()

    def test_without_a_mistake_there_is_no_sheet(self) -> None:
        assert worst_sheet([self.shown("c", 0.1, is_lung=False, is_refused=True)]) is None
