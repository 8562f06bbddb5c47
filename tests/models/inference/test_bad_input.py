"""What the shipped artifact says of clips with something wrong in them, made from drawn lungs."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from models.contract import CLASSES, Prediction, ReasonCode, Square
from models.inference import artifact
from models.inference.answer import Method
from models.inference.evidence import Evidence
from models.inference.sign_reader import SignReader
from models.media.colour import coloured_share
from models.media.sampling import to_input
from models.phantom.clip import draw_clip, random_motion
from models.phantom.machine import ProbeKind, random_machine
from models.phantom.others import OtherKind, draw_other
from models.phantom.scene import random_scene

Clip = npt.NDArray[np.uint8]
Say = Callable[[Clip], Prediction]

COUNT, SIDE = 9, 224
SEEDS = (3, 5, 8)


@pytest.fixture(scope="module")
def say() -> Say:
    """The shipped answer, but for POCOVID-Net, which is never sure of anything."""
    manifest, weights = artifact.load(artifact.active())
    assert weights.signs is not None
    reader = SignReader(weights, manifest.preprocessing["means"])
    method = Method.of(manifest, reader.maps, reader.signs, weights.readers)

    def answer(clip: Clip) -> Prediction:
        unsure = np.full((manifest.folds, len(clip), len(CLASSES)), 1 / 3, dtype=np.float32)
        times_s = [n / 3 for n in range(len(clip))]
        frames = np.stack([to_input(frame) for frame in clip])
        coloured = np.array([coloured_share(frame) for frame in clip])
        evidence = Evidence(unsure, reader.run(frames), coloured=coloured)
        return method.conclude([evidence], times_s, Square(0, 0, SIDE))

    return answer


def lung(seed: int) -> Clip:
    rng = np.random.default_rng(seed)
    machine = random_machine(rng, ProbeKind.CONVEX)
    clip = draw_clip(random_scene(rng), machine, random_motion(rng, COUNT), rng, SIDE)
    return np.stack([np.dstack([drawing.picture] * 3) for drawing in clip.frames])


def heart(seed: int) -> Clip:
    rng = np.random.default_rng(seed)
    machine = random_machine(rng, ProbeKind.CONVEX)
    picture = draw_other(OtherKind.HEART, machine, rng, SIDE).picture
    return np.stack([np.dstack([picture] * 3)] * COUNT)


def with_flow(frame: npt.NDArray[np.uint8], seed: int) -> npt.NDArray[np.uint8]:
    """The frame with a colour Doppler box over its middle, in a third of which blood flows."""
    noise = np.random.default_rng(seed).random((SIDE, SIDE), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    box = np.zeros((SIDE, SIDE), dtype=np.bool_)
    box[80:160, 70:150] = True
    low, high = np.quantile(smooth[box], [1 / 6, 5 / 6])
    drawn = frame.copy()
    drawn[box & (smooth > high)] = (220, 40, 20)
    drawn[box & (smooth < low)] = (20, 70, 230)
    cv2.rectangle(drawn, (70, 80), (150, 160), (255, 255, 255), 1)
    return drawn


def title_card() -> npt.NDArray[np.uint8]:
    card = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    for text, y in (("Lung case 3", 90), ("Hospital", 140)):
        cv2.putText(card, text, (20, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    return card


def codes(found: Prediction) -> list[ReasonCode]:
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize("seed", SEEDS)
class TestOfAClip:
    def test_nothing_is_said_where_nothing_is_wrong(self, seed: int, say: Say) -> None:
        found = say(lung(seed))
        assert found.usable
        assert codes(found) == []

    @pytest.mark.parametrize("place", [0, 4])
    def test_a_black_frame_is_left_out(self, place: int, seed: int, say: Say) -> None:
        clip = lung(seed)
        clip[place] = 0
        found = say(clip)
        assert found.usable
        assert codes(found) == [ReasonCode.FRAMES_LEFT_OUT]
        assert [n for n, frame in enumerate(found.frames) if not frame.usable] == [place]

    def test_a_title_card_is_left_out(self, seed: int, say: Say) -> None:
        clip = lung(seed)
        clip[0] = title_card()
        found = say(clip)
        assert found.usable
        assert [n for n, frame in enumerate(found.frames) if not frame.usable] == [0]

    def test_colour_doppler_is_left_out(self, seed: int, say: Say) -> None:
        clip = lung(seed)
        clip[3:5] = [with_flow(frame, seed) for frame in clip[3:5]]
        found = say(clip)
        assert found.usable
        assert [n for n, frame in enumerate(found.frames) if not frame.usable] == [3, 4]

    def test_all_in_colour_doppler_is_not_answered_for(self, seed: int, say: Say) -> None:
        found = say(np.stack([with_flow(frame, seed) for frame in lung(seed)]))
        assert not found.usable
        assert codes(found) == [ReasonCode.COLOURED]

    def test_half_a_heart_is_left_out(self, seed: int, say: Say) -> None:
        clip = np.concatenate([lung(seed)[:5], heart(seed)[:4]])
        found = say(clip)
        assert found.usable
        assert [frame.usable for frame in found.frames] == [True] * 5 + [False] * 4

    def test_that_is_frozen_is_said_to_be(self, seed: int, say: Say) -> None:
        found = say(np.stack([lung(seed)[0]] * COUNT))
        assert found.usable
        assert codes(found) == [ReasonCode.FROZEN]
