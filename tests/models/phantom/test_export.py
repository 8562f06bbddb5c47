"""What is written to a folder can be read again, and says what is in the pictures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.contract import SIGN_MAPS, SIGNS
from models.media.sampling import Recording
from models.phantom import export
from models.phantom.draw import draw
from models.phantom.machine import random_machine
from models.phantom.scene import random_scene
from models.phantom.sheet import sheet, signs_of


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody reads."""


def test_pictures_and_truth_belong_together(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    export.write_pictures(tmp_path, 3, 5, 112, lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    written = json.loads((tmp_path / "truth.json").read_text())
    assert written["seed"] == 5
    for number, truth in enumerate(written["drawings"]):
        rng = export.generator(5, number)
        drawing = draw(random_scene(rng), random_machine(rng), rng)
        picture = cv2.imread(str(tmp_path / truth["file"]), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(picture, drawing.picture)
        assert list(truth["signs"]) == list(SIGNS)
        assert list(truth["signs"].values()) == [bool(on) for on in drawing.signs]
        np.testing.assert_allclose(
            [truth["maps"][name] for name in SIGN_MAPS], drawing.maps, atol=6e-4
        )
        assert truth["machine"]["probe"]["kind"] in {"convex", "linear", "phased"}


def test_clips_are_read_as_recordings(tmp_path: Path) -> None:
    export.write_clips(tmp_path, 2, 5, 0, 112, nothing)
    for truth in json.loads((tmp_path / "truth.json").read_text())["drawings"]:
        recording = Recording.open(tmp_path / truth["file"])
        assert recording.kind == "video"
        assert len(truth["frames"]) == 5
        assert recording.probe().width == 112


def test_others_are_written_kind_by_kind(tmp_path: Path) -> None:
    export.write_others(tmp_path, 6, 0, 64)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:2] == ["other_0000_heart.png", "other_0001_abdomen.png"]
    assert len(names) == 7


def test_a_sheet_is_captioned_and_needs_a_drawing() -> None:
    rng = np.random.default_rng(3)
    drawings = [draw(random_scene(rng), random_machine(rng), rng) for _ in range(9)]
    assert sheet(drawings).shape == (448, 1792, 3)
    assert any("lines" in signs_of(drawing) for drawing in drawings)
    with pytest.raises(ValueError, match="at least one"):
        sheet([])


def test_the_rate_is_measured() -> None:
    assert export.drawings_per_second(3) > 5
