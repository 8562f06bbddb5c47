"""`pocovid train` and `pocovid compare`: what is asked for is done, and told."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from backend.cli import main as cli
from models.comparison import run
from models.comparison.budget import Budget
from models.comparison.candidates import CANDIDATES
from models.comparison.run import Comparison
from models.contract import CLASSES, SHIPPED
from models.data.index import DatasetError
from models.training import train
from models.training.augment import BOTH, BRIGHTNESS
from models.training.train import Config
from tests.models.small_artifact import manifest

FIGURES = {
    "frame_accuracy": 0.9,
    "frame_balanced_accuracy": 0.8,
    "videos": 3,
    "video_accuracy": 0.7,
    "video_classes": {key: {"sensitivity": 0.6, "specificity": 0.5} for key in CLASSES},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was asked of the training; it answers at once."""
    calls: list[tuple[Any, ...]] = []

    def ready_made(*arguments: Any) -> Any:
        calls.append(arguments)
        return manifest(
            metrics={"recording": FIGURES, "patient": {**FIGURES, "videos": 0}},
            data={"left_out": {"source": "There is one source."}},
        )

    monkeypatch.setattr(train, "train", ready_made)
    return calls


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, [*arguments])


def test_training_takes_every_option(asked: list[tuple[Any, ...]]) -> None:
    answer = invoke(
        *("train", "data", "--trunk", "t.npz", "--out", "out", "--work", "work"),
        *("--network", "pocovidnet", "--group", "source", "--folds", "4", "--epochs", "7"),
        *("--patience", "2", "--balance", "patient", "--copies", "3", "--augment", "both"),
        *("--learning-rate", "0.001", "--no-cache", "--seed", "9"),
    )
    assert answer.exit_code == 0, answer.output
    (data, trunk, out, work, config, _) = asked[0]
    assert (data, trunk, out, work) == (Path("data"), "t.npz", Path("out"), Path("work"))
    assert config == Config(
        group="source",
        folds=4,
        epochs=7,
        patience=2,
        learning_rate=0.001,
        balance="patient",
        copies=3,
        augmentation=BOTH,
        cache=False,
        seed=9,
    )


def test_training_has_the_defaults_of_its_configuration(asked: list[tuple[Any, ...]]) -> None:
    invoke("train", "data", "--out", "out")
    assert asked[0][1] == SHIPPED
    assert asked[0][4] == Config()
    assert Config().augmentation == BRIGHTNESS


def test_training_tells_what_each_way_reached_and_which_could_not_be_had(
    asked: list[tuple[Any, ...]],
) -> None:
    said = invoke("train", "data", "--trunk", "t.npz", "--out", "out").output
    assert "by recording: frame accuracy 0.900, balanced 0.800, video accuracy 0.700" in said
    assert "by patient: frame accuracy 0.900, balanced 0.800\n" in said
    assert "by source: not evaluated. There is one source." in said


def test_a_dataset_that_cannot_be_trained_on_is_named(tmp_path: Path) -> None:
    answer = invoke("train", str(tmp_path), "--trunk", "t.npz", "--out", str(tmp_path / "out"))
    assert answer.exit_code == 2
    assert "dataset_metadata.csv" in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize("option", ["--group", "--balance", "--network"])
def test_a_word_that_is_no_choice_is_refused(option: str, asked: list[tuple[Any, ...]]) -> None:
    answer = invoke("train", "data", "--trunk", "t.npz", "--out", "out", option, "hospital")
    assert answer.exit_code == 2
    assert asked == []


@dataclass
class Refused:
    """Remembers what was asked, and refuses it as a dataset would be."""

    budget: Budget | None = None
    names: Sequence[str] = ()

    def __call__(
        self,
        data: Path,
        trunk: str,
        work: Path,
        budget: Budget,
        progress: Any,
        names: Sequence[str],
    ) -> Comparison:
        self.budget, self.names = budget, names
        raise DatasetError("Too few patients.")


def test_a_comparison_takes_its_budget_and_says_why_it_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Refused()
    monkeypatch.setattr(run, "compare", asked)
    answer = invoke(
        *("compare", "data", "--trunk", "t.npz", "--out", "out", "--side", "96"),
        *("--frames", "3", "--epochs", "2", "--folds", "4", "--seed", "5"),
    )
    assert answer.exit_code == 2
    assert "Too few patients." in answer.output
    assert asked.budget == Budget(side=96, frames=3, epochs=2, folds=4, seed=5)
    assert sorted(asked.names) == sorted(CANDIDATES)


def test_a_comparison_can_be_of_some_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Refused()
    monkeypatch.setattr(run, "compare", asked)
    some = ("--network", "covnet", "--network", "pocovidnet")
    invoke("compare", "data", "--trunk", "t.npz", "--out", "out", *some)
    assert asked.names == ["covnet", "pocovidnet"]
    assert asked.budget == Budget()


def test_a_side_that_networks_cannot_halve_is_refused() -> None:
    answer = invoke("compare", "data", "--trunk", "t.npz", "--out", "out", "--side", "100")
    assert answer.exit_code == 2
    assert "multiple of 32" in answer.output
