"""The sign network learns from drawings, and a run that was killed goes on."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.contract import SIGN_PLACES, SIGN_SIDE
from models.inference.sign_weights import SignWeights
from models.networks import set_weights
from models.networks.sign_network import sign_network
from models.training.signs import train
from models.training.signs.drawings import Plan, Stock, augmented, draw_many
from models.training.signs.train import Names, Recipe
from tests.models.training.signs import squares

NAMES = Names(squares.MAPS, squares.SIGNS)
RECIPE = Recipe(
    drawings=240,
    batch=8,
    each_round=48,
    kept=96,
    warm_up=5,
    averaging_steps=5,
    held_out=96,
)


def small_network(maps: int, signs: int) -> keras.Model:
    """Stands in for the sign network, which takes seconds to trace."""
    layers = keras.layers
    frame = keras.Input((SIGN_SIDE, SIGN_SIDE, 1))
    x = layers.AveragePooling2D(SIGN_SIDE // SIGN_PLACES)(layers.Rescaling(1 / 255)(frame))
    whole = layers.Dense(signs)(layers.GlobalMaxPooling2D()(x))
    return keras.Model(frame, {"maps": layers.Conv2D(maps, 1)(x), "signs": whole})


class KilledError(Exception):
    """Stands for the end of a process."""


def run(folder: Path, *, recipe: Recipe = RECIPE, kill_after: int | None = None) -> dict[str, Any]:
    def progress(what: str, done: int, _total: int) -> None:
        if what.startswith("Learning") and done == kill_after:
            raise KilledError

    return train.train(
        squares.draw, NAMES, folder / "signs.safetensors", folder / "work", recipe, 1, progress
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, run(folder)


class TestTrain:
    def test_it_learns_what_is_where(self, trained: tuple[Path, dict[str, Any]]) -> None:
        _, figures = trained
        assert figures["drawings"] == RECIPE.held_out
        assert figures["maps"]["square"] > 0.95
        assert figures["signs"]["any"] > 0.95

    def test_what_is_written_answers(self, trained: tuple[Path, dict[str, Any]]) -> None:
        folder, figures = trained
        path = folder / "signs.safetensors"
        written = SignWeights.read(path)
        assert written.maps == tuple(squares.MAPS)
        assert written.about["figures"] == figures
        model = sign_network(1, 1)
        set_weights(model, dict(written.values))
        drawings = draw_many(squares.draw, 5, list(range(64)))
        again = train.evaluate(model, drawings, NAMES)
        assert again["signs"]["any"] > 0.95

    def test_killed_it_goes_on_from_its_checkpoint(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(train, "_CHECKPOINT_ROUNDS", 2)
        monkeypatch.setattr(train, "sign_network", small_network)
        begun: list[int] = []
        learn = train._learn

        def watched(model: Any, stock: Stock, recipe: Recipe, number: int) -> None:
            begun.append(number)
            learn(model, stock, recipe, number)

        monkeypatch.setattr(train, "_learn", watched)
        recipe = Recipe(drawings=240, batch=16, each_round=48, kept=96, warm_up=5, held_out=32)
        with pytest.raises(KilledError):
            run(tmp_path, recipe=recipe, kill_after=3)
        run(tmp_path, recipe=recipe)
        assert begun == [0, 1, 2, 2, 3, 4]


class TestStock:
    PLAN = Plan(each_round=40, kept=80, spare=1, seed=3)

    def test_a_drawing_is_that_of_its_number_whoever_draws_it(self, tmp_path: Path) -> None:
        with Stock(tmp_path, self.PLAN, squares.draw, 2) as stock:
            stock.begin_round()
            stock.end_round()
            taken = stock.take(400, np.random.default_rng(0))
        expected = draw_many(squares.draw, 3, list(range(40))).pictures
        assert {picture.tobytes() for picture in taken.pictures} == {
            picture.tobytes() for picture in expected
        }

    def test_only_the_newest_are_taken(self, tmp_path: Path) -> None:
        with Stock(tmp_path, self.PLAN, squares.draw, 1) as stock:
            for _ in range(4):
                stock.begin_round()
                stock.end_round()
            taken = stock.take(2000, np.random.default_rng(0))
        expected = draw_many(squares.draw, 3, list(range(80, 160))).pictures
        assert {picture.tobytes() for picture in taken.pictures} == {
            picture.tobytes() for picture in expected
        }

    def test_what_the_files_lack_is_drawn_again(self, tmp_path: Path) -> None:
        with Stock(tmp_path, self.PLAN, squares.draw, 1) as stock:
            stock.resume(2)
            taken = stock.take(2000, np.random.default_rng(0))
        assert taken.pictures.any(axis=(1, 2)).all()
        assert len({picture.tobytes() for picture in taken.pictures}) == 80


def test_augmented_drawings_keep_picture_and_truth_together() -> None:
    drawings = draw_many(squares.draw, 0, list(range(8)))
    rng = np.random.default_rng(1)
    flipped = False
    for _ in range(6):
        found = augmented(drawings, rng)
        cells = found.pictures.reshape(
            8, SIGN_PLACES, SIGN_SIDE // SIGN_PLACES, SIGN_PLACES, SIGN_SIDE // SIGN_PLACES
        )
        for picture, truth in zip(cells.mean(axis=(2, 4)), found.maps[..., 0], strict=True):
            if truth.any():
                assert truth.ravel()[picture.argmax()] == 255
        flipped |= not np.array_equal(found.maps, drawings.maps)
    assert flipped
