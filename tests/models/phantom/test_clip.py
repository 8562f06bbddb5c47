"""A clip's lung moves under a chest wall that stays."""

from dataclasses import replace

import numpy as np
import pytest

from models.contract import SIGN_MAPS
from models.phantom.clip import ClipDrawing, Motion, draw_clip, random_motion
from models.phantom.machine import random_machine
from models.phantom.scene import Organ, Rib, Scene, random_scene
from tests.models.phantom.simple import MACHINE, SCENE, b_line, column, row

BREATH = Motion(
    frames=9,
    rate_hz=8.0,
    breath_hz=1.0,
    phase=0.0,
    slide_cm=1.0,
    curtain_cm=1.5,
    pulse_hz=1.0,
    pulse_cm=0.0,
    frozen=0,
)


def drawn(scene: Scene, motion: Motion = BREATH, speckle: float = 0.0) -> ClipDrawing:
    machine = replace(MACHINE, speckle=speckle)
    return draw_clip(scene, machine, motion, np.random.default_rng(0))


def cells(clip: ClipDrawing, name: str) -> list[np.ndarray]:
    return [frame.maps[SIGN_MAPS.index(name)] for frame in clip.frames]


def test_b_lines_move_with_the_pleura_in_picture_and_truth() -> None:
    clip = drawn(replace(SCENE, b_lines=(b_line(0.3),)))
    assert max(clip.slide_cm) == pytest.approx(1.0)
    for frame, slide_cm in zip(clip.frames, clip.slide_cm, strict=True):
        brightest = int(frame.picture[row(4.0) :].mean(axis=0).argmax())
        assert abs(brightest - column(0.3 + slide_cm)) <= 2
        mapped = frame.maps[SIGN_MAPS.index("b_lines")][5:].mean(axis=0)
        assert mapped[min(13, column(0.3 + slide_cm) // 8)] > 0.5


def test_ribs_and_chest_wall_stay() -> None:
    clip = drawn(replace(SCENE, ribs=(Rib(1.0, 0.8, 0.5, 1.0, 0.02, 0.2),)))
    first = clip.frames[0]
    for frame in clip.frames[1:]:
        change = np.abs(frame.picture[3 : row(1.0)].astype(int) - first.picture[3 : row(1.0)])
        assert change.mean() < 3
        np.testing.assert_allclose(
            frame.maps[SIGN_MAPS.index("shadow")], first.maps[SIGN_MAPS.index("shadow")]
        )


def test_speckle_of_the_lung_changes_more_than_of_the_wall() -> None:
    clip = drawn(SCENE, replace(BREATH, slide_cm=0.0), speckle=1.0)
    one, two = (frame.picture.astype(float) for frame in clip.frames[3:5])

    def same(rows: slice) -> float:
        return float(np.corrcoef(one[rows].ravel(), two[rows].ravel())[0, 1])

    # The middle of the wall and of the lung, where nothing but speckle varies much.
    assert same(slice(row(0.8), row(1.6))) > same(slice(row(4.0), row(9.0))) > 0.2


def test_the_curtain_breathes() -> None:
    clip = drawn(replace(SCENE, organ=Organ(1, 1.0, 0.0, 0.0, 0.4, 0.0, 0.0)))
    organ = [tissue[8].sum() for tissue in cells(clip, "tissue")]
    # A quarter of a breath in, its edge is 1.5 cm further out; three quarters in, further in.
    assert organ[2] < organ[0] - 1.5
    assert organ[6] > organ[0] + 1.5


def test_a_frozen_beginning_repeats_the_first_frame() -> None:
    clip = drawn(SCENE, replace(BREATH, frozen=3), speckle=0.8)
    same = [(frame.picture == clip.frames[0].picture).all() for frame in clip.frames]
    assert same == [True] * 4 + [False] * 5
    assert clip.slide_cm[:4] == (clip.slide_cm[0],) * 4


def test_the_same_seed_draws_the_same_clip() -> None:
    clips = []
    for _ in range(2):
        rng = np.random.default_rng(4)
        scene, machine = random_scene(rng), random_machine(rng)
        clips.append(draw_clip(scene, machine, random_motion(rng, 4), rng))
    for first, second in zip(*(clip.frames for clip in clips), strict=True):
        assert (first.picture == second.picture).all()


def test_random_motion_is_within_its_bounds() -> None:
    motions = [random_motion(np.random.default_rng(seed), 5) for seed in range(60)]
    assert {motion.frames for motion in motions} == {5}
    assert all(0.2 <= motion.breath_hz <= 0.6 for motion in motions)
    assert 0 < sum(motion.slide_cm == 0 for motion in motions) < 30


def test_a_clip_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0"):
        drawn(SCENE, replace(BREATH, frames=0))
