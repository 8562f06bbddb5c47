"""From a file to its answer, with models whose answer is known."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from models.contract import Square
from models.inference.screen import BATCH, batches, screen
from models.media.sampling import MediaError, Recording
from tests.media_files import image, write
from tests.models.media.odd_files import HEIGHT, WIDTH, clip, level, packed
from tests.plain_scorer import PlainScorer


class ByBrightness(PlainScorer):
    """Two models: the brighter a frame, the more the first says COVID-19; the second never does."""

    version = "by-brightness"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def scores(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        assert frames.dtype == np.uint8
        assert frames.shape[1:] == (224, 224, 3)
        self.asked.append(len(frames))
        bright = frames.mean(axis=(1, 2, 3)) / 255
        return np.array(
            [[(b, 1 - b, 0) for b in bright], [(0, 0, 1)] * len(frames)], dtype=np.float32
        )


def test_each_frame_is_answered_for_what_it_shows(tmp_path: Path) -> None:
    path = write(tmp_path, "clip", clip(frames=40, rate=10))
    models = ByBrightness()
    found = screen(path, models, Square(0, 0, HEIGHT))
    sampled = Recording.open(path).sampled()
    assert len(found.frames) == len(sampled) == 12
    for frame, number in zip(found.frames, sampled, strict=True):
        assert frame.time_s == round(number / 10, 3)
        assert frame.probabilities["covid19"] == pytest.approx(level(number) / 510, abs=0.01)
    assert found.model_version == "by-brightness"
    assert found.crop == Square(0, 0, HEIGHT)
    assert len(found.models) == 2
    assert found.models[1] == {"covid19": 0, "pneumonia": 0, "healthy": 1}
    assert (found.label, found.agreement) == ("healthy", 1)


def test_frames_go_to_the_models_a_few_at_a_time(tmp_path: Path) -> None:
    models = ByBrightness()
    screen(write(tmp_path, "clip", clip(frames=47, rate=10)), models)
    assert models.asked == [BATCH, BATCH, 2]


def test_progress_rises_from_nought_to_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = write(tmp_path, "clip", clip(frames=47, rate=10))
    screen(path, ByBrightness(), progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 14), (6, 14), (12, 14), (14, 14)]


def test_a_picture_is_one_frame_at_nought(tmp_path: Path) -> None:
    found = screen(write(tmp_path, "scan", image()), ByBrightness())
    assert [(frame.index, frame.time_s) for frame in found.frames] == [(0, 0.0)]
    assert found.probabilities == found.frames[0].probabilities


def test_the_proposed_square_is_taken_when_none_is_given(tmp_path: Path) -> None:
    found = screen(write(tmp_path, "clip", clip(frames=3)), ByBrightness())
    assert found.crop == Square((WIDTH - HEIGHT) // 2, 0, HEIGHT)


def test_only_the_square_is_looked_at(tmp_path: Path) -> None:
    picture = np.zeros((100, 200, 3), dtype=np.uint8)
    picture[20:60, 150:190] = 255
    path = write(tmp_path, "scan", packed(Image.fromarray(picture), "PNG"))
    inside = screen(path, ByBrightness(), Square(150, 20, 40))
    outside = screen(path, ByBrightness(), Square(0, 0, 100))
    assert inside.models[0]["covid19"] == pytest.approx(1)
    assert outside.models[0]["covid19"] == pytest.approx(0)


def test_a_square_outside_is_refused_before_a_model_is_asked(tmp_path: Path) -> None:
    models = ByBrightness()
    with pytest.raises(MediaError) as refusal:
        screen(write(tmp_path, "clip", clip(frames=3)), models, Square(0, 0, WIDTH))
    assert refusal.value.code == "crop_outside"
    assert models.asked == []


def test_how_much_is_in_colour_is_told_of_each_frame(tmp_path: Path) -> None:
    picture = np.full((60, 60, 3), 90, dtype=np.uint8)
    picture[:15] = (255, 0, 0)
    path = write(tmp_path, "scan", packed(Image.fromarray(picture), "PNG"))
    recording = Recording.open(path)
    for square, share in ((Square(0, 0, 60), 0.25), (Square(0, 20, 40), 0.0)):
        (step,) = batches(recording, square, ByBrightness())
        assert step.evidence.coloured == pytest.approx([share], abs=0.02)


def test_batches_and_conclude_are_the_same_answer_step_by_step(tmp_path: Path) -> None:
    path = write(tmp_path, "clip", clip(frames=30, rate=10))
    square, models = Square(1, 2, 40), ByBrightness()
    steps = list(batches(Recording.open(path), square, models))
    assert [step.evidence.softmax.shape for step in steps] == [(2, 6, 3), (2, 3, 3)]
    assert [frame.index for step in steps for frame in step.frames] == list(range(9))
    times_s = [frame.time_s for step in steps for frame in step.frames]
    found = models.conclude([step.evidence for step in steps], times_s, square)
    assert found == screen(path, models, square)
